"""A raw clip as whole numbers that the page can draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sadvae.report.motion import SCALE, evenly, viewer_axes
from sadvae.serving.messages import Motion
from sadvae.types import SkeletonClip

# More frames than this are thinned out evenly: the page stays quick, and the answers are about all frames anyway.
FRAMES = 1800
LOST = -32768
_TINY = 1e-6


def drawn(clip: SkeletonClip) -> Motion:
    """A clip turned to the viewer, centred, and scaled to fit; all its people in one space."""
    people, total, joints, _ = clip.joints.shape
    shown = evenly(total, FRAMES)
    kept = clip.joints[:, shown]
    lost = ~np.any(kept, axis=3)
    whole = clip.joints[0][np.any(clip.joints[0], axis=2).all(axis=1)]
    axes = viewer_axes(whole if len(whole) else clip.joints[0], clip.layout)
    numbers = np.round(_centred(kept @ axes.T, lost) * SCALE).astype(int)
    numbers[lost] = LOST
    rows = numbers.transpose(1, 0, 2, 3).reshape(len(shown), -1)
    return Motion(
        scale=SCALE,
        people=people,
        joints=joints,
        total=total,
        shown=shown.tolist(),
        bones=list(clip.layout.bones),
        frames=rows.tolist(),
    )


def _centred(joints: NDArray[np.float64], lost: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Joints [person, frame, joint, 3] around the middle of those that are not lost, nearly all within -1 and 1."""
    there = joints[~lost]
    if not len(there):
        return np.zeros(joints.shape)
    low, high = np.percentile(there, 1, axis=0), np.percentile(there, 99, axis=0)
    middle = (low + high) / 2
    size = max(float(np.percentile(np.abs(there - middle), 99.5)), _TINY)
    return np.clip((joints - middle) / size, -2, 2)
