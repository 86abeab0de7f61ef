"""What z_v changes when z_r is kept, and the reverse: the nearest real clip at each step of a latent traversal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sadvae.report.figures.style import bare, blank, colour, short, styled, wrapped
from sadvae.report.palette import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Bones = Sequence[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Cell:
    """The nearest real clip of one step. pose: float [joint, 2] or None; change: share of the feature that moved."""

    moved: float
    action: str
    same_action: bool
    person: str | None
    pose: NDArray[np.float64] | None
    change: float


@dataclass(frozen=True, eq=False)
class Row:
    """One traversal: a title and its cells."""

    title: str
    cells: Sequence[Cell]


@styled
def traversal_rows(rows: Sequence[Row], bones: Bones) -> Figure:
    """A row for each traversal, a cell for each step; another action than the start's has a dashed red frame."""
    columns = max(len(row.cells) for row in rows)
    drawn = any(cell.pose is not None for row in rows for cell in row.cells)
    figure = blank((1.3 if drawn else 0.75) * len(rows) + 0.1)
    parts = figure.subfigures(len(rows), 1, squeeze=False)
    for part, row in zip(parts[:, 0], rows, strict=True):
        part.suptitle(row.title, fontsize=7, x=0.01, ha="left")
        for number, cell in enumerate(row.cells):
            _cell(part.add_subplot(1, columns, number + 1), cell, bones)
    return figure


def _cell(axes: Axes, cell: Cell, bones: Bones) -> None:
    bare(axes)
    ink = MUTED if cell.same_action else colour(1)
    for side in axes.spines.values():
        side.set(visible=True, color=ink, linestyle="-" if cell.same_action else "--", linewidth=0.6)
    axes.set_title(f"{cell.moved:+g} SD".replace("-", "\u2212") if cell.moved else "start", fontsize=6, pad=2)
    person = "" if cell.person is None else f"\nperson {short(cell.person, 8)}"
    label = f"{_two_lines(cell.action)}{person}\nchange {100 * cell.change:.0f} %"
    axes.set_xlabel(label, fontsize=5.5, color=INK if cell.same_action else "#8f3600", labelpad=2)
    axes.set_xlim(-1.15, 1.15)
    axes.set_ylim(-1.15, 1.15)
    axes.set_aspect("equal")
    if cell.pose is not None:
        _body(axes, cell.pose, bones, colour(0) if cell.same_action else colour(1))


def _two_lines(name: str, letters: int = 16) -> str:
    """A name on exactly two short lines, so that the cells of a row stay level."""
    found = wrapped(name, letters)
    return found if "\n" in found else f"{found}\n"


def _body(axes: Axes, pose: NDArray[np.float64], bones: Bones, ink: str) -> None:
    from matplotlib.collections import LineCollection

    lines = LineCollection([pose[list(bone)] for bone in bones], colors=ink, linewidths=1)
    lines.set_capstyle("round")
    axes.add_collection(lines)
