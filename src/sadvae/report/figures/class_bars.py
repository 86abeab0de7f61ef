"""Accuracy on each unseen class, methods beside each other (the paper's Figure 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sadvae.report.figures.style import blank, colour, hatch, styled, wrapped
from sadvae.report.means import Mean
from sadvae.report.palette import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def class_bars(classes: Sequence[str], methods: Mapping[str, Sequence[Mean | None]], chance: float) -> Figure:
    """Bars of mean accuracy with standard errors over seeds.

    classes: names, from top to bottom. methods: for each method one mean per class, as fractions, None where there is
    none. chance: a fraction, drawn as a line.
    """
    thick, drawn = 0.8 / len(methods), []
    figure = blank(0.75 + len(classes) * max(0.25, 0.085 * len(methods)) + 0.15 * -(-len(methods) // 2))
    axes = figure.add_subplot()
    for number, (method, means) in enumerate(methods.items()):
        places = [row - 0.4 + thick * (number + 0.5) for row in range(len(classes))]
        bars = axes.barh(
            places,
            [100 * mean.value if mean else 0 for mean in means],
            height=thick * 0.92,
            xerr=[100 * (mean.error or 0) if mean else 0 for mean in means],
            error_kw={"elinewidth": 0.6, "ecolor": INK},
            color=colour(number),
            hatch=hatch(number),
            edgecolor="white",
            linewidth=0.3,
            label=method,
        )
        drawn.append(bars)
    line = axes.axvline(100 * chance, color=MUTED, linewidth=0.8, linestyle="--", label="chance")
    axes.set_yticks(range(len(classes)), [wrapped(name, 24) for name in classes])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(classes) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("zero-shot accuracy (%)")
    axes.grid(axis="x")
    figure.legend(handles=[*drawn, line], loc="outside lower center", ncols=2)
    return figure
