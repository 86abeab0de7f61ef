"""Seen against unseen accuracy as the gate's threshold moves, methods beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sadvae.evaluation.statistics import Estimate
from sadvae.report.figures.style import MARKS, blank, colour, styled
from sadvae.report.palette import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Curve = Sequence[tuple[float, float]]
GRID = np.linspace(0, 1, 401)
_DASHES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class MethodCurve:
    """One method: its curves [split][seed], (S, U) pairs as fractions, and where its calibrated gate stands."""

    method: str
    curves: Sequence[Sequence[Curve]]
    seen: Estimate | None
    unseen: Estimate | None


@styled
def seen_unseen(methods: Sequence[MethodCurve]) -> Figure:
    """Mean curves over splits and seeds, and marks with standard errors where the calibrated gates stand."""
    figure = blank(3.1 + 0.14 * -(-len(methods) // 2))
    axes = figure.add_subplot()
    for number, found in enumerate(methods):
        dash = _DASHES[(number + number // len(COLOURS)) % len(_DASHES)]
        line = 100 * mean_curve(found.curves)
        axes.plot(100 * GRID, line, dash, color=colour(number), linewidth=1.6 if number == 0 else 1, label=found.method)
        _mark(axes, found, number)
    axes.set_xlim(-1, 101)
    axes.set_ylim(-1, 101)
    axes.set_aspect("equal")
    axes.set_xlabel("S: seen clips right (%)")
    axes.set_ylabel("U: unseen clips right (%)")
    axes.grid()
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def mean_curve(curves: Sequence[Sequence[Curve]]) -> NDArray[np.float64]:
    """The mean over splits and seeds of the best U at each S of a grid of 401 values; nan where S is out of reach.

    curves: [split][seed]; splits weigh the same.
    """
    return np.mean([np.mean([_best_unseen(curve) for curve in seeds], axis=0) for seeds in curves], axis=0)


def _best_unseen(pairs: Curve) -> NDArray[np.float64]:
    """The largest U among the points with at least that S: thresholds make steps, and S rises as U falls."""
    curve = np.asarray(pairs, dtype=np.float64)
    seen, unseen = curve[np.argsort(curve[:, 0], kind="stable")].T
    best = np.maximum.accumulate(unseen[::-1])[::-1]
    place = np.searchsorted(seen, GRID - 1e-9)
    return np.append(best, np.nan)[place]


def _mark(axes: Axes, found: MethodCurve, number: int) -> None:
    if found.seen is None or found.unseen is None:
        return
    axes.errorbar(
        100 * found.seen.value,
        100 * found.unseen.value,
        xerr=100 * (found.seen.error or 0),
        yerr=100 * (found.unseen.error or 0),
        fmt=MARKS[number % len(MARKS)],
        color=colour(number),
        markersize=5,
        markeredgecolor="black",
        markeredgewidth=0.5,
        elinewidth=0.8,
        zorder=5,
    )
