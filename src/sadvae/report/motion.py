"""Turn bodies to face the viewer, and pack their motion into small whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sadvae.report.scene import SceneClip
from sadvae.types import FloatArray, Layout

FRAMES = 48
# Packed coordinates run from -SCALE to SCALE.
SCALE = 500
_TINY = 1e-6


def facing_viewer(joints: FloatArray, layout: Layout) -> FloatArray:
    """Joints [frame, joint, 3] in the viewer's axes: x to the right, y up, z towards the viewer."""
    return (joints @ viewer_axes(joints, layout).T).astype(np.float32)


def viewer_axes(joints: FloatArray, layout: Layout) -> NDArray[np.float64]:
    """The viewer's axes for a body, joints [frame, joint, 3]: unit vectors to the right, up and towards the viewer.

    Up is the coordinate axis that the trunk follows most; about it the body is turned so that it faces the viewer on
    average, and its left side is on the right.
    """
    trunk = (joints[:, layout.spine] - joints[:, list(layout.hips)].mean(axis=1)).mean(axis=0)
    axis = int(np.abs(trunk).argmax())
    up = np.zeros(3)
    up[axis] = -1.0 if trunk[axis] < 0 else 1.0
    right = _across(joints, layout, up)
    return np.stack([right, up, np.cross(right, up)])


def _across(joints: FloatArray, layout: Layout, up: NDArray[np.float64]) -> NDArray[np.float64]:
    """The unit vector, level with the ground, from the body's right side to its left."""
    sides = [joints[:, left] - joints[:, right] for left, right in (layout.hips, layout.shoulders)]
    level = np.mean(sides, axis=(0, 1)).astype(np.float64)
    level -= up * (level @ up)
    if np.linalg.norm(level) < _TINY:
        level = np.roll(up, 1)
    return level / np.linalg.norm(level)


def evenly(count: int, wanted: int) -> NDArray[np.int64]:
    """At most `wanted` indices of `count` things, evenly spaced, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(np.int64))


def centred(joints: FloatArray) -> NDArray[np.float64]:
    """Joints [frame, joint, 3] around their middle, scaled so that nearly all coordinates lie in [-1, 1]."""
    middle = (np.percentile(joints, 1, axis=(0, 1)) + np.percentile(joints, 99, axis=(0, 1))) / 2
    moved = joints.astype(np.float64) - middle
    return np.clip(moved / max(float(np.percentile(np.abs(moved), 99.5)), _TINY), -2, 2)


def packed(clip: SceneClip, frames: int = FRAMES) -> dict[str, Any]:
    """A clip for the page: "frames", each x, y, z of all joints in a row as whole numbers, and "bones"."""
    kept = clip.joints[evenly(len(clip.joints), frames)]
    numbers = np.round(centred(kept) * SCALE).astype(int)
    return {"frames": numbers.reshape(len(numbers), -1).tolist(), "bones": [list(bone) for bone in clip.bones]}
