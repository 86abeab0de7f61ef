"""What all figures share: the width of a column, small readable type, colours, and how they are saved."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from sadvae.errors import SadvaeError
from sadvae.files import atomic
from sadvae.report.palette import COLOURS, INK, LINE, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches: one column of a two-column page, and the tallest a figure may be on it.
COLUMN, TALLEST, DPI = 3.4, 8.6, 300
FORMATS = ("pdf", "svg", "png")
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "++++", "oooo", "----")
# Matplotlib's marks in the order of palette.SYMBOLS.
MARKS = ("o", "s", "^", "D", "*", "X")
# No date and no random name goes into a file, so that the same records give the same bytes.
_METADATA = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
# Type 42 embeds whole TrueType fonts, as publishers ask; SVG texts become outlines and need no font at all.
_STYLE: Any = {
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "sadvae",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "figure.facecolor": "white",
    # Names of classes are text, not formulas.
    "text.parse_math": False,
}

P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let a function draw in the style of this module, without changing matplotlib's settings for anyone else."""

    @functools.wraps(draw)
    def inside(*arguments: P.args, **named: P.kwargs) -> Figure:
        import matplotlib

        with matplotlib.rc_context(_STYLE):
            return draw(*arguments, **named)

    return inside


def blank(height: float, width: float = COLUMN) -> Figure:
    """An empty figure of that many inches, at most as tall as a page; its parts make room for one another."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, min(height, TALLEST)), layout="constrained")


def colour(position: int) -> str:
    """The colour of the method at a position."""
    return COLOURS[position % len(COLOURS)]


def hatch(position: int) -> str:
    """The hatch of the method at a position: with the colour, no two of the first 64 agree in both."""
    return HATCHES[(position + position // len(COLOURS)) % len(HATCHES)]


def short(name: str, letters: int = 24) -> str:
    """A name that fits beside an axis."""
    return name if len(name) <= letters else name[: letters - 1] + "…"


def wrapped(name: str, letters: int) -> str:
    """A name on at most two lines of that many letters, broken between words."""
    first, rest = "", name.split()
    while rest and len(f"{first} {rest[0]}".strip()) <= letters:
        first = f"{first} {rest.pop(0)}".strip()
    lines = [first, short(" ".join(rest), letters)] if first else [short(name, letters)]
    return "\n".join(line for line in lines if line)


def bare(axes: Axes, *, frame: bool = True) -> None:
    """Take ticks away, and with frame=False the frame too."""
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(frame)


def checked_formats(text: str) -> tuple[str, ...]:
    """Formats from a list such as "pdf,svg". Raises SadvaeError for an unknown one."""
    found = tuple(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))
    for name in found or ("",):
        if name not in FORMATS:
            raise SadvaeError(f"unknown figure format {name!r}; expected some of {', '.join(FORMATS)}.")
    return found


def save(figure: Figure, path: Path, formats: tuple[str, ...]) -> list[Path]:
    """Write a figure as path.pdf, path.svg, ..., each atomically; fonts are embedded. Returns the files."""
    import matplotlib

    written = []
    for kind in formats:
        target = path.with_name(f"{path.name}.{kind}")
        with matplotlib.rc_context(_STYLE), atomic(target) as temporary:
            figure.savefig(temporary, format=kind, dpi=DPI, metadata=_METADATA[kind])
        written.append(target)
    return written
