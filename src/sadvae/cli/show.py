"""What the verbs share when they print: progress lines, tables and lists typed by users."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from sadvae.errors import SadvaeError
from sadvae.record import Evaluation, JoinedRecord


class Bars:
    """Progress on the error stream while it is used as a context; `_bars` is for those that make one of it."""

    def __init__(self, *columns: ProgressColumn, on_files: bool = True) -> None:
        """on_files: also where the error stream is a file or pipe."""
        console = Console(stderr=True)
        self._bars = Progress(*columns, console=console, disable=not (on_files or console.is_terminal))

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()


class NotedBars(Bars):
    """A description, a bar and a note, on a terminal alone."""

    def __init__(self) -> None:
        super().__init__(_said("description"), BarColumn(bar_width=24), _said("fields[note]"), on_files=False)


class Progresses(Bars):
    """One line a stage on the terminal; used as a context, called with (stage, done, total, note)."""

    def __init__(self) -> None:
        super().__init__(
            _said("description:<9"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            _said("fields[note]"),
        )
        self._lines: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        if stage not in self._lines:
            self._lines[stage] = self._bars.add_task(stage, total=total or None, note=note)
        line = self._lines[stage]
        self._bars.update(line, completed=done, total=total or None)
        if note:
            self._bars.update(line, note=note)


def _said(what: str) -> TextColumn:
    """A column of what a task says, which is no markup: names of clips and of data sets may have brackets."""
    return TextColumn(f"{{task.{what}}}", markup=False)


def percent(value: float | None) -> str:
    """A fraction as a percentage with one decimal, or a dash."""
    return "-" if value is None else f"{100 * value:.1f}"


def joined_lines(joined: JoinedRecord | None) -> list[str]:
    """What joining several data sets came to, for a person to check; nothing where there is one data set."""
    if joined is None:
        return []
    lines = [f"One class: {' = '.join(members)}" for members in joined.merged]
    for title, found in joined.close:
        said = [f"{' = '.join(one.members)} ~ {one.to} {one.likeness:.2f}" for one in found]
        lines.append(f"{title}: {'; '.join(said) or 'none'}")
    return [*lines, f"Other data sets add {len(joined.added)} classes."]


def scores_table(evaluations: Sequence[Evaluation], title: str) -> Table:
    """ZSL, S, U, H and the gate's AUROC of methods, in percent; fits a terminal of 80 columns. title: no markup."""
    table = Table(title=escape(title), title_justify="left")
    for name in ("method", "selection", "ZSL", "S", "U", "H", "AUROC"):
        table.add_column(name, justify="left" if name in ("method", "selection") else "right", no_wrap=True)
    for e in evaluations:
        method = e.entry or (e.method if e.preset is None else f"{e.method} ({e.preset})")
        numbers = (e.zsl_accuracy, e.seen_accuracy, e.unseen_accuracy, e.harmonic_mean, e.gate_auroc)
        picked = e.selection if e.selection == "last_step" else f"{e.selection} ({e.epoch + 1})"
        table.add_row(escape(method), escape(picked), *(percent(n) for n in numbers))
    table.add_row("chance", "", percent(evaluations[0].chance), "", "", "", "")
    return table


def split_names(text: str) -> list[str]:
    """Class names separated by commas or line ends; a name with a comma goes in double quotes, on one line.

    Raises SadvaeError for a quote that is not closed, for names with semicolons or tabs between them, and for a name
    that is longer than csv takes (131072 letters).
    """
    try:
        # Each line by itself, so that a quote that is not closed takes no other lines with it.
        rows = [row for line in text.splitlines() for row in csv.reader([line], skipinitialspace=True, strict=True)]
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise SadvaeError("a double quote in the class names is not closed; close it, or leave it out.") from error
        raise SadvaeError(
            f"class names cannot be read: {error}; separate names of some words by commas or line ends."
        ) from error
    names = [name.strip() for row in rows for name in row if name.strip()]
    odd = next((name for name in names if "\t" in name or (";" in name and '"' not in text)), None)
    if odd is not None:
        raise SadvaeError(
            f"{odd!r} would be one class name; separate names with commas or line ends, not with semicolons or tabs."
        )
    return names
