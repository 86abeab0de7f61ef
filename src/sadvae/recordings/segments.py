"""From scores over time to segments: the best path through the cells, where every change of name has a price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sadvae.types import FloatArray, IntArray

Array = NDArray[np.float64]

# Probabilities below this are taken as this, so that one cell alone cannot rule a name out.
SMALLEST = 1e-3


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording with one name.

    start, end: frames, the first and the one after the last; the same in seconds. score: the name's mean probability.
    """

    start: int
    end: int
    start_seconds: float
    end_seconds: float
    name: str
    score: float


def log_scores(scores: FloatArray, fits: FloatArray, none_below: float) -> Array:
    """Logarithms of scores [cell, name], and a last column for none of the names: float64 [cell, name + 1].

    fits: float [cell], how likely any name fits. Alone in its cell, the last column is best where that is less than
    none_below; 0: never.
    """
    logs = np.log(np.maximum(scores.astype(np.float64), SMALLEST))
    fit = np.clip(fits.astype(np.float64), SMALLEST, 1 - SMALLEST)
    with np.errstate(divide="ignore"):
        none = logs.max(axis=1) + np.log(none_below) - np.log(1 - none_below) + np.log(1 - fit) - np.log(fit)
    return np.concatenate([logs, none[:, None]], axis=1)


def best_path(logs: Array, price: float) -> IntArray:
    """The columns int64 [cell] with the largest sum of logs [cell, column], less `price` for every change.

    Found by dynamic programming (Viterbi 1967) in time proportional to the number of scores. Logs may be minus
    infinity, but not in all columns of a cell.
    """
    best = logs[0]
    came = np.zeros(logs.shape, np.int64)
    columns = np.arange(logs.shape[1])
    for cell in range(1, len(logs)):
        top = int(best.argmax())
        stays = best >= best[top] - price
        came[cell] = np.where(stays, columns, top)
        best = np.where(stays, best, best[top] - price) + logs[cell]
    path = np.empty(len(logs), np.int64)
    path[-1] = int(best.argmax())
    for cell in range(len(logs) - 1, 0, -1):
        path[cell - 1] = came[cell, path[cell]]
    return path


def merged_segments(
    path: IntArray, scores: FloatArray, edges: IntArray, names: tuple[str, ...], fps: float
) -> tuple[Segment, ...]:
    """Runs of equal columns as segments; the column behind the names means that nothing is named and gives none.

    path int64 [cell], scores [cell, name], edges int64 [cell + 1] in frames.
    """
    starts = np.flatnonzero(np.append(True, path[1:] != path[:-1]))
    ends = np.append(starts[1:], len(path))
    found = []
    for first, after in zip(starts.tolist(), ends.tolist(), strict=True):
        column, start, end = int(path[first]), int(edges[first]), int(edges[after])
        if column < len(names):
            score = float(scores[first:after, column].mean())
            found.append(Segment(start, end, start / fps, end / fps, names[column], score))
    return tuple(found)
