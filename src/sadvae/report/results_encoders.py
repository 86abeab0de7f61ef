"""The section of RESULTS.md on skeleton encoders: accuracy over all classes, from the records of encoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from sadvae.encoder_record import EncoderRecord, read_encoder_record
from sadvae.errors import SadvaeError
from sadvae.evaluation.statistics import estimate
from sadvae.report.tables import Cell, Number, Table, cell, markdown
from sadvae.report.words import DASH, allowance_words, duration

ENCODERS = "Skeleton encoders, all classes"
HEAD = f"""## {ENCODERS}

Every class trains and every class tests, by different subjects; top-1 accuracy in percent, the mean over seeds ± its
standard error. The test clips were looked at once, after training. Training: time of one seed on the clock, and of the
processor. The references see the joints of a clip, as prepared, at 20 frames.
"""
_COLUMNS = ("Encoder", "Parameters", "Seeds", "Accuracy", "Class mean", "Training", "Processor", "Memory")


def read_encoder_records(folder: Path) -> list[EncoderRecord]:
    """All records named seed-N.json in a folder and below it. Raises SadvaeError if one is damaged."""
    return [read_encoder_record(path) for path in sorted(Path(folder).rglob("seed-*.json"))]


def encoders_section(records: Sequence[EncoderRecord]) -> str:
    """The section, a table for each accuracy file, data set and part; empty without records.

    Raises SadvaeError if one seed of an encoder occurs twice.
    """
    if not records:
        return ""
    ordered = sorted(records, key=lambda r: (*_table_of(r), r.encoder, r.seed))
    return "\n".join([HEAD, *(_table(key, list(found)) for key, found in groupby(ordered, key=_table_of))])


def _table_of(record: EncoderRecord) -> tuple[str, str, str]:
    return record.part, record.dataset, record.name


def _table(key: tuple[str, str, str], records: list[EncoderRecord]) -> str:
    part, dataset, _ = key
    rows = [_row(name, list(found)) for name, found in groupby(records, key=lambda r: r.encoder)]
    references = {name: score for record in records for name, score in record.references.items()}
    rows += [(name, DASH, DASH, _mean({0: score}), *[DASH] * 4) for name, score in references.items()]
    first = records[0]
    title = f"### {cell(first.title)}: {cell(dataset)}, {part} subjects {cell(', '.join(first.test_subjects) or DASH)}"
    table = Table("encoders", title, "", _COLUMNS, tuple(rows), 1)
    return f"{title}\n\n{_facts(records)}\n\n{markdown(table)}\n"


def _row(name: str, records: list[EncoderRecord]) -> tuple[Cell, ...]:
    seeds = [record.seed for record in records]
    if len(set(seeds)) < len(seeds) or len({str(record.settings) for record in records}) > 1:
        raise SadvaeError(
            f"encoder {name!r} of {records[0].name} has records of one seed twice or of different settings; "
            "keep one kind in the folder that is read."
        )
    return (
        name,
        f"{records[0].parameters:,}",
        str(len(seeds)),
        _mean({record.seed: record.scores.accuracy for record in records}),
        _mean({record.seed: record.scores.class_mean for record in records}),
        *(_mean_time(records, clock) for clock in ("training", "training_cpu")),
        f"{max(record.peak_memory_mb for record in records):.0f} MiB",
    )


def _mean(by_seed: Mapping[int, float]) -> Number:
    return Number(estimate({"": {seed: value for seed, value in by_seed.items()}}))


def _mean_time(records: Sequence[EncoderRecord], clock: str) -> str:
    return duration(sum(record.seconds[clock] for record in records) / len(records))


def _facts(records: Sequence[EncoderRecord]) -> str:
    first = records[0]
    allowed = dict.fromkeys(name for record in records for name in record.allow)
    lines = {
        "Clips": f"training {first.counts['train']}, {first.part} {first.counts['test']}",
        "Classes": str(len(first.scores.confusion_ids)),
        "Training subjects": ", ".join(first.train_subjects) or DASH,
        "Prepared": ", ".join(first.steps),
        "Leakage knowingly accepted": "; ".join(allowance_words(name) for name in allowed) or "none",
        "Revision": " / ".join(sorted({record.git_revision or "unknown" for record in records})),
        "Versions": " / ".join(sorted({", ".join(f"{k} {v}" for k, v in r.versions.items()) for r in records})),
    }
    return "\n".join(f"- {name}: {cell(value)}" for name, value in lines.items())
