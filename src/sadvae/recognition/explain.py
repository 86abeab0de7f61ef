"""Which joints and which moments of a clip an answer rests on: each is taken away in turn, and the answer asked again.

Occlusion (Zeiler and Fergus, ECCV 2014). Joints are taken away by putting them, motionless, where the training clips
have them on average, and a moment by moving straight from its begin to its end; so that the body stays a body.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sadvae.recognition.answers import Effect
from sadvae.types import ClipSet, FloatArray, Layout, SkeletonClip

MOMENTS = 8
# Probabilities of the answer in question: clips to float [n].
Ask = Callable[[ClipSet], NDArray[np.floating]]


@dataclass(frozen=True)
class Effects:
    """The probability of the whole clip's answer, and the effects of parts, joints and moments (see Explanation)."""

    whole: float
    parts: tuple[Effect, ...]
    joints: tuple[Effect, ...]
    moments: tuple[Effect, ...]


def effects(clip: SkeletonClip, steps: Sequence[str], posture: FloatArray | None, ask: Ask) -> Effects:
    """The effects of taking away each body part, joint and moment of a prepared clip.

    steps: the preparation that the clip had. posture: where joints are on average, float32 [joint, 3] (None: the mean
    of this clip). ask: gives the probabilities of one answer for some clips.
    """
    still = clip.joints.mean(axis=1, keepdims=True) if posture is None else posture[None, None]
    parts = body_parts(clip.layout)
    stretches = moments(clip.joints.shape[1])
    changed = [clip.joints, *(joints_still(clip.joints, members, still) for members in parts.values())]
    changed += [joints_still(clip.joints, [joint], still) for joint in range(len(clip.layout.joints))]
    changed += [moment_straight(clip.joints, first, last) for first, last in stretches.values()]
    variants = tuple(replace(clip, joints=joints, clip_id=str(i)) for i, joints in enumerate(changed))
    found = ask(ClipSet("explained", clip.layout, variants, (), tuple(steps)))
    whole, rest = float(found[0]), found[1:]
    made = [
        Effect(name, float(p), 1 - float(p) / max(whole, 1e-12))
        for name, p in zip((*parts, *clip.layout.joints, *stretches), rest, strict=True)
    ]
    ends = len(parts), len(parts) + len(clip.layout.joints)
    return Effects(whole, _ranked(made[: ends[0]]), _ranked(made[ends[0] : ends[1]]), tuple(made[ends[1] :]))


def _ranked(found: list[Effect]) -> tuple[Effect, ...]:
    return tuple(sorted(found, key=lambda effect: -effect.share))


def body_parts(layout: Layout) -> dict[str, list[int]]:
    """Arms from the shoulders outward, legs from the hips outward, and the rest: joint indices by name."""
    roots = {"left arm": layout.shoulders[0], "right arm": layout.shoulders[1]}
    roots |= {"left leg": layout.hips[0], "right leg": layout.hips[1]}
    limbs = {name: _outward(layout, root, set(roots.values())) for name, root in roots.items()}
    taken = {joint for members in limbs.values() for joint in members}
    rest = [joint for joint in range(len(layout.joints)) if joint not in taken]
    return limbs | ({"trunk and head": rest} if rest else {})


def _outward(layout: Layout, root: int, roots: set[int]) -> list[int]:
    """The joints that are cut off from the spine when the root is taken away, and the root itself."""
    kept, reached = {root, *roots}, {layout.spine}
    grown = True
    while grown:
        new = {
            end
            for a, b in layout.bones
            for start, end in ((a, b), (b, a))
            if start in reached and end not in reached and end not in kept
        }
        reached |= new
        grown = bool(new)
    found, edge = {root}, {root}
    while edge:
        near = {b for a, b in layout.bones if a in edge} | {a for a, b in layout.bones if b in edge}
        edge = near - found - reached - roots
        found |= edge
    return sorted(found)


def moments(frames: int) -> dict[str, tuple[int, int]]:
    """Up to MOMENTS equal stretches of a clip: (first, last + 1) frame by a name such as "25-38 %"."""
    count = max(1, min(MOMENTS, frames // 2))
    edges = np.linspace(0, frames, count + 1).round().astype(int)
    shares = np.linspace(0, 100, count + 1).round().astype(int)
    return {f"{shares[i]}-{shares[i + 1]} %": (int(edges[i]), int(edges[i + 1])) for i in range(count)}


def joints_still(joints: FloatArray, members: Sequence[int], still: FloatArray) -> FloatArray:
    """Joints [person, frame, joint, 3] with some of them where `still` [person or 1, 1, joint, 3] has them.

    A body that is all zero, which stands for none, stays so.
    """
    changed = joints.copy()
    there = np.any(joints, axis=(1, 2, 3), keepdims=True)
    changed[:, :, list(members)] = np.where(there, still[:, :, list(members)], 0)
    return changed


def moment_straight(joints: FloatArray, first: int, last: int) -> FloatArray:
    """Joints [person, frame, joint, 3] whose frames first to last - 1 go straight from the frame before to that after.

    At an end of the clip the body stays as it is at the other side of the stretch.
    """
    frames = joints.shape[1]
    before, after = (first - 1 if first else min(last, frames - 1)), (last if last < frames else max(first - 1, 0))
    part = (np.arange(first, last, dtype=np.float32) - first + 1)[:, None, None] / (last - first + 1)
    held = joints.copy()
    held[:, first:last] = joints[:, [before]] * (1 - part) + joints[:, [after]] * part
    return held
