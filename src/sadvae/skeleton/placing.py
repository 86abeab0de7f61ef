"""Where the origin of a clip is and how it is turned, as published recipes have it. Lost joints stay (0, 0, 0).

Joints are float32 [person, frame, joint, 3]; the first person is the main one. A layout needs a hip centre.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sadvae.skeleton.canonical import DegeneratePoseError, hip_centre
from sadvae.skeleton.cleaning import measured
from sadvae.types import FloatArray, Layout

Array = NDArray[np.float64]


def trunk(layout: Layout) -> tuple[int, int]:
    """The joint between the hips, and the next one along the trunk (joints 1 and 2 of a Kinect v2).

    Raises DegeneratePoseError for a layout without such joints.
    """
    base = hip_centre(layout)
    beside = () if base is None else ({b if a == base else a for a, b in layout.bones if base in (a, b)})
    above = sorted(set(beside) - set(layout.hips))
    if base is None or not above:
        raise DegeneratePoseError(f"layout {layout.name!r} has no joint between the hips, which this recipe turns by")
    return base, layout.spine if layout.spine in above else above[0]


def centre_on_first_frame(joints: FloatArray, layout: Layout) -> FloatArray:
    """The clip moved so that the main person's lower spine in its first frame is the origin (CTR-GCN, pyskl)."""
    first = int(measured(joints[:1])[0].any(axis=1).argmax())
    return _moved(joints, joints[0, first, trunk(layout)[1]])


def centre_on_each_frame(joints: FloatArray, layout: Layout) -> FloatArray:
    """Every frame moved so that the main person's lower spine in it is the origin (2s-AGCN)."""
    return _moved(joints, joints[0, :, trunk(layout)[1]][None, :, None])


def _moved(joints: FloatArray, origin: np.ndarray) -> FloatArray:
    return (joints - origin) * measured(joints)[..., None]


def turn_upright(joints: FloatArray, layout: Layout) -> FloatArray:
    """The clip turned by the main person's first frame: lower spine onto z, then the shoulders onto x (2s-AGCN).

    The shoulders point from left to right. What has no direction there is not turned.
    """
    base, middle = trunk(layout)
    left, right = layout.shoulders
    spine = joints[0, 0, middle].astype(np.float64) - joints[0, 0, base]
    first = rotation_between(spine, np.array([0.0, 0.0, 1.0]))
    across = first @ (joints[0, 0, right].astype(np.float64) - joints[0, 0, left])
    second = rotation_between(across, np.array([1.0, 0.0, 0.0]))
    return (joints.astype(np.float64) @ (second @ first).T).astype(np.float32)


def rotation_between(start: Array, end: Array) -> Array:
    """The smallest rotation [3, 3] that turns the direction of `start` to that of `end` (Rodrigues' formula).

    The identity where a direction is missing or the two are parallel or opposite.
    """
    axis = np.cross(start, end)
    length, size = np.linalg.norm(axis), np.linalg.norm(start) * np.linalg.norm(end)
    if not length > 1e-9 * size:
        return np.eye(3)
    x, y, z = axis / length
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    cosine = float(start @ end / size)
    return np.eye(3) + length / size * cross + (1 - cosine) * cross @ cross
