"""Cleaning of one clip: which bodies and frames count, and where lost joints were. Lost means exactly (0, 0, 0)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sadvae.types import FloatArray, Layout

Mask = NDArray[np.bool_]


def measured(joints: FloatArray) -> Mask:
    """Which joints were measured: bool [person, frame, joint] for joints [person, frame, joint, 3]."""
    return np.any(joints, axis=3)


def drop_empty_frames(joints: FloatArray) -> FloatArray:
    """The frames in which any joint of any body was measured (possibly none of them)."""
    return joints[:, measured(joints).any(axis=(0, 2))]


def keep_bodies(joints: FloatArray, most: int, order: str = "motion") -> FloatArray:
    """The bodies that were seen, at most `most` of them, in order of motion or of energy, the most first."""
    motion = body_energy(joints) if order == "energy" else body_motion(joints)
    seen = np.any(joints, axis=(1, 2, 3))
    kept = [person for person in np.argsort(-motion, kind="stable").tolist() if seen[person]][:most]
    return joints if kept == list(range(len(joints))) else joints[kept]


def body_motion(joints: FloatArray) -> NDArray[np.float64]:
    """The motion of each body: float64 [person], square metres.

    It is the variance of every coordinate over the frames in which its joint was measured, summed.
    """
    known = measured(joints)[..., None]
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = joints.sum(axis=1, keepdims=True, dtype=np.float64) / count
    spread = np.where(known, joints - mean, 0.0)
    return ((spread**2).sum(axis=1) / count[:, 0]).sum(axis=(1, 2))


def body_energy(joints: FloatArray) -> NDArray[np.float64]:
    """The energy of each body: float64 [person], metres.

    It is the deviation of x, of y and of z over all joints and frames in which the body was seen, summed (2s-AGCN).
    """
    seen = np.any(joints, axis=(2, 3))
    return np.array(
        [body[known].std(axis=(0, 1), dtype=np.float64).sum() if known.any() else 0.0
         for body, known in zip(joints, seen, strict=True)]
    )  # fmt: skip


def fill_lost_joints(joints: FloatArray, layout: Layout) -> FloatArray:
    """Joints without gaps: lost ones are interpolated in time between the frames that have them.

    Before the first and after the last measurement a joint stays where it was. A joint of a body that was never
    measured takes the place of its nearest joint along the bones that was. Measured joints stay exactly as they are.
    """
    known = measured(joints)
    if known.all():
        return joints
    filled = np.where(known[..., None], joints, _in_between(joints, known))
    return _neighbours_for_missing(filled, np.any(known, axis=1), layout)


def _in_between(joints: FloatArray, known: Mask) -> FloatArray:
    frames = joints.shape[1]
    time = np.arange(frames)[None, :, None]
    before = np.maximum.accumulate(np.where(known, time, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, time, frames)[:, ::-1], axis=1)[:, ::-1]
    first = np.where(before < 0, after, before)
    last = np.where(after == frames, before, after)
    # A joint that was never measured has neither; any frame of it is (0, 0, 0).
    first, last = (np.clip(index, 0, frames - 1) for index in (first, last))
    share = ((time - first) / np.maximum(last - first, 1))[..., None].astype(np.float32)
    start, end = (np.take_along_axis(joints, index[..., None], axis=1) for index in (first, last))
    return np.where((first == last)[..., None], start, start * (1 - share) + end * share)


def _neighbours_for_missing(joints: FloatArray, ever: Mask, layout: Layout) -> FloatArray:
    """Joints with those that were never measured (ever [person, joint] is false) put where their neighbour is."""
    missing = np.argwhere(~ever & np.any(ever, axis=1, keepdims=True)).tolist()
    if not missing:
        return joints
    distance = bone_distances(layout)
    joints = joints.copy()
    for person, joint in missing:
        nearest = int(np.where(ever[person], distance[joint], np.inf).argmin())
        joints[person, :, joint] = joints[person, :, nearest]
    return joints


def bone_distances(layout: Layout) -> NDArray[np.float64]:
    """Bones between any two joints on the shortest path: float64 [joint, joint], more than all joints where none is."""
    count = len(layout.joints)
    distance = np.full((count, count), count + 1.0)
    np.fill_diagonal(distance, 0)
    for one, other in layout.bones:
        distance[one, other] = distance[other, one] = 1
    for middle in range(count):
        distance = np.minimum(distance, distance[:, [middle]] + distance[[middle]])
    return distance
