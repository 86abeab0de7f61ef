"""How a search went: the score of every trial, and the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sadvae.report.figures.style import blank, colour, styled
from sadvae.report.palette import MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def search_history(
    complete: Sequence[tuple[int, float]], pruned: Sequence[tuple[int, float]], own: float | None
) -> Figure:
    """Points of (trial, accuracy on held-out classes as a fraction), and a line of the best complete one so far.

    pruned: trials that were given up, by the mean of the parts they had. own: of the experiment's own settings.
    """
    from matplotlib.ticker import MaxNLocator

    figure = blank(2.2)
    axes = figure.add_subplot()
    numbers, scores = np.array([n for n, _ in complete]), 100 * np.array([s for _, s in complete])
    last = max(n for n, _ in (*complete, *pruned))
    steps, best = np.append(numbers, last), np.maximum.accumulate(np.append(scores, scores[-1]))
    axes.step(steps, best, where="post", color=colour(1), label="best so far")
    axes.scatter(numbers, scores, s=9, color=colour(0), label="finished", zorder=3)
    if pruned:
        axes.scatter(
            [n for n, _ in pruned],
            [100 * s for _, s in pruned],
            s=11,
            marker="x",
            linewidth=0.8,
            color=MUTED,
            label="given up",
        )
    if own is not None:
        axes.axhline(100 * own, color=MUTED, linewidth=0.8, linestyle="--", label="the file's own settings")
    axes.set_xlabel("trial")
    axes.set_ylabel("accuracy, held out (%)")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(axis="y")
    figure.legend(loc="outside upper left", ncols=2)
    return figure
