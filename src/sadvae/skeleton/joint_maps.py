"""Bring clips of one layout to another: the same joints, means of joints, points on a line, and what stays missing.

The rules are in joint_maps.json: "places" says which joint of a layout is at which place of the body, where its name
does not; "rules" says how a place that a layout lacks is made of others, the first rule that can be followed. A line
with a share above 1 extrapolates: the hand lies beyond the wrist, seen from the elbow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.types import FloatArray, Layout, SkeletonClip

Weights = Mapping[int, float]


@dataclass(frozen=True, eq=False)
class JointMap:
    """How the joints of `target` come from those of `source`.

    weights: float32 [target joint, source joint]; a row of zeros is a joint that stays missing. how: for each target
    joint one of "same", "mean", "line", "extrapolated", "like" (stands where a neighbour is) and "missing".
    """

    source: Layout
    target: Layout
    weights: FloatArray
    how: tuple[str, ...]

    def joints_that_are(self, how: str) -> tuple[str, ...]:
        """The target joints of one kind, in order."""
        return tuple(name for name, found in zip(self.target.joints, self.how, strict=True) if found == how)

    def apply(self, joints: FloatArray) -> FloatArray:
        """Joints [person, frame, source joint, 3] as [person, frame, target joint, 3], float32.

        A joint is lost, (0, 0, 0), in frames in which any joint that it is made of was lost.
        """
        used = self.weights != 0
        lost = ~np.any(joints, axis=3)
        broken = (lost.astype(np.float32) @ used.T.astype(np.float32) > 0) | ~used.any(axis=1)
        made = np.einsum("ts,pfsc->pftc", self.weights, joints)
        # Joints that are the same stay the same bits.
        for place in np.flatnonzero([found in ("same", "like") for found in self.how]):
            single = np.flatnonzero(used[place])
            if len(single) == 1:
                made[:, :, place] = joints[:, :, single[0]]
        made[broken] = 0
        return np.ascontiguousarray(made, np.float32)

    @property
    def sentence(self) -> str:
        """What was done, for people."""
        parts = [f"{len(self.joints_that_are('same'))} of {len(self.how)} joints are the same"]
        for how, words in (
            ("mean", "made as means"),
            ("line", "put on the line between others"),
            ("extrapolated", "extrapolated"),
            ("like", "put where a neighbour is"),
            ("missing", "missing"),
        ):
            names = self.joints_that_are(how)
            if names:
                parts.append(f"{words}: {', '.join(names)}")
        return f"{self.source.name} was mapped to {self.target.name}: {'; '.join(parts)}."


def joint_map(source: Layout, target: Layout) -> JointMap:
    """The map from one layout to another, by the rules of this module; both may be layouts of users.

    Raises SadvaeError where the hips, the spine or the shoulders of `target` cannot be made from `source`.
    """
    places = {place: joint for joint, place in reversed(list(enumerate(_places(source))))}
    found = [_made(place, places, ()) for place in _places(target)]
    weights = np.zeros((len(target.joints), len(source.joints)), np.float32)
    for row, (terms, _) in enumerate(found):
        for joint, weight in terms.items():
            weights[row, joint] = weight
    landmarks = (*target.hips, target.spine, *target.shoulders)
    missing = [target.joints[joint] for joint in landmarks if not found[joint][0]]
    if missing:
        raise SadvaeError(
            f"layout {source.name!r} cannot be mapped to {target.name!r}: it has nothing to make the {missing[0]} of."
        )
    return JointMap(source, target, weights, tuple(how for _, how in found))


def map_clip(clip: SkeletonClip, target: Layout) -> SkeletonClip:
    """A clip in another layout; name, label and subject stay. Raises SadvaeError as joint_map does."""
    if clip.layout.joints == target.joints:
        return clip
    return replace(clip, joints=joint_map(clip.layout, target).apply(clip.joints), layout=target)


def _made(place: str, places: Mapping[str, int], above: tuple[str, ...]) -> tuple[Weights, str]:
    """The weights of source joints that make a place, and how; no weights where no rule can be followed.

    above: the places that are being made of this one, so that rules which refer to each other end.
    """
    if place in places:
        return {places[place]: 1.0}, "same"
    for rule in _rules_of(place):
        (how, terms) = _terms(rule)
        parts = [
            (_made(name, places, (*above, place))[0], weight)
            for name, weight in terms
            if name not in above and name != place
        ]
        if len(parts) == len(terms) and all(weights for weights, _ in parts):
            return _summed(parts), how
    return {}, "missing"


def _terms(rule: Mapping[str, Any]) -> tuple[str, list[tuple[str, float]]]:
    if "like" in rule:
        return "like", [(rule["like"], 1.0)]
    if "mean" in rule:
        return "mean", [(name, 1 / len(rule["mean"])) for name in rule["mean"]]
    start, end, share = rule["line"]
    return ("extrapolated" if share > 1 else "line"), [(start, 1 - share), (end, share)]


def _summed(parts: list[tuple[Weights, float]]) -> Weights:
    total: dict[int, float] = {}
    for weights, share in parts:
        for joint, weight in weights.items():
            total[joint] = total.get(joint, 0.0) + share * weight
    return total


def _places(layout: Layout) -> list[str]:
    """The place of each joint of a layout: what the file says, or else the joint's own name in small letters."""
    named = _file()["places"].get(layout.name, {})
    return [_renamed(joint, named) for joint in layout.joints]


def _renamed(joint: str, named: Mapping[str, str]) -> str:
    side, rest = _side(joint.lower())
    found = named.get(f"* {rest}" if side else rest)
    return found.replace("*", side) if found else joint.lower()


def _rules_of(place: str) -> list[dict[str, Any]]:
    side, rest = _side(place)
    rules = _file()["rules"].get(f"* {rest}" if side else place, [])
    return json.loads(json.dumps(rules).replace("*", side)) if side else rules


def _side(name: str) -> tuple[str, str]:
    first, _, rest = name.partition(" ")
    return (first, rest) if first in ("left", "right") and rest else ("", name)


@cache
def _file() -> dict[str, Any]:
    return json.loads((files("sadvae.skeleton") / "joint_maps.json").read_text("utf-8"))
