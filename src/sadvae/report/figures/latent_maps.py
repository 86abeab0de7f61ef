"""t-SNE of z_r and z_v (the paper's Figure 4): once by action, once by person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sadvae.report.figures.style import MARKS, bare, blank, colour, short, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALE = "#c9d1d9"


@dataclass(frozen=True, eq=False)
class Marks:
    """One way to mark points: what the marks say, and a name for each point, None for points drawn pale."""

    title: str
    names: Sequence[str | None]


@styled
def latent_maps(maps: Mapping[str, NDArray[np.float64]], ways: Sequence[Marks]) -> Figure:
    """A column for each map, a row for each way to mark its points, and each row's legend below it.

    maps: points in the plane, float [n, 2], by title. ways: names of the same n points.
    """
    legends = [-(-(len(_known(way)) + (None in way.names)) // _columns(way)) for way in ways]
    heights = [h for lines in legends for h in (3.1 / max(len(maps), 2), 0.1 + 0.12 * lines)]
    figure = blank(sum(heights) + 0.3)
    grid = figure.add_gridspec(len(heights), len(maps), height_ratios=heights)
    for row, way in enumerate(ways):
        for column, (title, points) in enumerate(maps.items()):
            axes = figure.add_subplot(grid[2 * row, column])
            _points(axes, points, way)
            axes.set_title(f"{title}, by {way.title}")
        _legend(figure.add_subplot(grid[2 * row + 1, :]), way)
    return figure


def _known(way: Marks) -> list[str]:
    """The names, numbers in them in the order of their values."""
    return sorted(
        {name for name in way.names if name is not None}, key=lambda name: (len(name) * _numbered(name), name)
    )


def _numbered(name: str) -> bool:
    return name[-1:].isdigit()


def _columns(way: Marks) -> int:
    return 2 if max(map(len, _known(way)), default=0) > 14 else 4


def _look(number: int) -> dict[str, Any]:
    turn = number // 8
    return {"color": colour(number), "marker": MARKS[(number + turn) % len(MARKS)]}


def _points(axes: Axes, points: NDArray[np.float64], way: Marks) -> None:
    bare(axes)
    axes.set_box_aspect(1)
    pale = np.array([name is None for name in way.names])
    axes.scatter(*points[pale].T, s=3, color=PALE, linewidths=0)
    for number, name in enumerate(_known(way)):
        chosen = points[[found == name for found in way.names]]
        axes.scatter(*chosen.T, s=9, linewidths=0.2, edgecolors="black", **_look(number))


def _legend(axes: Axes, way: Marks) -> None:
    bare(axes, frame=False)
    for number, name in enumerate(_known(way)):
        axes.scatter([], [], s=14, linewidths=0.3, edgecolors="black", label=short(name, 30), **_look(number))
    if any(name is None for name in way.names):
        axes.scatter([], [], s=8, color=PALE, label="seen classes")
    axes.legend(loc="center", ncols=_columns(way), columnspacing=0.8, handletextpad=0.1, borderpad=0)
