"""Pose canonicalisation: one rigid motion and one scale that bring a clip's main body to the body frame.

In the body frame the origin is between the hips, y runs up the trunk, x from the left to the right shoulder, z to the
back, and the trunk has length 1. The trunk is measured from the hip centre where a layout has one, because sensors of
one layout disagree on the hip joints: legs are 38 % longer per trunk in MSR-Action3D than in UTD-MHAD when the trunk
is measured from between the hips, 8 % from the hip centre. The same transform is applied to every frame and every
body, so motion, turning, walking and where two people are to each other stay what they were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sadvae.skeleton.cleaning import measured
from sadvae.types import FloatArray, Layout

Array = NDArray[np.float64]

FIRST_FRAMES = 10
# A trunk or a shoulder line shorter than this share of the landmarks' size gives no direction.
SMALLEST_SHARE = 0.02
# No joint is farther from the hips than this many trunk lengths, unless it is garbage.
FARTHEST = 1000.0


class DegeneratePoseError(Exception):
    """Why a pose has no body frame, as the end of a sentence."""


@dataclass(frozen=True, eq=False)
class BodyFrame:
    """origin: float64 [3], metres. axes: float64 [3, 3], rows x, y, z. length: of the trunk, metres."""

    origin: Array
    axes: Array
    length: float

    def apply(self, joints: FloatArray) -> FloatArray:
        """Joints [..., 3] in this frame, float32; lost joints stay (0, 0, 0)."""
        moved = ((joints.astype(np.float64) - self.origin) @ self.axes.T) / self.length
        moved *= joints.any(axis=-1, keepdims=True)
        if np.abs(moved).max() > FARTHEST:
            raise DegeneratePoseError(f"a joint is more than {FARTHEST:.0f} trunk lengths from the hips")
        return moved.astype(np.float32)


def hip_centre(layout: Layout) -> int | None:
    """The joint that bones join to both hips, if there is one beside the spine landmark."""
    left, right = ({b if a == hip else a for a, b in layout.bones if hip in (a, b)} for hip in layout.hips)
    return min((left & right) - {layout.spine}, default=None)


def landmarks(layout: Layout) -> list[int]:
    """The joints that orient a body: left and right hip, spine, left and right shoulder, and a hip centre if any."""
    centre = hip_centre(layout)
    return [*layout.hips, layout.spine, *layout.shoulders, *(() if centre is None else (centre,))]


def canonicalise(joints: FloatArray, layout: Layout) -> FloatArray:
    """A clip's joints [person, frame, joint, 3] in the body frame of its first person. DegeneratePoseError if none."""
    return body_frame(joints, layout).apply(joints)


def body_frame(joints: FloatArray, layout: Layout) -> BodyFrame:
    """The body frame of the first person: of the geometric median of its landmarks over the first frames.

    The median ignores a few bad frames, and turns, moves and grows with the body. Raises DegeneratePoseError.
    """
    used = landmarks(layout)
    whole = measured(joints[:1])[0][:, used].all(axis=1)
    if not whole.any():
        raise DegeneratePoseError("no frame has the hips, the spine and both shoulders")
    first = joints[0, np.flatnonzero(whole)[:FIRST_FRAMES]][:, used].astype(np.float64)
    pose = geometric_median(first)
    size = float(np.linalg.norm(pose - pose.mean(axis=0)) / np.sqrt(len(pose)))
    left_hip, right_hip, spine, left_shoulder, right_shoulder, *centre = pose
    origin = (left_hip + right_hip) / 2
    up = _unit(spine - origin, size, "its hips and spine are at one place")
    across = right_shoulder - left_shoulder
    right = _unit(across - (across @ up) * up, size, "its shoulders lie along its trunk")
    length = _length(spine - (centre[0] if centre else origin), size, "its trunk has no length")
    return BodyFrame(origin, np.stack([right, up, np.cross(right, up)]), length)


def _unit(vector: Array, size: float, fault: str) -> Array:
    return vector / _length(vector, size, fault)


def _length(vector: Array, size: float, fault: str) -> float:
    length = float(np.linalg.norm(vector))
    if not length > SMALLEST_SHARE * size:
        raise DegeneratePoseError(fault)
    return length


def geometric_median(points: Array, steps: int = 20) -> Array:
    """The pose [joint, 3] with the least summed distance to poses [n, joint, 3], by Weiszfeld's iteration.

    Distances are floored at a hundredth of their mean at the start, so that a pose on the median weighs finitely.
    """
    flat = points.reshape(len(points), -1)
    median = points.mean(axis=0)
    floor = 0.01 * _distances(points, median).mean()
    for _ in range(steps if floor > 0 else 0):
        weight = 1 / np.maximum(_distances(points, median), floor)
        median = np.dot((weight / weight.sum())[None], flat).reshape(median.shape)
    return median


def _distances(points: Array, centre: Array) -> Array:
    return np.sqrt(((points - centre) ** 2).sum(axis=(1, 2)))
