"""What a recogniser answers: names with probabilities, whether any of them fits, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.types import FloatArray

NONE_OF_THESE = "none of these"
# What stands before the names that would be said otherwise.
THE_NEAREST = f"{NONE_OF_THESE}; the nearest:"


@dataclass(frozen=True)
class Answer:
    """A class name and the probability that the recogniser gives it among the names it was asked about."""

    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The answers for one clip, best first.

    fits: the probability that any of the names fits the clip; None where the recogniser was not calibrated for it, or
    where every name is a trained class. none_of_these: whether that is below what was asked for.
    """

    clip_id: str
    answers: tuple[Answer, ...]
    fits: float | None = None
    none_of_these: bool = False

    @property
    def best(self) -> Answer:
        """The first answer, whether it fits or not."""
        return self.answers[0]

    @property
    def name(self) -> str:
        """The name of the best answer, or "none of these"."""
        return NONE_OF_THESE if self.none_of_these else self.best.name


@dataclass(frozen=True)
class Effect:
    """How an answer changes when something of the clip is taken away: its name, and the answer's probability then.

    share: the part of the probability that is lost, from the whole clip's; below 0 where the answer becomes surer.
    """

    name: str
    probability: float
    share: float


@dataclass(frozen=True)
class Explanation:
    """Why a clip got its best answer.

    nearest: the trained classes that the clip looks most like. parts, joints: body parts and joints, those that
    mattered most first. moments: equal stretches of the clip in their order, named by percent of its length.
    """

    clip_id: str
    answer: Answer
    nearest: tuple[Answer, ...]
    parts: tuple[Effect, ...]
    joints: tuple[Effect, ...]
    moments: tuple[Effect, ...]


def ranked(names: Sequence[str], row: FloatArray, top_k: int | None) -> tuple[Answer, ...]:
    """The best top_k names by probability, all of them for None. Raises SadvaeError for a top_k below 1."""
    if top_k is not None and top_k < 1:
        raise SadvaeError(f"top_k is {top_k}; expected at least 1 answer a clip, or None for all of them.")
    order = np.argsort(-row, kind="stable")[:top_k]
    return tuple(Answer(names[int(i)], float(row[i])) for i in order)
