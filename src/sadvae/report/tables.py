"""A table of words and estimates, as Markdown, CSV and LaTeX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sadvae.evaluation.statistics import Estimate
from sadvae.report.words import DASH

_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\u2013": "--"}


@dataclass(frozen=True)
class Number:
    """A score or a difference, shown in percent.

    signed: with its sign. interval: with its bootstrap interval. error: with its standard error.
    """

    estimate: Estimate | None
    signed: bool = False
    interval: bool = False
    error: bool = True

    def parts(self) -> tuple[str, str, str]:
        """The mean, the error and the interval as text; the latter two may be empty, and the mean a dash."""
        e = self.estimate
        if e is None:
            return DASH, "", ""
        error = "" if e.error is None or not self.error else f"{100 * e.error:.1f}"
        shown = self.interval and e.low is not None and e.high is not None
        return signed(e.value) if self.signed else f"{100 * e.value:.1f}", error, interval_words(e) if shown else ""


Cell = str | Number


@dataclass(frozen=True)
class Table:
    """A question, its answer in one sentence, and the rows that it comes from.

    name: of its file. words: how many of the first columns hold words, which stand on the left.
    """

    name: str
    question: str
    answer: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int


def signed(value: float) -> str:
    """A difference in percentage points, with its sign; no sign that rounding has left of a small number."""
    shown = f"{100 * value:+.1f}"
    return "+0.0" if shown == "-0.0" else shown


def interval_words(estimate: Estimate) -> str:
    """The bounds of an interval in percent."""
    low, high = (0.0 if bound is None else 100 * bound for bound in (estimate.low, estimate.high))
    return f"({low:.1f} to {high:.1f})"


def cell(text: str) -> str:
    """Text that neither ends a table cell nor becomes markup of its own."""
    flat = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", flat)


def markdown(table: Table) -> str:
    """The table alone, in Markdown."""
    left = [i < table.words or name == "Source" for i, name in enumerate(table.head)]
    rows = [[cell(_text(value)) for value in row] for row in table.rows]
    lines = [[cell(name) for name in table.head], ["---" if words else "---:" for words in left], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(value: Cell) -> str:
    if isinstance(value, str):
        return value
    mean, error, interval = value.parts()
    return mean + (f" ± {error}" if error else "") + (f" {interval}" if interval else "")


def csv_text(table: Table) -> str:
    """The table as CSV; an estimate takes four columns, in percent: mean, standard error, and interval."""
    wide = [any(isinstance(row[i], Number) for row in table.rows) for i in range(len(table.head))]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([name for i, title in enumerate(table.head) for name in _titles(title, wide[i])])
    for row in table.rows:
        writer.writerow([field for i, value in enumerate(row) for field in _fields(value, wide[i])])
    return stream.getvalue()


def _titles(title: str, wide: bool) -> list[str]:
    return [title, f"{title} error", f"{title} low", f"{title} high"] if wide else [title]


def _fields(value: Cell, wide: bool) -> list[str]:
    if isinstance(value, str):
        text = "" if value == DASH else value
        return [text, "", "", ""] if wide else [text]
    e = value.estimate
    numbers = (None,) * 4 if e is None else (e.value, e.error, e.low, e.high)
    return ["" if number is None else f"{100 * number:.4f}" for number in numbers]


def latex(table: Table) -> str:
    """The table as a LaTeX tabular (package booktabs); the question is a comment above it."""
    columns = "".join("l" if i < table.words or name == "Source" else "r" for i, name in enumerate(table.head))
    rows = [" & ".join(_latex_cell(value) for value in row) + r" \\" for row in table.rows]
    head = " & ".join(_escaped(name) for name in table.head) + r" \\"
    question = " ".join(table.question.split())
    begin = [f"% {question}", rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule"]
    return "\n".join([*begin, *rows, r"\bottomrule", r"\end{tabular}", ""])


def _latex_cell(value: Cell) -> str:
    if isinstance(value, str):
        return _escaped(value)
    mean, error, interval = value.parts()
    if value.estimate is None:
        return _escaped(mean)
    shown = mean + (rf" \pm {error}" if error else "")
    return f"${shown}$" + (f" {interval.replace('-', '--')}" if interval else "")


def _escaped(text: str) -> str:
    return re.sub(r"[\\~^\u2013]|[&%$#_{}]", lambda found: _LATEX.get(found[0], "\\" + found[0]), text)


def section(table: Table) -> str:
    """The question as a heading, the answer, and the table, in Markdown."""
    parts: Sequence[str] = (f"### {cell(table.question)}", cell(table.answer), markdown(table))
    return "\n\n".join(part for part in parts if part)
