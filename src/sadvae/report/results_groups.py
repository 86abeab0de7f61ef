"""Which records belong together: one data set, the same settings and data, and the same numbers of classes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from sadvae.errors import SadvaeError
from sadvae.record import RunRecord
from sadvae.report.words import LAST
from sadvae.settings import IMPORTED

# Settings that move no score of a method, and those that records of a group may differ in: methods and rules have rows
# of their own.
_IDLE = ("name", "title", "seeds", "published", "baselines", "compare", "selection", "selections")
# Of the split's settings, those that say which classes it has; the others say how levels are made.
_CLASSES = ("name", "validation_unseen")


@dataclass(frozen=True)
class Group:
    """Records that differ in their splits, seeds, methods and selection rules alone.

    settings_hash tells groups of one data set and one number of classes apart.
    """

    records: tuple[RunRecord, ...]
    settings_hash: str
    alone: bool

    @property
    def title(self) -> str:
        """The experiment, data set and split, or of several splits the numbers of classes."""
        first = self.records[0]
        name = f"{first.name}: {first.dataset}, split {first.split}"
        if len({(r.name, r.split, split_of(r)) for r in self.records}) > 1:
            name = f"{first.dataset}, {len(first.seen)} seen and {len(first.unseen)} unseen classes"
        return name if self.alone else f"{name}, settings {self.settings_hash}"

    @property
    def split_names(self) -> dict[Hashable, str]:
        """The names of the splits, by what tells splits apart; a hash behind those that several splits have."""
        names: dict[Hashable, str] = {}
        for record in self.records:
            names.setdefault(split_of(record), record.split)
        every = list(names.values())
        return {
            split: name if every.count(name) == 1 else f"{name} #{short_hash(str(split))}"
            for split, name in names.items()
        }

    def by_selection(self) -> dict[str, list[RunRecord]]:
        """The records of each rule, that of most records first, the last epoch of equals, oracles last."""
        found = {rule: [r for r in self.records if r.selection == rule] for rule in {r.selection for r in self.records}}
        order = sorted(found, key=lambda rule: (rule.startswith("oracle"), -len(found[rule]), rule != LAST, rule))
        return {rule: found[rule] for rule in order}


def grouped(records: Sequence[RunRecord]) -> list[Group]:
    """Groups of records, in the order of data set, classes and names, their records by rule, split and seed.

    Raises SadvaeError where one seed of an experiment has two records.
    """
    several = _of_several_features(records)
    _refuse_repeats(records, several)
    found: dict[tuple[str, int, int, str], list[RunRecord]] = {}
    for record in sorted(records, key=lambda r: (r.selection, r.name, r.split, r.seed)):
        found.setdefault((*_kind(record), _settings_hash(record, several)), []).append(record)
    kinds = [key[:3] for key in found]
    groups = {key: Group(tuple(members), key[3], kinds.count(key[:3]) == 1) for key, members in found.items()}
    return [groups[key] for key in sorted(groups, key=lambda key: (key[:3], groups[key].records[0].name, key[3]))]


def split_of(record: RunRecord) -> Hashable:
    """What tells the split of a record from others of its data set: its unseen classes, whatever it is called."""
    return tuple(sorted(record.unseen))


def short_hash(text: str) -> str:
    """Four digits that tell apart things of one name."""
    return hashlib.sha256(text.encode()).hexdigest()[:4]


def compared_settings(record: RunRecord) -> dict[str, Any]:
    """The settings that records of a group have in common: all but names, methods beside the main one, and splits.

    Imported vectors of texts are told by what they are, not by the path of their file.
    """
    settings = {name: value for name, value in record.settings.items() if name not in _IDLE}
    split = settings.get("split")
    levels = {k: v for k, v in split.items() if k not in _CLASSES} if isinstance(split, dict) else {}
    text = settings.get("text")
    if isinstance(text, dict) and text.get("mode") == IMPORTED:
        settings["text"] = {**text, "encoder": record.data_hashes.get("texts", "")[:8]}
    return {**settings, "split": levels}


def _kind(record: RunRecord) -> tuple[str, int, int]:
    return record.dataset, -len(record.seen), len(record.unseen)


def _of_several_features(records: Sequence[RunRecord]) -> set[Hashable]:
    """Kinds and settings whose imported features are of several encoders: one split has features of several hashes.

    Imported features are files of one split, so that other splits of one encoder differ in their hashes as well, and
    records do not name the encoder.
    """
    found: dict[tuple[Hashable, Hashable], set[str]] = {}
    for record in records:
        place = (_kind(record), _settings_hash(record)), split_of(record)
        found.setdefault(place, set()).add(record.data_hashes.get("features", ""))
    return {group for (group, _), hashes in found.items() if len(hashes) > 1}


def _settings_hash(record: RunRecord, several: Container[Hashable] = ()) -> str:
    """What tells groups of one kind apart; imported features do where they are known to be of several encoders."""
    hashes = {name: value for name, value in record.data_hashes.items() if name != "features"}
    shared = _hash_of([compared_settings(record), hashes])
    if (_kind(record), shared) in several:
        return _hash_of([compared_settings(record), record.data_hashes])
    return shared


def _hash_of(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]


def _refuse_repeats(records: Sequence[RunRecord], several: Container[Hashable]) -> None:
    known: set[tuple[object, ...]] = set()
    for record in records:
        same = _settings_hash(record, several)
        split = record.split, split_of(record)
        key = (record.name, record.dataset, split, record.selection, record.seed, same)
        if key in known:
            raise SadvaeError(
                f"seed {record.seed} of {record.name}: {record.dataset}, split {record.split}, selection "
                f"{record.selection}, has two records; keep one of them in the folder that is read, or it counts twice."
            )
        known.add(key)
