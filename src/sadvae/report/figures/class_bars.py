"""Accuracy on each unseen class, methods beside each other (the paper's Figure 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sadvae.evaluation.statistics import Estimate
from sadvae.report.figures.gather import UnseenClass, bracketed
from sadvae.report.figures.style import blank, colour, hatch, styled, wrapped
from sadvae.report.palette import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def class_bars(
    classes: Sequence[UnseenClass], methods: Mapping[str, Sequence[Estimate | None]], chance: float, splits: int = 1
) -> Figure:
    """Bars of mean accuracy with standard errors over splits and seeds.

    classes: from top to bottom. methods: for each method one mean per class, as fractions, None where there is none: no
    bar, while a bar of 0 % says "0". chance: a fraction, drawn as a line. splits: of several, each class says in how
    many it is unseen.
    """
    thick, drawn = 0.8 / len(methods), []
    figure = blank(0.75 + len(classes) * max(0.25, 0.085 * len(methods)) + 0.15 * -(-len(methods) // 2))
    axes = figure.add_subplot()
    for number, (method, means) in enumerate(methods.items()):
        known = [(row - 0.4 + thick * (number + 0.5), mean) for row, mean in enumerate(means) if mean]
        bars = axes.barh(
            [place for place, _ in known],
            [100 * mean.value for _, mean in known],
            height=thick * 0.92,
            xerr=[100 * (mean.error or 0) for _, mean in known],
            error_kw={"elinewidth": 0.6, "ecolor": INK},
            color=colour(number),
            hatch=hatch(number),
            edgecolor="white",
            linewidth=0.3,
            label=method,
        )
        axes.bar_label(bars, ["" if mean.value else "0" for _, mean in known], padding=1, fontsize=5)
        drawn.append(bars)
    line = axes.axvline(100 * chance, color=MUTED, linewidth=0.8, linestyle="--", label="chance")
    axes.set_yticks(range(len(classes)), [f"{wrapped(c.name, 24)}{bracketed(c, splits)}" for c in classes])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(classes) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    among = f"\n(n): unseen in n of {splits} splits" if splits > 1 else ""
    axes.set_xlabel(f"zero-shot accuracy (%){among}")
    axes.grid(axis="x")
    figure.legend(handles=[*drawn, line], loc="outside lower center", ncols=2)
    return figure
