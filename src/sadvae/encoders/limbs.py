"""Which joints of a layout are its limbs, read from its bones and landmarks, so that any layout will do."""

from __future__ import annotations

from dataclasses import dataclass

from sadvae.encoders.graph import hops_from
from sadvae.types import Layout

HEAD_WORDS = ("head", "nose")


@dataclass(frozen=True)
class Limb:
    """Joints from the trunk outward: shoulder, elbow, wrist, or hip, knee, ankle.

    Where a layout has fewer, the last one that it has stands for what is missing.
    """

    root: int
    middle: int
    end: int


@dataclass(frozen=True)
class Limbs:
    """Arms and legs of both sides, and the joint of the head (None where a layout names none)."""

    left_arm: Limb
    right_arm: Limb
    left_leg: Limb
    right_leg: Limb
    head: int | None


def limbs_of(layout: Layout) -> Limbs:
    """The limbs of a layout: from each landmark shoulder and hip two bones outward from the spine."""
    hops = hops_from(layout, layout.spine)
    (left_shoulder, right_shoulder), (left_hip, right_hip) = layout.shoulders, layout.hips
    landmarks = {*layout.shoulders, *layout.hips}
    arms = [_limb(layout, hops, root, landmarks) for root in (left_shoulder, right_shoulder)]
    legs = [_limb(layout, hops, root, landmarks) for root in (left_hip, right_hip)]
    head = next((i for i, name in enumerate(layout.joints) if any(word in name.lower() for word in HEAD_WORDS)), None)
    return Limbs(arms[0], arms[1], legs[0], legs[1], head)


def _limb(layout: Layout, hops: list[int], root: int, landmarks: set[int]) -> Limb:
    middle = _outward(layout, hops, root, landmarks)
    return Limb(root, middle, _outward(layout, hops, middle, landmarks))


def _outward(layout: Layout, hops: list[int], joint: int, landmarks: set[int]) -> int:
    """The neighbour away from the spine from which the longest way leads on; the joint itself where none does."""
    outer = [other for other in _outer(layout, hops, joint) if other not in landmarks]
    return max(outer, key=lambda other: (_length(layout, hops, other), -other), default=joint)


def _length(layout: Layout, hops: list[int], joint: int) -> int:
    """Bones of the longest way from a joint away from the spine."""
    return max((1 + _length(layout, hops, other) for other in _outer(layout, hops, joint)), default=0)


def _outer(layout: Layout, hops: list[int], joint: int) -> list[int]:
    """The neighbours of a joint that are farther from the spine."""
    found = [b if a == joint else a for a, b in layout.bones if joint in (a, b)]
    return [other for other in found if hops[other] > hops[joint]]
