"""RESULTS.md: tables over splits and seeds, generated from run records alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sadvae.encoder_record import EncoderRecord
from sadvae.errors import SadvaeError
from sadvae.files import write_text
from sadvae.record import RunRecord, read_record
from sadvae.report.replication import replication_table
from sadvae.report.results_contents import contents
from sadvae.report.results_encoders import ENCODERS, encoders_section, read_encoder_records
from sadvae.report.results_groups import Group, grouped
from sadvae.report.results_tables import group_tables
from sadvae.report.results_text import facts
from sadvae.report.results_variants import variants_tables
from sadvae.report.scores import FEWEST, Scores
from sadvae.report.tables import Table, cell, csv_text, latex, markdown, section

HEAD = f"""# Results

This file is generated from run records by `sadvae report`; do not edit it.

All scores are in percent: the mean over splits and seeds ± its standard error (none for a single run), and from
{FEWEST} runs on the 95 % interval of a bootstrap over splits and seeds. With one split, errors and intervals are
about seeds alone. ZSL: clips of unseen classes, choice among the unseen classes. S, U, H: choice among all classes;
accuracy on clips of seen classes, on clips of unseen classes, and their harmonic mean. Class mean: the mean over
classes of their accuracies. AUC: the area under the curve of S and U as the gate's threshold moves. Gate AUROC: how
well the gate ranks seen above unseen clips (50 is chance). Rows marked "oracle, not a result" picked their epoch by
looking at the test set. A difference is called shown where its interval does not hold 0; intervals are not widened
for the number of comparisons.
"""


def read_records(folder: Path) -> list[RunRecord]:
    """All records named record.json in a folder and below it, in order of their paths.

    Raises SadvaeError if there is none, or one is damaged or holds no evaluation.
    """
    paths = sorted(Path(folder).rglob("record.json"))
    if not paths:
        raise SadvaeError(f"{folder} holds no record.json; name a folder of runs that `sadvae run` or `demo` wrote.")
    return [_read(path) for path in paths]


def read_all_records(folder: Path) -> tuple[list[RunRecord], list[EncoderRecord]]:
    """All records of runs and of encoders in a folder and below it; only one of the two may be missing."""
    encoders = read_encoder_records(folder)
    runs = any(Path(folder).rglob("record.json"))
    return read_records(folder) if runs or not encoders else [], encoders


def _read(path: Path) -> RunRecord:
    record = read_record(path)
    if not record.evaluations:
        raise SadvaeError(f"{path} holds no evaluation; run its experiment again.")
    return record


def results_markdown(
    records: Sequence[RunRecord], encoders: Sequence[EncoderRecord] = (), against: str | None = None
) -> str:
    """RESULTS.md as text: a section for each data set, number of classes and settings, then one on encoders.

    Where there are several, they are listed first.

    against: the method that others are compared with (default: the main one of each section). The order of records
    does not matter. Raises SadvaeError if one seed of an experiment occurs twice, results contradict each other, no
    section has the method, or settings hold faulty published results.
    """
    groups = grouped(records)
    variants = variants_tables(groups)
    parts = [HEAD]
    if len(groups) > 1:
        parts.append(contents(records, groups, [title for title, _ in variants] + [ENCODERS] * bool(encoders)))
    for group, tables in _tables(groups, against):
        parts.append("\n\n".join([f"## {cell(group.title)}", facts(group), *map(section, tables)]) + "\n")
    for title, table in variants:
        parts.append(f"## {cell(title)}\n\n{section(table)}\n")
    if encoders:
        parts.append(encoders_section(encoders))
    return "\n".join(parts)


def write_tables(folder: Path, records: Sequence[RunRecord], against: str | None = None) -> int:
    """Write every table as FOLDER/SECTION/TABLE.md, .csv and .tex; returns how many tables there are.

    Raises SadvaeError as results_markdown does.
    """
    groups = grouped(records)
    found = [(group.title, table) for group, tables in _tables(groups, against) for table in tables]
    found += variants_tables(groups)
    for title, table in found:
        place = Path(folder) / re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        write_text(place / f"{table.name}.md", markdown(table) + "\n")
        write_text(place / f"{table.name}.csv", csv_text(table))
        write_text(place / f"{table.name}.tex", latex(table))
    return len(found)


def _tables(groups: Sequence[Group], against: str | None) -> list[tuple[Group, list[Table]]]:
    every = [Scores(group) for group in groups]
    if against and not any(scores.named(against) for scores in every):
        known = dict.fromkeys(method.label for scores in every for method in scores.methods)
        raise SadvaeError(f"no record has a method {against!r}; they have {', '.join(known)}.")
    found = []
    for scores in every:
        reference = scores.named(against) if against else None
        tables = group_tables(scores, reference or scores.main)
        replication = replication_table(scores.group)
        found.append((scores.group, [*tables, replication] if replication.rows else tables))
    return found
