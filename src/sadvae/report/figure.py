"""One picture of a run: three unseen clips as strips of poses, and the model's ranked answers beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sadvae.errors import SadvaeError
from sadvae.files import atomic
from sadvae.record import RunRecord
from sadvae.report.motion import centred, evenly
from sadvae.report.palette import INK, LINE, MUTED, RIGHT, WRONG
from sadvae.report.scene import ReportScene, SceneClip
from sadvae.report.words import percent, run_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLIPS = 3
POSES = 6
ANSWERS = 4
# Inches; at DPI dots an inch the picture is sharp on a page column of 900 pixels.
WIDTH, ROW_HEIGHT, HEAD_HEIGHT, DPI = 9.0, 1.8, 0.62, 200
# The body is turned a little, so that depth shows: radians about the upright.
_TURN = 0.45
_STEP = 1.5
_LETTERS = 36


def write_picture(path: Path, record: RunRecord, scene: ReportScene) -> None:
    """Write the picture of a run as PNG, atomically. Raises SadvaeError if the scene has no clips."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = picture(record, scene.clips[:CLIPS])
    FigureCanvasAgg(figure)
    with atomic(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def picture(record: RunRecord, clips: tuple[SceneClip, ...]) -> Figure:
    """The picture as a matplotlib figure, a row for each clip. Raises SadvaeError if there are none."""
    from matplotlib.figure import Figure

    if not clips:
        raise SadvaeError("there is no unseen clip to draw; the picture needs at least one.")
    height = HEAD_HEIGHT + ROW_HEIGHT * len(clips)
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    top = 1 - HEAD_HEIGHT / height
    grid = figure.add_gridspec(
        len(clips), 2, width_ratios=(1.75, 1), left=0.015, right=0.985, top=top, bottom=0.015, wspace=0.04, hspace=0.06
    )
    _heading(figure, record, height)
    for row, clip in enumerate(clips):
        _strip(figure.add_subplot(grid[row, 0]), clip)
        _answers(figure.add_subplot(grid[row, 1]), clip)
    return figure


def _heading(figure: Figure, record: RunRecord, height: float) -> None:
    main = record.evaluations[0]
    found = (
        f"{run_title(record)}: {len(record.unseen)} unseen classes, {percent(main.zsl_accuracy)} % of their test clips "
        f"named rightly (chance {percent(main.chance)} %)"
    )
    place = {"x": 0.015, "va": "center", "parse_math": False}
    title = "Actions the model never saw, and the names it gives them"
    figure.text(y=1 - 0.2 / height, s=title, fontsize=12, fontweight="bold", color=INK, **place)
    figure.text(y=1 - 0.45 / height, s=found, fontsize=9, color=MUTED, **place)


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def _strip(axes: Axes, clip: SceneClip) -> None:
    """Poses over time from left to right, the later the darker."""
    _bare(axes)
    poses = _flat(clip)
    for number, pose in enumerate(poses):
        _pose(axes, pose + np.array([number * _STEP, 0]), clip.bones, 0.45 + 0.55 * number / max(len(poses) - 1, 1))
    low, high = float(poses[..., 1].min()), float(poses[..., 1].max())
    left, right = -0.85, (POSES - 1) * _STEP + 0.85
    axes.plot([left, right], [low - 0.04] * 2, color=LINE, linewidth=1, zorder=0)
    axes.set_xlim(left, right)
    axes.set_ylim(low - 0.12, high + 0.5)
    axes.set_aspect("equal", anchor="SW")
    _write(axes, left, high + 0.36, _short(clip.truth, 50), weight="bold", size=10)
    verdict, colour = ("✓ right", RIGHT) if clip.right else ("✗ wrong", WRONG)
    _write(axes, right, high + 0.36, verdict, colour=colour, weight="bold", size=10, right=True)


def _flat(clip: SceneClip) -> NDArray[np.float64]:
    """Poses [pose, joint, 2] as seen from a little to the side."""
    moved = centred(clip.joints)
    # The middle of the motion, not its ends: people start and end at rest.
    first, last = round(0.1 * (len(moved) - 1)), round(0.9 * (len(moved) - 1))
    chosen = moved[first + evenly(last - first + 1, POSES)]
    across = chosen[..., 0] * np.cos(_TURN) + chosen[..., 2] * np.sin(_TURN)
    return np.stack([across, chosen[..., 1]], axis=-1)


def _pose(axes: Axes, pose: NDArray[np.float64], bones: tuple[tuple[int, int], ...], strength: float) -> None:
    from matplotlib.collections import LineCollection

    lines = LineCollection([pose[list(bone)] for bone in bones], colors=RIGHT, linewidths=1.9, alpha=strength)
    lines.set_capstyle("round")
    axes.add_collection(lines)
    axes.plot(pose[:, 0], pose[:, 1], ".", color=INK, markersize=2.4, alpha=strength)


def _answers(axes: Axes, clip: SceneClip) -> None:
    """The first answers as bars; the true name is bold and marked, a wrong first answer has a hatched bar."""
    _bare(axes)
    axes.set_xlim(0, 1)
    axes.set_ylim(ANSWERS - 0.45, -0.85)
    for row, (rank, name, probability) in enumerate(clip.first_answers(ANSWERS)):
        shown = _short(name) if rank <= ANSWERS else f"{rank}. {_short(name)}"
        _answer(axes, row, shown, probability, true=name == clip.truth)


def _answer(axes: Axes, row: int, name: str, probability: float, *, true: bool) -> None:
    mistaken = row == 0 and not true
    colour = RIGHT if true else WRONG if mistaken else "#aab6c2"
    _write(axes, 0, row - 0.12, name + (" ◂ true" if true else ""), weight="bold" if true else "normal")
    _write(axes, 1, row - 0.12, f"{percent(probability, 0)} %", right=True)
    axes.barh(row + 0.33, 1, height=0.2, color="#eef2f5")
    axes.barh(row + 0.33, probability, height=0.2, color=colour, hatch="////" if mistaken else None, edgecolor="white")


def _write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    colour: str = INK,
    weight: str = "normal",
    size: float = 9,
    right: bool = False,
) -> None:
    axes.text(
        x,
        y,
        text,
        fontsize=size,
        color=colour,
        fontweight=weight,
        ha="right" if right else "left",
        va="center",
        parse_math=False,
    )


def _short(name: str, letters: int = _LETTERS) -> str:
    return name if len(name) <= letters else name[: letters - 1] + "…"
