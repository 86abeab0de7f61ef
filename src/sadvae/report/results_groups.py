"""Which records belong together: one experiment, data set and split, with the same settings and the same data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sadvae.errors import SadvaeError
from sadvae.record import RunRecord

# Settings that move no score of a method, and the rule, which has rows of its own.
_IDLE = ("title", "seeds", "published", "baselines", "selection")


@dataclass(frozen=True)
class Group:
    """Records that differ in their seeds and selection rules alone; settings_hash tells groups of one split apart."""

    records: tuple[RunRecord, ...]
    settings_hash: str
    alone: bool

    @property
    def title(self) -> str:
        """The experiment, data set and split, and the settings where there are groups with other ones."""
        first = self.records[0]
        extra = "" if self.alone else f", settings {self.settings_hash}"
        return f"{first.name}: {first.dataset}, split {first.split}{extra}"

    def by_selection(self) -> dict[str, list[RunRecord]]:
        """The records of each selection rule, the rules in the order of their names, oracles last."""
        rules = sorted({r.selection for r in self.records}, key=lambda rule: (rule.startswith("oracle"), rule))
        return {rule: [r for r in self.records if r.selection == rule] for rule in rules}


def grouped(records: Sequence[RunRecord]) -> list[Group]:
    """Groups of records, in the order of name, data set, split and settings, their records by rule and seed."""
    found: dict[tuple[str, str, str, str], list[RunRecord]] = {}
    for record in sorted(records, key=lambda r: (r.selection, r.seed)):
        found.setdefault((record.name, record.dataset, record.split, _settings_hash(record)), []).append(record)
    splits = [key[:3] for key in found]
    groups = [Group(tuple(found[key]), key[3], splits.count(key[:3]) == 1) for key in sorted(found)]
    for group in groups:
        _refuse_repeats(group)
    return groups


def _settings_hash(record: RunRecord) -> str:
    settings = {name: value for name, value in record.settings.items() if name not in _IDLE}
    parts = [settings, record.seen, record.unseen, record.validation_unseen, record.data_hashes]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]


def _refuse_repeats(group: Group) -> None:
    for rule, records in group.by_selection().items():
        seeds = [record.seed for record in records]
        twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
        if twice:
            raise SadvaeError(
                f"seed {twice[0]} of {group.title}, selection {rule}, has {seeds.count(twice[0])} records; "
                "keep one of them in the folder that is read, or it counts more than once."
            )
