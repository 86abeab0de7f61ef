"""What methods without a network reach on the same clips: nearest neighbour and logistic regression on joints."""

from __future__ import annotations

import warnings

import numpy as np

from sadvae.task import ClipTask
from sadvae.types import ClipSet, FloatArray, IntArray

FRAMES = 20
NEAREST, LOGISTIC = "1-nearest neighbour", "logistic regression"


def reference_scores(task: ClipTask) -> dict[str, float]:
    """Accuracies, as fractions, of both methods on the joints of each clip, as prepared, at FRAMES frames.

    1-nearest neighbour goes by Euclidean distance; logistic regression is scikit-learn's with its default penalty.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    bodies = max(len(clip.joints) for part in (task.train, task.test_seen) for clip in part.clips)
    (train, labels), (test, answers) = (joint_rows(part, bodies) for part in (task.train, task.test_seen))
    with warnings.catch_warnings():
        # Some hundred steps do on small data sets; larger ones may end short of the optimum.
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression = LogisticRegression(max_iter=1000).fit(train, labels)
    nearest = KNeighborsClassifier(1).fit(train, labels)
    return {NEAREST: float(nearest.score(test, answers)), LOGISTIC: float(regression.score(test, answers))}


def joint_rows(clips: ClipSet, bodies: int) -> tuple[FloatArray, IntArray]:
    """Clips as rows [clip, bodies * FRAMES * joint * 3] and their labels [clip]; missing bodies are zeros."""
    rows = np.zeros((len(clips.clips), bodies, FRAMES, len(clips.layout.joints), 3), dtype=np.float32)
    for row, clip in zip(rows, clips.clips, strict=True):
        row[: len(clip.joints)] = _resampled(clip.joints)
    return rows.reshape(len(rows), -1), np.array([clip.label for clip in clips.clips], dtype=np.int64)


def _resampled(joints: FloatArray) -> FloatArray:
    """FRAMES frames from the first to the last by linear interpolation, as encoders see a clip."""
    last = joints.shape[1] - 1
    at = np.linspace(0, last, FRAMES)
    low = np.floor(at).astype(np.int64)
    part = (at - low).astype(np.float32)[:, None, None]
    return joints[:, low] * (1 - part) + joints[:, np.minimum(low + 1, last)] * part
