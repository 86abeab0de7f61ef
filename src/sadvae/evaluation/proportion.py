"""How far an accuracy can be trusted that was counted on few clips."""

from __future__ import annotations

from dataclasses import dataclass

from sadvae.evaluation.statistics import LEVEL
from sadvae.record import Evaluation


@dataclass(frozen=True)
class Proportion:
    """Clips that were named rightly, clips in all, and the interval of their share, as fractions.

    The interval is Wilson's, at 95 %. It takes clips for independent draws; clips of one person or class are alike, so
    what other people and other actions would give lies in a wider one.
    """

    right: int
    count: int
    low: float
    high: float


def proportion(right: int, count: int, level: float = LEVEL) -> Proportion:
    """`right` of `count` clips (at least one), with Wilson's interval at that level (Wilson 1927)."""
    from scipy.stats import binomtest

    interval = binomtest(right, count).proportion_ci(level, method="wilson")
    return Proportion(right, count, float(interval.low), float(interval.high))


def zero_shot_proportion(evaluation: Evaluation) -> Proportion | None:
    """The clips of unseen classes that an evaluation counted; None where it kept no confusion matrix."""
    counts = evaluation.confusion
    total = sum(map(sum, counts))
    return proportion(sum(row[i] for i, row in enumerate(counts)), total) if total else None
