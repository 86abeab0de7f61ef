"""Does it disentangle? How well the class, and how well the person, can be read from z_r, from z_v, from features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sadvae.methods.protocol import Trained
from sadvae.record import ProbeResult
from sadvae.task import ZeroShotTask
from sadvae.types import FloatArray

FOLDS = 5
# Probes of large test sets read this many clips, drawn once.
MOST_CLIPS = 3000
# A probability never counts as less than this, so that one clip costs at most 10 bits.
_LEAST = 2.0**-10

Names = NDArray[np.int64]


@dataclass(frozen=True)
class Probe:
    """What a cross-validated probe found; fractions, and bits of information (see ProbeResult)."""

    accuracy: float
    chance: float
    bits: float
    count: int


def probe_task(trained: Trained, task: ZeroShotTask) -> list[ProbeResult]:
    """Probes of class and of subject on all test clips, seen and unseen, from z_r, z_v and the features.

    The class is tested on people that the probe did not train on, the person on actions that it did not train on;
    clip by clip where subjects are unknown. A method without latents is probed on the features alone, a task without
    subjects for the class alone.
    """
    parts = task.test_seen, task.test_unseen
    features = np.concatenate([part.features for part in parts])
    classes = np.concatenate([part.labels for part in parts])
    subjects = _subjects(task)
    kept = np.sort(np.random.default_rng(0).permutation(len(classes))[:MOST_CLIPS])
    targets = {"class": (classes, subjects, "subject")}
    if subjects is not None:
        targets["subject"] = (subjects, classes, "class")
    found = []
    for what, (labels, groups, folds) in targets.items():
        apart = np.arange(len(kept)) if groups is None else groups[kept]
        for name, rows in _spaces(trained, features).items():
            probe = cross_validated_probe(rows[kept], labels[kept], apart)
            if probe is not None:
                how = "clip" if groups is None else folds
                found.append(ProbeResult(what=what, read_from=name, folds=how, **vars(probe)))
    return found


def _subjects(task: ZeroShotTask) -> Names | None:
    seen, unseen = task.test_seen.subjects, task.test_unseen.subjects
    if seen is None or unseen is None:
        return None
    return np.unique([*seen, *unseen], return_inverse=True)[1].astype(np.int64)


def _spaces(trained: Trained, features: FloatArray) -> dict[str, FloatArray]:
    latents = trained.latents(features)
    if latents is None:
        return {"features": features}
    return {"z_r": latents.semantic, "z_v": latents.style, "features": features}


def cross_validated_probe(rows: FloatArray, labels: Names, groups: Names, folds: int = FOLDS) -> Probe | None:
    """A logistic regression, tested on groups that it did not train on.

    rows: float [n, d]. labels: int [n], what is read. groups: int [n]; clips of one group fall in one fold. Clips whose
    label the training part of their fold lacks cannot be right and are left out. Every label weighs the same: accuracy
    is the mean over labels, chance one over their number. bits = log2(labels) minus the mean cross entropy in bits, at
    least 0: a lower bound of the mutual information of rows and labels (Barber and Agakov 2003). None where fewer than
    two labels or groups are left, or no row differs from another.
    """
    from sklearn.model_selection import GroupKFold

    count = min(folds, len(np.unique(groups)))
    if count < 2 or not np.ptp(rows, axis=0).any():
        return None
    right, cost, tested = np.zeros(len(labels), bool), np.zeros(len(labels)), np.zeros(len(labels), bool)
    for train, test in GroupKFold(count).split(rows, groups=groups):
        test = test[np.isin(labels[test], labels[train])]
        if len(test) and len(np.unique(labels[train])) > 1:
            right[test], cost[test] = _fit_and_test(rows, labels, train, test)
            tested[test] = True
    return _summary(right[tested], cost[tested], labels[tested])


def _fit_and_test(
    rows: FloatArray, labels: Names, train: NDArray[np.int64], test: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Whether each test row is named rightly, and the cost of its label in bits."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = rows[train].mean(axis=0), rows[train].std(axis=0)
    # Dividing by the root of the width keeps the penalty alike for few and for many dimensions.
    standard = (rows.astype(np.float64) - mean) / np.where(spread > 0, spread, 1) / np.sqrt(rows.shape[1])
    model = LogisticRegression(C=3.0, class_weight="balanced", max_iter=5000).fit(standard[train], labels[train])
    probabilities = model.predict_proba(standard[test])
    place = np.searchsorted(model.classes_, labels[test])
    chosen = probabilities[np.arange(len(test)), place]
    return model.classes_[probabilities.argmax(axis=1)] == labels[test], -np.log2(np.maximum(chosen, _LEAST))


def _summary(right: NDArray[np.bool_], cost: NDArray[np.float64], labels: Names) -> Probe | None:
    found = np.unique(labels)
    if len(found) < 2:
        return None
    accuracy = float(np.mean([right[labels == label].mean() for label in found]))
    entropy = float(np.mean([cost[labels == label].mean() for label in found]))
    return Probe(accuracy, 1 / len(found), max(0.0, float(np.log2(len(found))) - entropy), len(labels))
