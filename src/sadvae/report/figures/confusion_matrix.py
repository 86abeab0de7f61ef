"""Which unseen classes are taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sadvae.report.figures.confusions import Confusion
from sadvae.report.figures.style import blank, short, styled, wrapped
from sadvae.report.palette import INK
from sadvae.report.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Shares are written into the cells of matrices of at most this many classes.
WRITTEN = 12


@styled
def confusion_matrix(found: Confusion, *, named: bool = False) -> Figure:
    """Shares of each row in percent, the darker the larger. named: with the name of the split."""
    names, counts = found.names, found.counts
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    few = len(names) <= WRITTEN
    figure = blank(3.2 if few else 3.6)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    shown = [wrapped(name, 17) if few else short(name, 16) for name in names]
    axes.set_xticks(range(len(names)), shown, rotation=45, ha="right", va="top", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), shown)
    axes.tick_params(length=0, labelsize=6 if len(names) <= 24 else 4)
    axes.set_xlabel("answer")
    axes.set_ylabel("true class")
    where = f"split {short(found.split, 32)}, {counted(found.runs, 'run')}\n" if named else ""
    figure.suptitle(f"{where}{found.method}: answers to clips of each class (%)", fontsize=7.5)
    for side in axes.spines.values():
        side.set_visible(False)
    if few:
        _write(axes, shares)
    else:
        figure.colorbar(image, ax=axes, shrink=0.7, aspect=30)
    return figure


def _write(axes: Axes, shares: NDArray[np.float64]) -> None:
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.5:
            ink = "white" if share > 55 else INK
            axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=6, color=ink)
