"""A body of 25 joints: its lengths, and where its joints are when the controls are given."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sadvae.skeleton.generated.controls import LEFT, RIGHT, Controls
from sadvae.skeleton.generated.rotation import Array, about, across, bend, rotate, unit
from sadvae.skeleton.generated.subjects import Subject

JOINTS = 25
# Joint indices of Kinect v2. Arms: shoulder, elbow, wrist, hand, tip, thumb. Legs: hip, knee, ankle, foot.
TRUNK = (0, 1, 20, 2, 3)
ARMS = ((4, 5, 6, 7, 21, 22), (8, 9, 10, 11, 23, 24))
LEGS = ((12, 13, 14, 15), (16, 17, 18, 19))
# Parent and child of every rigid bone of the generated body.
BONES = (
    *pairwise(TRUNK),
    *((parent, child) for arm in ARMS for parent, child in zip((20, *arm[:4], arm[2]), arm, strict=True)),
    *((parent, child) for leg in LEGS for parent, child in zip((0, *leg[:3]), leg, strict=True)),
)
_SIGNS = ((LEFT, -1.0), (RIGHT, 1.0))


@dataclass(frozen=True)
class Lengths:
    """Bone lengths of one subject in metres; spine: base to middle, to shoulders, to neck, to head."""

    spine: tuple[float, float, float, float]
    shoulder: float
    arm: tuple[float, float]
    hand: float
    hip: float
    leg: tuple[float, float]
    foot: float
    ankle: float

    @property
    def leg_length(self) -> float:
        """Hip to ankle, stretched."""
        return sum(self.leg)


def lengths_of(subject: Subject) -> Lengths:
    """The bone lengths of a subject: those of an adult of 1.78 m as a Kinect v2 places the joints, scaled."""
    scale = subject.height / 1.78
    arm, leg, trunk, shoulders, hips = (scale * ratio for ratio in subject.ratios)
    return Lengths(
        spine=(0.3 * trunk, 0.22 * trunk, 0.08 * trunk, 0.15 * scale),
        shoulder=0.17 * shoulders,
        arm=(0.28 * arm, 0.25 * arm),
        hand=0.08 * scale,
        hip=0.085 * hips,
        leg=(0.42 * leg, 0.4 * leg),
        foot=0.13 * scale,
        ankle=0.08 * scale,
    )


def pose(subject: Subject, controls: Controls) -> Array:
    """The joints of a subject's body: [frame, 25, 3] metres, x to its right, y up from the floor, z to its back."""
    lengths = lengths_of(subject)
    joints = np.zeros((len(controls.heading), JOINTS, 3))
    heading = about(1, controls.heading)
    chest = heading @ about(1, controls.twist) @ about(2, -controls.roll) @ about(0, -controls.pitch)
    pelvis = heading @ about(2, -0.3 * controls.roll) @ about(0, -0.5 * controls.pitch)
    _place_trunk(joints, lengths, controls, heading, pelvis, chest)
    for side, sign in _SIGNS:
        _place_arm(joints, lengths, subject, controls.hands[:, side], chest, ARMS[side], sign)
        _place_leg(joints, lengths, subject, controls.feet[:, side], heading, pelvis, LEGS[side], sign)
    return joints


def _place_trunk(
    joints: Array, lengths: Lengths, controls: Controls, heading: Array, pelvis: Array, chest: Array
) -> None:
    stretched = lengths.ankle + 0.5 * lengths.hip + 0.985 * lengths.leg_length
    shift = lengths.leg_length * controls.pelvis * [1, 1, -1]
    joints[:, 0] = rotate(heading, shift) + np.array([0, stretched, 0])
    head = chest @ about(0, 0.35 * controls.pitch)
    frames = (pelvis, chest, chest, head)
    for frame, (parent, child), length in zip(frames, pairwise(TRUNK), lengths.spine, strict=True):
        joints[:, child] = joints[:, parent] + rotate(frame, np.array([0.0, length, 0.0]))


def _place_arm(
    joints: Array, lengths: Lengths, subject: Subject, path: Array, chest: Array, arm: tuple[int, ...], sign: float
) -> None:
    shoulder, elbow, wrist, hand, tip, thumb = arm
    outward = np.array([sign, 1.0, -1.0])
    socket = np.array([0.985, -0.173, 0.0]) * lengths.shoulder
    joints[:, shoulder] = joints[:, 20] + rotate(chest, socket * outward)
    target = joints[:, shoulder] + rotate(chest, sum(lengths.arm) * path * outward)
    towards = rotate(chest, (np.array([0.6, -0.75, -0.25]) + subject.elbow) * outward)
    joints[:, elbow], joints[:, wrist] = bend(joints[:, shoulder], target, lengths.arm, towards)
    along = unit(joints[:, wrist] - joints[:, elbow])
    joints[:, hand] = joints[:, wrist] + lengths.hand * along
    joints[:, tip] = joints[:, hand] + lengths.hand * along
    inward = across(rotate(chest, np.array([-0.6, 0.3, 1.0]) * outward), along)
    joints[:, thumb] = joints[:, wrist] + lengths.hand * (0.8 * along + 0.6 * inward)


def _place_leg(
    joints: Array,
    lengths: Lengths,
    subject: Subject,
    path: Array,
    heading: Array,
    pelvis: Array,
    leg: tuple[int, ...],
    sign: float,
) -> None:
    hip, knee, ankle, foot = leg
    outward = np.array([sign, 1.0, -1.0])
    joints[:, hip] = joints[:, 0] + rotate(pelvis, np.array([1.0, -0.5, 0.0]) * lengths.hip * outward)
    stand = np.array([lengths.hip + subject.stance * lengths.leg_length, lengths.ankle, 0.0])
    target = rotate(heading, (stand + lengths.leg_length * path) * outward)
    front = rotate(heading, np.array([0.2, 0.0, 1.0]) * outward)
    joints[:, knee], joints[:, ankle] = bend(joints[:, hip], target, lengths.leg, front)
    # A foot on the floor lies flat; a lifted one hangs at a right angle to the shin.
    lifted = np.clip(4 * path[:, 1:2], 0, 1)
    shin = unit(joints[:, ankle] - joints[:, knee])
    flat = front + np.array([0, -0.25, 0])
    joints[:, foot] = joints[:, ankle] + lengths.foot * unit(
        (1 - lifted) * flat + lifted * (across(front, shin) + 0.4 * shin)
    )
