"""Which settings of a search matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sadvae.report.figures.style import blank, colour, short, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def search_importance(weights: Mapping[str, float]) -> Figure:
    """A bar for each setting, the heaviest on top. weights: by setting, as fractions that sum to 1."""
    ordered = sorted(weights.items(), key=lambda entry: entry[1])
    figure = blank(0.55 + 0.19 * len(ordered))
    axes = figure.add_subplot()
    bars = axes.barh(
        [short(name.replace("_", " "), 30) for name, _ in ordered],
        [100 * weight for _, weight in ordered],
        color=colour(0),
        height=0.68,
    )
    axes.bar_label(bars, fmt="%.0f", padding=2, fontsize=6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("share of the importance (%)")
    axes.set_xlim(0, 108)
    axes.set_xticks(range(0, 101, 25))
    return figure
