"""From what a pose estimator gives for each frame to the joints of a clip: axes, place in the room, gaps in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from sadvae.types import FloatArray

Array = NDArray[np.float64]
# Metres from the camera at which a body is put. It keeps joints from (0, 0, 0), which means lost; it changes no pose.
DISTANCE = 3.0


@dataclass(frozen=True, eq=False)
class Landmarks:
    """One person of one picture. world: float64 [33, 3] metres from between the hips, x to the right of the picture, y
    down, z away from the camera. image: float64 [33, 2] pixels from the middle of the picture, x to the right, y down.
    """

    world: Array
    image: Array


@dataclass(frozen=True)
class Gap:
    """Frames in a row without a person: `first` to `last`, counted from 0."""

    first: int
    last: int

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.last - self.first + 1


def clip_joints(found: Sequence[Landmarks | None]) -> FloatArray:
    """The joints of frames: float32 [frame, 33, 3] metres, x to the picture's left, y up, z away from the camera.

    Estimated poses always have their hips at the origin. Here a body moves to the sides and up and down as its hips do
    in the picture; how near it is to the camera is not known, so it stays at DISTANCE. Frames without a person are
    (0, 0, 0).
    """
    joints = np.zeros((len(found), 33, 3), np.float32)
    persons = [(frame, marks) for frame, marks in enumerate(found) if marks is not None]
    if not persons:
        return joints
    world = np.stack([marks.world for _, marks in persons])
    image = np.stack([marks.image for _, marks in persons])
    world[..., :2] += hip_places(world, image)[:, None]
    joints[[frame for frame, _ in persons]] = world * [-1, -1, 1] + [0, 0, DISTANCE]
    return joints


def hip_places(world: Array, image: Array) -> Array:
    """Where the middle of all landmarks of each frame is in the picture's plane: [frame, 2] metres.

    world: [frame, 33, 3]. image: [frame, 33, 2] pixels. A picture shows bodies at one scale if they are far from the
    camera against their own depth; its pixels a metre are the slope of the least-squares line through a frame's
    landmarks, and the median over frames is taken, since single slopes waver.
    """
    flat = world[..., :2] - world[..., :2].mean(axis=1, keepdims=True)
    seen = image - image.mean(axis=1, keepdims=True)
    slopes = (flat * seen).sum(axis=(1, 2)) / np.maximum((flat * flat).sum(axis=(1, 2)), 1e-9)
    scale = float(np.median(slopes))
    # A body of which nothing but noise was found has no scale; it stays at the origin.
    if not scale > 1e-6:
        return np.zeros((len(world), 2))
    return image.mean(axis=1) / scale - world[..., :2].mean(axis=1)


def gaps_of(found: Sequence[object | None]) -> list[Gap]:
    """The stretches of frames without a person, in order."""
    gaps = []
    for missing, frames in groupby(enumerate(found), key=lambda frame: frame[1] is None):
        numbers = [number for number, _ in frames]
        if missing:
            gaps.append(Gap(numbers[0], numbers[-1]))
    return gaps


def fill_gaps(joints: FloatArray, gaps: Sequence[Gap], longest: int) -> tuple[FloatArray, list[Gap]]:
    """Joints [frame, joint, 3] with gaps of at most `longest` frames filled, and the gaps that stay empty.

    Every joint goes straight and at one speed from where it was before the gap to where it is after it. A gap at the
    start or the end of a clip has one side only and stays empty.
    """
    filled, left = joints.copy(), []
    for gap in gaps:
        before, after = gap.first - 1, gap.last + 1
        if gap.frames > longest or before < 0 or after >= len(joints):
            left.append(gap)
            continue
        share = (np.arange(1, gap.frames + 1, dtype=np.float32) / (gap.frames + 1))[:, None, None]
        filled[gap.first : after] = joints[before] * (1 - share) + joints[after] * share
    return filled, left
