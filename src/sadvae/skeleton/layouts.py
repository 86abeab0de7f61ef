"""Skeleton layouts: the built-in ones, those of users' JSON files, and their JSON form."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sadvae.errors import SadvaeError
from sadvae.files import read_bytes
from sadvae.types import Layout

MAX_LAYOUT_BYTES = 2**20


class _LayoutFile(BaseModel):
    """A layout as its JSON file has it: bones and landmarks by joint name."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(min_length=1)
    joints: list[str] = Field(min_length=1, max_length=1000)
    bones: list[list[str]] = Field(max_length=10_000)
    hips: list[str] = Field(min_length=2, max_length=2)
    spine: str
    shoulders: list[str] = Field(min_length=2, max_length=2)


@cache
def layout_names() -> tuple[str, ...]:
    """The names of the built-in layouts, sorted."""
    entries = (files("sadvae.skeleton") / "data").iterdir()
    return tuple(sorted(entry.name.removesuffix(".json") for entry in entries if entry.name.endswith(".json")))


def load_layout(name_or_path: str | Path) -> Layout:
    """A layout by its built-in name, or from a JSON file of the same form as the built-in ones (docs/clips.md).

    Raises SadvaeError for an unknown name and for a file that is missing or is not a layout.
    """
    name = str(name_or_path)
    if name in layout_names():
        return _built_in(name)
    path = Path(name_or_path)
    if path.suffix != ".json" and not path.is_file():
        raise SadvaeError(
            f"unknown layout {name!r}; choose {', '.join(layout_names())}, or give the path of a layout .json file."
        )
    return layout_from_json(read_bytes(path, MAX_LAYOUT_BYTES), str(path))


@cache
def _built_in(name: str) -> Layout:
    return layout_from_json((files("sadvae.skeleton") / "data" / f"{name}.json").read_text("utf-8"), name)


def layout_from_json(text: str | bytes, where: str) -> Layout:
    """A layout from its JSON text; `where` names the source in errors. Raises SadvaeError if it is not a layout."""
    try:
        found = _LayoutFile.model_validate(json.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the whole"
        raise SadvaeError(f"layout {where}: {field}: {first['msg']}; see docs/clips.md for the form.") from error
    except (ValueError, RecursionError) as error:
        raise SadvaeError(f"layout {where} is not valid JSON: {error}.") from error
    return _checked(found, where)


def layout_to_json(layout: Layout) -> dict[str, Any]:
    """A layout as the object that a layout file holds; layout_from_json of it is equal to the layout."""
    return {
        "name": layout.name,
        "joints": list(layout.joints),
        "bones": [[layout.joints[parent], layout.joints[child]] for parent, child in layout.bones],
        "hips": [layout.joints[joint] for joint in layout.hips],
        "spine": layout.joints[layout.spine],
        "shoulders": [layout.joints[joint] for joint in layout.shoulders],
    }


def _checked(found: _LayoutFile, where: str) -> Layout:
    index = {name: position for position, name in enumerate(found.joints)}
    pairs = [bone for bone in found.bones if len(bone) != 2 or bone[0] == bone[1]]
    if pairs:
        raise SadvaeError(f"layout {where}: bone {pairs[0]} is not a pair of two joint names.")
    used = [*found.hips, found.spine, *found.shoulders, *(joint for bone in found.bones for joint in bone)]
    unknown = [name for name in used if name not in index]
    if unknown:
        raise SadvaeError(f"layout {where}: {unknown[0]!r} is not one of its joints; bones and landmarks name joints.")
    if len({*found.hips, found.spine}) < 3 or len({*found.shoulders, *found.hips}) < 4:
        raise SadvaeError(f"layout {where}: hips, spine and shoulders name one joint twice; give each its own.")
    hips, shoulders = ((index[left], index[right]) for left, right in (found.hips, found.shoulders))
    bones = tuple((index[parent], index[child]) for parent, child in found.bones)
    reached = _joined(index[found.spine], bones)
    alone = [name for name, joint in index.items() if joint not in reached]
    if alone:
        missing = f"no bones join {alone[0]!r} to its spine {found.spine!r}"
        raise SadvaeError(f"layout {where}: {missing}; list bones until they join every joint.")
    return Layout(found.name, tuple(found.joints), bones, hips, index[found.spine], shoulders)


def _joined(start: int, bones: Sequence[tuple[int, int]]) -> set[int]:
    """The joints that bones lead to from one of them, itself among them."""
    beside: dict[int, list[int]] = defaultdict(list)
    for one, other in bones:
        beside[one].append(other)
        beside[other].append(one)
    reached, waiting = {start}, [start]
    while waiting:
        new = set(beside[waiting.pop()]) - reached
        reached |= new
        waiting += new
    return reached
