"""A composed movement: what hands, trunk and legs do, and a random one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np

from sadvae.skeleton.composed.places import PLACES

Limb = Literal["right", "left", "both", "in turn", "none"]
Kind = Literal["stroke", "shuttle", "swing", "circle", "hold", "two strokes", "bend"]
Body = Literal[
    "none", "step", "lunge", "squat", "bow", "jump", "walk", "jog",
    "kick", "side kick", "raise knee", "sit", "rise", "lean", "twist", "low",
]  # fmt: skip
Side = Literal["right", "left"]
Pace = Literal["usual", "fast", "slow"]
_T = TypeVar("_T")

_LIMB_SHARES = (0.42, 0.12, 0.25, 0.09, 0.12)
_KIND_SHARES = (0.36, 0.15, 0.18, 0.11, 0.06, 0.1, 0.04)
_BODY_SHARES = (0.58, *[0.42 / 15] * 15)
# A hand is swung and led round where there is room for it.
_SWINGS = ("chest", "front", "top", "ear", "face", "waist", "side")
_CIRCLES = ("front", "chest", "high front", "top", "side")


@dataclass(frozen=True)
class Movement:
    """What moves and how.

    limb: the hands that move, "in turn" one after the other. kind: a stroke from places[0] to places[1], two strokes
    on to places[2], a shuttle between the first two, a bend of the elbow, or a swing, a circle or a hold at places[0].
    places: names of PLACES. body: what trunk and legs do. side: of the leg, or the one to lean or twist to. repeated:
    again and again. axis: of a swing, 0 sideways, 1 up and down, 2 forward and back. size: of a swing or circle, in
    arm lengths. clockwise: seen by the person (both hands: outward). plane: of a circle, 0 facing the person, 1 level,
    2 upright and forward.
    """

    limb: Limb
    kind: Kind
    places: tuple[str, str, str]
    body: Body
    side: Side
    repeated: bool
    pace: Pace
    axis: int
    size: float
    clockwise: bool
    plane: int

    @property
    def to_and_fro(self) -> bool:
        """Whether the hands do the same several times."""
        return self.repeated or self.kind in ("swing", "shuttle")


def draw_movement(generator: np.random.Generator) -> Movement:
    """A random movement: of hands, of trunk and legs, or of both at the same time."""
    limb = _one(generator, get_args(Limb), _LIMB_SHARES)
    body = _one(generator, get_args(Body), _BODY_SHARES)
    if limb == "none" and body == "none":
        body = _one(generator, get_args(Body)[1:])
    side = _one(generator, get_args(Side))
    repeated = bool(generator.random() < 0.35)
    pace = _one(generator, get_args(Pace), (0.5, 0.35, 0.15))
    kind = _one(generator, get_args(Kind), _KIND_SHARES)
    kind = "shuttle" if limb == "in turn" else kind
    first, second, third = (list(PLACES)[i] for i in generator.choice(len(PLACES), 3, replace=False))
    axis, size = int(generator.integers(3)), _one(generator, (0.12, 0.3))
    clockwise = bool(generator.random() < 0.5)
    plane = _one(generator, (0, 1, 2), (0.6, 0.2, 0.2))
    if kind == "bend":
        first, second = "hanging", "shoulder"
    if kind in ("swing", "circle") and first in ("hanging", "back"):
        first = _one(generator, _SWINGS)
    if kind == "circle":
        size, first = _one(generator, (0.25, 0.4)), _one(generator, _CIRCLES)
    places = (first, second, third)
    return Movement(limb, kind, places, body, side, repeated, pace, axis, size, clockwise, plane)


def _one(generator: np.random.Generator, options: Sequence[_T], shares: Sequence[float] | None = None) -> _T:
    return options[int(generator.choice(len(options), p=shares))]
