"""Does it disentangle? How well class and person can be read from each half of the latent code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sadvae.evaluation.statistics import Estimate
from sadvae.report.figures.style import blank, colour, hatch, styled
from sadvae.report.palette import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class ProbeGroup:
    """Probes of one thing: its title, the accuracy from each source over runs, and chance, as fractions."""

    title: str
    sources: Mapping[str, Estimate]
    chance: float


@styled
def probe_bars(groups: list[ProbeGroup]) -> Figure:
    """A panel for each thing that is read; bars with standard errors, and dashed lines at chance."""
    figure = blank(1.9)
    first = None
    for number, group in enumerate(groups):
        axes = figure.add_subplot(1, len(groups), number + 1, sharey=first)
        first = first or axes
        means = list(group.sources.values())
        axes.bar(
            range(len(means)),
            [100 * mean.value for mean in means],
            yerr=[100 * (mean.error or 0) for mean in means],
            error_kw={"elinewidth": 0.7, "ecolor": INK},
            color=[colour(i) for i in range(len(means))],
            hatch=[hatch(i) for i in range(len(means))],
            edgecolor="white",
            width=0.72,
        )
        for place, mean in enumerate(means):
            axes.annotate(
                f"{100 * mean.value:.0f}",
                (place, 100 * (mean.value + (mean.error or 0))),
                (0, 1.5),
                textcoords="offset points",
                ha="center",
                fontsize=6,
            )
        axes.axhline(100 * group.chance, color=MUTED, linewidth=0.8, linestyle="--")
        axes.set_xticks(range(len(means)), list(group.sources))
        axes.set_xlim(-0.6, len(means) - 0.4)
        axes.set_ylim(0, 108)
        axes.set_yticks(range(0, 101, 25))
        axes.set_title(f"{group.title}\nchance {100 * group.chance:.1f} %", fontsize=7)
        if number == 0:
            axes.set_ylabel("balanced accuracy (%)")
    return figure
