"""The words around the tables of RESULTS.md: what was run, on what, and by which software."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from sadvae.record import RunRecord
from sadvae.report.results_groups import Group
from sadvae.report.tables import cell
from sadvae.report.words import allowance_words, counted, duration, part_name, rule_words

UNKNOWN = "unknown"
# So many different values of a fact are written out.
MANY = 3


def facts(group: Group) -> str:
    """A list of facts: classes, clips, seeds and rule, texts and encoder, allowances, software, time."""
    first, splits = group.records[0], group.split_names.values()
    lines = {
        "Classes": _classes(first),
        **({"Splits": ", ".join(splits)} if len(splits) > 1 else {}),
        "Clips": _unique(_clips(record) for record in group.records),
        "Seeds and selection": "; ".join(
            f"{_seeds(records)}, {rule_words(rule)} ({rule})" for rule, records in group.by_selection().items()
        ),
        "Texts": _unique(
            f"encoder {setting(record, 'text', 'encoder')}, mode {setting(record, 'text', 'mode')}"
            for record in group.records
        ),
        "Skeleton encoder": f"preset {setting(first, 'encoder', 'preset')}",
        "Method": f"preset {method_words(first)}",
        "Gate": setting(first, "gate"),
        "Leakage knowingly accepted": _allowances(group),
        "Revision": _unique(record.git_revision or "unknown" for record in group.records),
        "Versions": _unique(", ".join(f"{k} {v}" for k, v in record.versions.items()) for record in group.records),
        "Machine time": _time(group),
    }
    return "\n".join(f"- {name}: {cell(value)}" for name, value in lines.items())


def _classes(record: RunRecord) -> str:
    held = f", {len(record.validation_unseen)} of the seen ones held out for calibration and selection"
    return f"{len(record.seen)} seen, {len(record.unseen)} unseen{held if record.validation_unseen else ''}"


def _clips(record: RunRecord) -> str:
    levels: dict[str, list[str]] = {}
    for part, count in record.counts.items():
        level, name = part_name(part)
        levels.setdefault(level, []).append(f"{name} {count}")
    return "; ".join(f"{level}: {', '.join(parts)}" for level, parts in levels.items())


def _seeds(records: list[RunRecord]) -> str:
    seeds = sorted({record.seed for record in records})
    runs = f", {len(records)} runs" if len(records) > len(seeds) else ""
    return f"{counted(len(seeds), 'seed')} ({', '.join(map(str, seeds))}){runs}"


def setting(record: RunRecord, *path: str) -> str:
    """One of a record's settings in words, by the names that lead to it."""
    value: Any = record.settings
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return UNKNOWN if value is None else str(value)


def method_words(record: RunRecord) -> str:
    """The preset of a record's method, and what was changed in it."""
    method: Any = record.settings.get("method")
    changes = method.get("changes") if isinstance(method, dict) else None
    shown = "".join(f", {name} = {value}" for name, value in (changes or {}).items())
    return f"{setting(record, 'method', 'preset')}{shown}"


def _allowances(group: Group) -> str:
    allowed = dict.fromkeys(name for record in group.records for name in record.allow)
    return "; ".join(allowance_words(name) for name in allowed) or "none"


def _unique(values: Iterable[str]) -> str:
    known = sorted({value for value in values if value})
    return " / ".join(known[:MANY]) + (f" and {len(known) - MANY} others" if len(known) > MANY else "") or "unknown"


def _time(group: Group) -> str:
    """The mean of the records, in all and by stage: seeds share stages, so that a sum would count those twice."""
    count = len(group.records)
    stages = dict.fromkeys(stage for record in group.records for stage in record.seconds)
    means = {stage: math.fsum(record.seconds.get(stage, 0.0) for record in group.records) / count for stage in stages}
    parts = ", ".join(f"{stage} {duration(seconds)}" for stage, seconds in means.items())
    memory = max(record.peak_memory_mb for record in group.records)
    return f"{duration(math.fsum(means.values()))} a seed ({parts}); at most {memory:.0f} MiB"
