"""Class splits by name: the published ones, seeded random ones, and files that users write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.faults import unknown
from sadvae.files import read_json
from sadvae.types import ClassSplit

CLASS_COUNTS = {"ntu60": 60, "ntu120": 120, "pku51": 51, "utd_mhad": 27, "msr_action3d": 20}
# What a split file lists.
PARTS = ("unseen", "validation_unseen")
_RANDOM = re.compile(r"random-(\d+)-(\d+)-(\d+)")


def split_of(dataset: str, unseen: Sequence[int], class_count: int) -> str | None:
    """The name of the published split of a dataset that has these unseen classes; None where there is none."""
    if CLASS_COUNTS.get(dataset) != class_count:
        return None
    wanted, splits = sorted(unseen), _published().get(dataset, {})
    return next((name for name, entry in splits.items() if sorted(entry["unseen"]) == wanted), None)


def is_split_name(dataset: str, name: str) -> bool:
    """Whether load_split knows what a name stands for, if only by its form."""
    return name in _published().get(dataset, {}) or bool(_RANDOM.fullmatch(name)) or name.endswith(".json")


def load_split(
    dataset: str,
    name: str,
    class_count: int | None = None,
    validation_unseen: tuple[int, ...] | None = None,
    class_names: Sequence[str] = (),
) -> ClassSplit:
    """The split of that name: a published one, "random-SEEN-UNSEEN-SEED", or the path of a JSON file.

    A JSON file holds {"unseen": [...], "validation_unseen": [...]}, class names or 0-based ids; every other class is
    seen. class_names: those of the data set, which names in such a file are looked up in (any case).
    validation_unseen: classes to hold out for calibration where the split names none (default: as many seen classes
    as there are unseen ones, at most a third of the seen ones, drawn with a seed made of the unseen ids).
    Raises SadvaeError for unknown names, and for ids that the dataset does not have.
    """
    count = class_count or CLASS_COUNTS.get(dataset)
    if count is None:
        raise SadvaeError(f"the number of classes of dataset {dataset!r} is not known; give class names or a count.")
    published = _published().get(dataset, {})
    if name in published:
        entry = published[name]
    elif match := _RANDOM.fullmatch(name):
        entry = _random(name, count, *map(int, match.groups()))
    elif name.endswith(".json"):
        entry = _with_ids(split_entries(Path(name)), name, class_names)
    else:
        known = ", ".join((*published, "random-SEEN-UNSEEN-SEED", "or a .json file"))
        raise SadvaeError(f"unknown split {name!r} of {dataset}; expected {known}.")
    return build_split(name, entry["unseen"], count, validation_unseen or tuple(entry.get("validation_unseen", ())))


def split_entries(path: Path) -> dict[str, list[str | int]]:
    """The classes, names or ids, that a split file lists under "unseen" and "validation_unseen".

    Raises SadvaeError if it is not a split.
    """
    value = read_json(path)
    stray = next((key for key in value if key not in PARTS), None) if isinstance(value, dict) else None
    if stray is not None:
        raise SadvaeError(f"{path} is not a split: {unknown(stray, PARTS)}.")
    shape = isinstance(value, dict) and "unseen" in value
    if not shape or not all(isinstance(v, list) and all(type(c) in (int, str) for c in v) for v in value.values()):
        raise _no_split(str(path))
    return value


def build_split(name: str, unseen: list[int], count: int, validation_unseen: tuple[int, ...] = ()) -> ClassSplit:
    """A split of classes 0 to count - 1: `unseen`, all others seen; validation_unseen as in load_split."""
    beyond = [c for c in (*unseen, *validation_unseen) if not 0 <= c < count]
    if beyond:
        raise SadvaeError(f"split {name!r} names class {beyond[0]}; the dataset has classes 0 to {count - 1}.")
    seen = tuple(c for c in range(count) if c not in set(unseen))
    return ClassSplit(name, seen, tuple(sorted(unseen)), validation_unseen or draw_validation(seen, tuple(unseen)))


def draw_validation(seen: tuple[int, ...], unseen: tuple[int, ...]) -> tuple[int, ...]:
    """Seen classes to hold out: as many as unseen ones, at most a third of the seen; drawn by the ids alone."""
    count = min(len(unseen), len(seen) // 3)
    if count == 0:
        return ()
    generator = np.random.default_rng(sorted(unseen))
    return tuple(sorted(int(c) for c in generator.choice(np.array(sorted(seen)), count, replace=False)))


def _random(name: str, count: int, seen: int, unseen: int, seed: int) -> dict[str, list[int]]:
    if seen + unseen != count or unseen == 0 or seen == 0:
        raise SadvaeError(f"split {name!r} speaks of {seen} + {unseen} classes; the dataset has {count}.")
    chosen = np.random.default_rng(seed).choice(count, unseen, replace=False)
    return {"unseen": sorted(int(c) for c in chosen)}


def _no_split(where: str) -> SadvaeError:
    return SadvaeError(
        f'{where} is not a split; expected {{"unseen": [...], "validation_unseen": [...]}} with class names or ids.'
    )


def _with_ids(value: dict[str, list[str | int]], where: str, class_names: Sequence[str]) -> dict[str, list[int]]:
    """The content of a split file with ids in place of names. Raises SadvaeError in the names that the file has."""
    ids = {name.casefold(): position for position, name in enumerate(class_names)}

    def found(entry: str | int) -> int:
        if isinstance(entry, int):
            return entry
        if not ids:
            raise _no_split(where)
        if entry.strip().casefold() not in ids:
            near = get_close_matches(entry, class_names, 3, 0.4)
            which = f"the nearest are {', '.join(near)}" if near else f"they are {', '.join(class_names[:3])}, ..."
            raise SadvaeError(f"{where} names {entry!r}, no class of these data; {which}.")
        return ids[entry.strip().casefold()]

    entry = {part: [found(one) for one in classes] for part, classes in value.items()}
    _check_once(entry, value, where)
    return entry


def _check_once(entry: dict[str, list[int]], value: dict[str, list[str | int]], where: str) -> None:
    """Refuse a class that is listed twice, in the word that the file has for it."""
    for part, classes in entry.items():
        for place, one in enumerate(classes):
            if one in classes[:place]:
                raise SadvaeError(f"split {where!r} lists class {value[part][place]!r} twice among its {part} classes.")
            if part == "validation_unseen" and one in entry["unseen"]:
                raise SadvaeError(
                    f"split {where!r} holds out class {value[part][place]!r} that is not one of its seen classes; take "
                    "it out of its unseen or out of its validation_unseen classes."
                )


def _published() -> dict[str, Any]:
    return read_json(Path(str(files("sadvae.splits") / "published.json")))
