"""RESULTS.md: tables over seeds, generated from run records alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sadvae.encoder_record import EncoderRecord
from sadvae.errors import SadvaeError
from sadvae.record import RunRecord, read_record
from sadvae.report.results_encoders import encoders_section, read_encoder_records
from sadvae.report.results_groups import Group, grouped
from sadvae.report.results_tables import differences_table, published_table, scores_table
from sadvae.report.results_text import cell, facts

HEAD = """# Results

This file is generated from run records by `sadvae report`; do not edit it.

All scores are in percent: the mean over seeds ± its standard error (none for a single seed). ZSL: clips of unseen
classes, choice among the unseen classes. S, U, H: choice among all classes; accuracy on clips of seen classes, on clips
of unseen classes, and their harmonic mean. Class mean: the mean over classes of their accuracies. Gate AUROC: how well
the gate ranks seen above unseen clips (50 is chance). Rows marked "oracle, not a result" picked their epoch by looking
at the test set.
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


def results_markdown(records: Sequence[RunRecord], encoders: Sequence[EncoderRecord] = ()) -> str:
    """RESULTS.md as text: a section for each experiment, data set and split, then one on encoders.

    The order of records does not matter.

    Raises SadvaeError if one seed of an experiment occurs twice, or settings hold faulty published results.
    """
    sections = [HEAD, *(_section(group) for group in grouped(records)), encoders_section(encoders)]
    return "\n".join(section for section in sections if section)


def _section(group: Group) -> str:
    parts = [
        f"## {cell(group.title)}",
        facts(group),
        scores_table(group),
        differences_table(group),
        published_table(group),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
