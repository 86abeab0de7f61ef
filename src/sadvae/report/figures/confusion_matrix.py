"""Which unseen classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sadvae.report.figures.style import blank, short, styled
from sadvae.report.palette import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Shares are written into the cells of matrices of at most this many classes.
WRITTEN = 12


@styled
def confusion_matrix(names: Sequence[str], counts: NDArray[np.int64], method: str) -> Figure:
    """Shares of each row in percent, the darker the larger; counts int [true class, answer]."""
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = blank(3.4)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    ticks = range(len(names))
    letters = 18 if len(names) <= 20 else 12
    size = 6.5 if len(names) <= 20 else 4.5
    axes.set_xticks(ticks, [short(n, letters) for n in names], rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, [short(n, letters) for n in names])
    axes.tick_params(length=0, labelsize=size)
    axes.set_xlabel("answer")
    axes.set_ylabel("true class")
    axes.set_title(f"{method}: answers to each class (%)")
    for side in axes.spines.values():
        side.set_visible(False)
    if len(names) <= WRITTEN:
        _write(axes, shares)
    bar = figure.colorbar(image, ax=axes, shrink=0.7, aspect=30)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return figure


def _write(axes: Axes, shares: NDArray[np.float64]) -> None:
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.5:
            ink = "white" if share > 55 else INK
            axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=6, color=ink)
