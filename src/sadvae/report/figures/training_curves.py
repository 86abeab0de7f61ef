"""How every loss term moved over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sadvae.report.figures.style import blank, colour, styled
from sadvae.report.palette import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 2


@styled
def training_curves(terms: Mapping[str, NDArray[np.float64]], picked: Sequence[int]) -> Figure:
    """A small chart for each term: the mean over runs, and a band from the least to the largest.

    terms: float [run, epoch] by name. picked: the epochs (from 1) whose weights count, dashed lines.
    """
    rows = -(-len(terms) // COLUMNS)
    figure = blank(0.25 + 1.05 * rows)
    for number, (name, values) in enumerate(terms.items()):
        axes = figure.add_subplot(rows, COLUMNS, number + 1)
        _curve(axes, values, colour(1) if "accuracy" in name.lower() else colour(0))
        for epoch in sorted(set(picked)):
            axes.axvline(epoch, color=MUTED, linewidth=0.7, linestyle="--")
        axes.set_title(name, loc="left")
        if number >= len(terms) - COLUMNS:
            axes.set_xlabel("epoch")
    return figure


def _curve(axes: Axes, values: NDArray[np.float64], ink: str) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = np.arange(1, values.shape[1] + 1)
    axes.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=ink, alpha=0.2, linewidth=0)
    axes.plot(epochs, values.mean(axis=0), color=ink, marker="." if len(epochs) <= 20 else "", markersize=4)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y")
