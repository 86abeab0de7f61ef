"""Confusions of a group, split by split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sadvae.errors import SadvaeError
from sadvae.record import Evaluation
from sadvae.report.figures.gather import shown_methods
from sadvae.report.scores import Scores


@dataclass(frozen=True)
class Confusion:
    """One split: the names of its unseen classes, and int [true class, answer] of a method, summed over its runs."""

    method: str
    split: str
    names: Sequence[str]
    counts: NDArray[np.int64]
    runs: int


def confusions_of(scores: Scores) -> list[Confusion]:
    """What the main method takes for what, a matrix for each split: other splits have other classes.

    Raises SadvaeError where runs of one split list its classes differently.
    """
    method, cells = next(iter(shown_methods(scores).items()))
    return [_confusion(method, scores.split_names[split], list(seeds.values())) for split, seeds in cells.items()]


def _confusion(method: str, split: str, found: Sequence[Evaluation]) -> Confusion:
    ids = found[0].confusion_ids
    if any(e.confusion_ids != ids for e in found):
        raise SadvaeError(f"runs of split {split} list the classes of their confusions differently; they have no sum.")
    names = {c.id: c.name for c in found[0].classes}
    shown = [names.get(i, f"class {i}") for i in ids]
    return Confusion(method, split, shown, np.sum([e.confusion for e in found], axis=0), len(found))
