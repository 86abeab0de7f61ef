"""config.json of an exported recogniser: read and checked without other libraries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sadvae.errors import SadvaeError
from sadvae.files import read_json
from sadvae.types import Layout

FORMAT = "sadvae-onnx-1"
# Fields of PrepareSettings, and what each may be.
PREPARATION: Mapping[str, tuple[type, ...]] = {
    "all_bodies": (bool,),
    "bodies": (int,),
    "order": (str,),
    "shortest": (int,),
    "repeat_to": (int, type(None)),
    "half": (bool,),
    "fill": (bool,),
    "centre": (str,),
    "upright": (bool,),
    "canonicalise": (bool,),
    "most_frames": (int, type(None)),
    "share": (int, float),
    "frames": (int, type(None)),
    "sampling": (str,),
    "steps": (list,),
}
LARGEST = 10_000
# Fields of Tokens, and what each is.
TOKENS: Mapping[str, type] = {
    "inputs": list,
    "limit": int,
    "pad_id": int,
    "pad_type_id": int,
    "pad_token": str,
    "padding_side": str,
    "lower_case": bool,
    "prefix": str,
}
# What a tokenizer gives that a graph may take.
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
# The most tokens of a text that an export states, and the largest number that a tokenizer takes.
LONGEST, LARGEST_ID = 1_000_000, 2**32 - 1
WIDEST = 1_000_000


@dataclass(frozen=True)
class PortableConfig:
    """What the graphs are used with.

    prepare: the fields of PrepareSettings and its steps. class_names, seen: as in a recogniser. text_mode, text_width,
    parts: which texts stand for a name, the width of its vector, and whether verb and noun go beside them.
    tokens: how texts become tokens, None without a text model. has_gate, has_fit: whether the recogniser weighs trained
    classes, and tells that no name fits. gate_names: how many names its gate insists on. layouts: as in a recogniser.
    """

    layout: Layout
    prepare: Any
    class_names: tuple[str, ...]
    seen: tuple[int, ...]
    text_mode: str
    text_width: int
    parts: bool
    tokens: Tokens | None
    has_gate: bool
    has_fit: bool
    gate_names: int | None
    layouts: tuple[str, ...] = ()

    @property
    def seen_names(self) -> tuple[str, ...]:
        """The names of the trained classes."""
        return tuple(self.class_names[c] for c in self.seen)


@dataclass(frozen=True)
class Tokens:
    """How texts become tokens: input names of the graph, most tokens a text, padding, and what is done to texts."""

    inputs: tuple[str, ...]
    limit: int
    pad_id: int
    pad_type_id: int
    pad_token: str
    padding_side: str
    lower_case: bool
    prefix: str


def is_portable(folder: Path) -> bool:
    """Whether a folder is an exported recogniser."""
    if not (Path(folder) / "config.json").is_file():
        return False
    try:
        about = read_json(Path(folder) / "config.json")
    except SadvaeError:
        return False
    return isinstance(about, dict) and about.get("format") == FORMAT


def read_config(folder: Path) -> PortableConfig:
    """Read config.json. Raises SadvaeError if it is missing or not of an exported recogniser."""
    about = read_json(Path(folder) / "config.json")
    try:
        if about["format"] != FORMAT:
            raise SadvaeError(f"{folder} has format {about['format']!r}; an exported recogniser has {FORMAT!r}.")
        return _config(about)
    except (KeyError, OverflowError, TypeError, ValueError, IndexError) as error:
        raise SadvaeError(f"{folder}/config.json lacks or misstates {error}; export the recogniser again.") from error


def _config(about: dict[str, Any]) -> PortableConfig:
    names, seen = tuple(map(str, about["class_names"])), tuple(map(int, about["seen"]))
    if not seen or not all(0 <= c < len(names) for c in seen):
        raise ValueError("the trained classes")
    tokens, layout, width = about["tokens"], about["layout"], int(about["text_width"])
    if not 0 < width <= WIDEST:
        raise ValueError("text_width")
    return PortableConfig(
        Layout(
            str(layout["name"]),
            tuple(map(str, layout["joints"])),
            tuple((int(a), int(b)) for a, b in layout["bones"]),
            _pair(layout["hips"]),
            int(layout["spine"]),
            _pair(layout["shoulders"]),
        ),
        _preparation(about["prepare"]),
        names,
        seen,
        str(about["text_mode"]),
        width,
        bool(about["parts"]),
        None if tokens is None else _tokens(tokens),
        bool(about["has_gate"]),
        bool(about["has_fit"]),
        None if about["gate_names"] is None else int(about["gate_names"]),
        tuple(map(str, about.get("layouts", ()))),
    )


def _pair(value: Any) -> tuple[int, int]:
    left, right = value
    return int(left), int(right)


def _tokens(value: dict[str, Any]) -> Tokens:
    for name in (*value, *TOKENS):
        # Not isinstance, as a bool is an int.
        if name not in TOKENS or type(value[name]) is not TOKENS[name]:
            raise ValueError(f"{name} of tokens")
    fits = {
        "inputs": bool(value["inputs"]) and all(name in INPUTS for name in value["inputs"]),
        "limit": 0 < value["limit"] <= LONGEST,
        "pad_id": 0 <= value["pad_id"] <= LARGEST_ID,
        "pad_type_id": 0 <= value["pad_type_id"] <= LARGEST_ID,
        "padding_side": value["padding_side"] in ("left", "right"),
    }
    wrong = [name for name, fit in fits.items() if not fit]
    if wrong:
        raise ValueError(f"{wrong[0]} of tokens")
    return Tokens(**{**value, "inputs": tuple(value["inputs"])})


def _preparation(value: dict[str, Any]) -> SimpleNamespace:
    for name, kinds in PREPARATION.items():
        field = value[name]
        number = not isinstance(field, bool) and isinstance(field, int | float)
        if not isinstance(field, kinds) or (isinstance(field, bool) and bool not in kinds):
            raise ValueError(f"{name} of prepare")
        if number and not 0 < field <= LARGEST:
            raise ValueError(f"{name} of prepare")
    return SimpleNamespace(**{**{name: value[name] for name in PREPARATION}, "steps": tuple(map(str, value["steps"]))})
