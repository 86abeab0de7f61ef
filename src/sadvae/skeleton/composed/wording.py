"""Choosing among wordings at random, and the words for limbs, places and directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sadvae.skeleton.composed.movement import Limb, Movement
from sadvae.skeleton.composed.places import PLACES


@dataclass(frozen=True)
class LimbWords:
    """How the hands that move are called; short: in a name, other: the arm that does not move, if one does not."""

    hand: str
    arm: str
    short: str
    only: tuple[str, ...]
    other: str = ""


LIMBS: Mapping[Limb, LimbWords] = {
    "right": LimbWords(
        "the right hand", "the right arm", "right hand", ("Only the right arm moves",) * 2, "the left arm"
    ),
    "left": LimbWords("the left hand", "the left arm", "left hand", ("Only the left arm moves",) * 2, "the right arm"),
    "both": LimbWords("both hands", "both arms", "both hands", ("Both arms move alike", "Both arms move together")),
    "in turn": LimbWords(
        "one hand after the other", "both arms in turn", "hands in turn", ("Both arms move one after the other",) * 2
    ),
}
# Phrases of places that speak of one hand, as said of both.
_THEIRS: Mapping[str, str] = {
    "far out at its own side": "far out at their own sides",
    "at its own shoulder": "at their own shoulders",
    "in front of its shoulder": "in front of their shoulders",
}


@dataclass(frozen=True, eq=False)
class Wording:
    """Words for one movement: the same thing is said in several ways, so that no single word carries it."""

    movement: Movement
    generator: np.random.Generator

    def choose(self, *options: str) -> str:
        """One of the options at random."""
        return options[int(self.generator.integers(len(options)))]

    def place(self, number: int) -> str:
        """A phrase for one of the movement's places, to follow "is held"."""
        phrase = self.choose(*PLACES[self.movement.places[number]].phrases)
        return _THEIRS.get(phrase, phrase) if self.movement.limb == "both" else phrase

    def end(self, number: int) -> str:
        """A phrase for one of the movement's places, to follow "from", "to" or "between"."""
        return self.place(number).removeprefix("at ")

    def verb(self, plain: str) -> str:
        """A verb of regular form as the moving hands need it: "move", or "moves" of one hand."""
        return plain if self.movement.limb == "both" else plain + "s"

    @property
    def limb(self) -> LimbWords:
        """The words for the hands that move."""
        return LIMBS[self.movement.limb]

    @property
    def goes(self) -> str:
        """The verb "to go" as the moving hands need it."""
        return "go" if self.movement.limb == "both" else "goes"

    def way(self, start: int, end: int) -> str:
        """The direction from one of the movement's places to another, as the person sees it."""
        places = (PLACES[self.movement.places[number]].at for number in (start, end))
        outward, up, forward = (there - here for here, there in zip(*places, strict=True))
        words = [("up", "down")[up < 0]] if abs(up) > 0.35 else []
        words += [("forward", "back")[forward < 0]] if abs(forward) > 0.35 else []
        words += [self._sideways(outward > 0)] if abs(outward) > 0.5 else []
        return " and ".join(words) or "a little"

    def _sideways(self, outward: bool) -> str:
        if self.movement.limb in ("both", "in turn"):
            return "outward" if outward else "inward"
        to_the_right = outward == (self.movement.limb == "right")
        return f"{'outward' if outward else 'across the body'} to the {'right' if to_the_right else 'left'}"
