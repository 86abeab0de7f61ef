"""What RESULTS.md begins with where it has many sections: the table in short, and where everything is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sadvae.record import RunRecord
from sadvae.report.readme import readme_table
from sadvae.report.results_groups import Group
from sadvae.report.results_text import method_words, setting
from sadvae.report.tables import cell
from sadvae.skeleton.recipe import PrepareSettings


def contents(records: Sequence[RunRecord], groups: Sequence[Group], others: Sequence[str]) -> str:
    """The README's table of these records, then a row for each section with a link and what its records share.

    others: titles of the sections behind those of the groups.
    """
    head = ("Section", "Clips", "Encoder", "Texts", "Method", "Splits", "Runs")
    rows = [head, ("---",) * 5 + ("---:",) * 2, *map(_row, groups)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    links = "\n".join(f"- {_link(title)}" for title in others)
    parts = ["## In short", readme_table(records), "## Sections", table, *([links] if others else [])]
    return "\n\n".join(parts) + "\n"


def _row(group: Group) -> tuple[str, ...]:
    first = group.records[0]
    words = (
        clips_words(first),
        setting(first, "encoder", "preset"),
        setting(first, "text", "mode"),
        method_words(first),
    )
    return (_link(group.title), *map(cell, words), str(len(group.split_names)), str(len(group.records)))


def clips_words(record: RunRecord) -> str:
    """Which data sets train, and what is not as usual in their preparation."""
    data, prepare = record.settings.get("data", {}), record.settings.get("prepare", {})
    added = [str(part.get("dataset")) for part in data.get("more", ())]
    usual = PrepareSettings().model_dump(mode="json")
    unusual = [f"{name} = {value}" for name, value in prepare.items() if name in usual and value != usual[name]]
    return ", ".join([" + ".join([record.dataset, *added]), *unusual])


def _link(title: str) -> str:
    """A link to a heading, by the name that GitHub gives it."""
    name = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    return f"[{cell(title)}](#{name})"
