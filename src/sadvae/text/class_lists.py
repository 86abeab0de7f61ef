"""The words for classes: the built-in lists of known datasets, and lists that a user writes."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from sadvae.errors import SadvaeError
from sadvae.files import read_json
from sadvae.types import ClassTexts, duplicates

# NTU RGB+D 60 is the first 60 classes of NTU RGB+D 120, so it has no file of its own.
NTU60_COUNT = 60
# Of the files that `sadvae describe` writes.
FORMAT = "sadvae-descriptions-1"
# Stands beside the lists, and is none (parts_of_speech.py).
_VERBS_NOUNS = "verbs_nouns.json"


def dataset_names() -> tuple[str, ...]:
    """The datasets whose class names and descriptions come with sadvae, in alphabetical order."""
    names = [item.name for item in _data().iterdir() if item.name.endswith(".json") and item.name != _VERBS_NOUNS]
    return tuple(sorted([*(name.removesuffix(".json") for name in names), "ntu60"]))


def class_texts(dataset: str) -> ClassTexts:
    """The class names (as published, by 0-based id) and our descriptions of a dataset.

    Raises SadvaeError that lists the known datasets if `dataset` is not one of them.
    """
    if dataset not in dataset_names():
        raise SadvaeError(
            f"no built-in class texts for dataset {dataset!r}; known are {', '.join(dataset_names())}; "
            "for your own classes give a JSON file."
        )
    stem = "ntu120" if dataset == "ntu60" else dataset
    entries = json.loads((_data() / f"{stem}.json").read_text(encoding="utf-8"))
    return _texts(entries[:NTU60_COUNT] if dataset == "ntu60" else entries, f"{stem}.json")


def known_descriptions(name: str) -> tuple[str, ...]:
    """Our descriptions of a class of that name (any dataset, any case), or none where no dataset has such a class."""
    return _described().get(name.strip().casefold(), ())


@cache
def _described() -> dict[str, tuple[str, ...]]:
    """Descriptions by folded name; where several data sets have a class of that name, those of the first."""
    found: dict[str, tuple[str, ...]] = {}
    for dataset in dataset_names():
        texts = class_texts(dataset)
        for name, descriptions in zip(texts.names, texts.descriptions, strict=True):
            found.setdefault(name.casefold(), descriptions)
    return found


def read_class_texts(path: Path) -> ClassTexts:
    """Read a user's list of classes: JSON, a list of names or of {"name": ..., "descriptions": [...]}.

    A file of `sadvae describe`, which holds such a list, is read too. Class ids are the positions in the list;
    descriptions may be left out. Raises SadvaeError that names the file and the faulty entry if the file is missing,
    not JSON, empty, of another shape, or gives a name twice.
    """
    entries = read_json(path)
    if isinstance(entries, dict) and entries.get("format") == FORMAT:
        entries = entries.get("classes")
    if not isinstance(entries, list) or not entries:
        raise SadvaeError(
            f"{path} holds {_kind(entries)}; expected a list of class names, or of objects with the fields "
            "name and descriptions."
        )
    return _texts(entries, str(path))


def _data() -> Traversable:
    return resources.files("sadvae.text") / "data"


def _texts(entries: list[Any], where: str) -> ClassTexts:
    read = [_entry(entry, position, where) for position, entry in enumerate(entries)]
    names = tuple(name for name, _ in read)
    twice = duplicates(names)
    if twice:
        raise SadvaeError(f"{where} names class {twice[0]!r} more than once; give each class one entry.")
    return ClassTexts(tuple(range(len(read))), names, tuple(descriptions for _, descriptions in read))


def _entry(entry: Any, position: int, where: str) -> tuple[str, tuple[str, ...]]:
    spot = f"{where}, entry {position}"
    fields = {"name": entry} if isinstance(entry, str) else entry
    if not isinstance(fields, dict) or not set(fields) <= {"id", "name", "descriptions"}:
        raise SadvaeError(f"{spot} is {_kind(entry)}; expected a name, or the fields name and descriptions.")
    if fields.get("id", position) != position:
        raise SadvaeError(f"{spot} has id {fields['id']!r}; ids are positions so write {position} or leave it out.")
    name, descriptions = fields.get("name"), fields.get("descriptions", [])
    if not isinstance(name, str) or not name.strip():
        raise SadvaeError(f"{spot} has {'an empty' if isinstance(name, str) else 'no'} name; give each class a name.")
    if not isinstance(descriptions, list) or not all(isinstance(d, str) and d.strip() for d in descriptions):
        raise SadvaeError(f"{spot} ({name!r}) has descriptions that are not a list of sentences.")
    return name.strip(), tuple(description.strip() for description in descriptions)


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(map(repr, list(value)[:3])) or 'no fields'}"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return repr(value)[:40]
