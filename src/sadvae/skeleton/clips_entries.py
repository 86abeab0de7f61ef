"""The arrays of a clips file, checked against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.skeleton.collection import MOST_CLASSES
from sadvae.types import FloatArray, IntArray

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Entries:
    """The bodies of a clips file, one entry each: data [sum of lengths, joint, 3] and what belongs to it.

    person: 0 for the first body of a clip, 1, 2, ... for more bodies of the clip before. Texts are empty where the
    file does not name them; subject is empty as a whole.
    """

    data: FloatArray
    lengths: IntArray
    label: IntArray
    person: IntArray
    names: tuple[str, ...]
    subject: tuple[str, ...]
    class_names: tuple[str, ...]
    steps: tuple[str, ...]
    layout: str
    dataset: str


def read_entries(arrays: Arrays, path: Path) -> Entries:
    """Check the arrays of a clips file. Raises SadvaeError that says which one does not fit."""
    lengths = _integers(arrays["lengths"], "lengths", path)
    count = len(lengths)
    data = _data(arrays["data"], lengths, path)
    person = _per_entry(arrays, "person", 0, count, path)
    _check_persons(person, lengths, path)
    names = _texts(arrays, "names", path) or tuple(f"{path.stem}-{i}" for i in (person == 0).cumsum().tolist())
    subject = _texts(arrays, "subject", path)
    for key, found in (("names", names), ("subject", subject)):
        if found and len(found) != count:
            raise SadvaeError(f"{path}: {key} has {len(found)} entries; lengths has {count}; give one for each.")
    label = _per_entry(arrays, "label", -1, count, path)
    if label.max(initial=0) >= MOST_CLASSES:
        raise SadvaeError(f"{path}: label {label.max()} is not a class id; they are 0 to {MOST_CLASSES - 1}.")
    return Entries(
        data,
        lengths,
        label,
        person,
        names,
        subject,
        _texts(arrays, "class_names", path),
        _texts(arrays, "steps", path),
        _text(arrays, "layout", path),
        _text(arrays, "dataset", path),
    )


def _data(data: np.ndarray, lengths: IntArray, path: Path) -> FloatArray:
    if data.ndim != 3 or data.shape[2] != 3 or data.dtype.kind not in "fiu":
        raise SadvaeError(
            f"{path}: data has shape {data.shape} and type {data.dtype}; expected numbers [sum of lengths, joints, 3]."
        )
    if (lengths < 1).any() or (lengths > len(data)).any() or int(lengths.sum()) != len(data):
        raise SadvaeError(
            f"{path}: data has {len(data)} frames, which lengths does not add up to; expected numbers of frames, 1 or "
            "more, one for each entry."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        return data if _is_ready(data) else np.ascontiguousarray(data, dtype=np.float32)


def _is_ready(data: np.ndarray) -> bool:
    """Whether data can stay where they are; a mapped array is not read for that."""
    return data.dtype == np.float32 and data.flags.c_contiguous


def _integers(array: np.ndarray, key: str, path: Path) -> IntArray:
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array.size and array.max() > 2**62):
        raise SadvaeError(
            f"{path}: {key} has shape {array.shape} and type {array.dtype}; expected integers, one for each entry."
        )
    return array.astype(np.int64)


def _per_entry(arrays: Arrays, key: str, default: int, count: int, path: Path) -> IntArray:
    if key not in arrays:
        return np.full(count, default, np.int64)
    found = _integers(arrays[key], key, path)
    if len(found) != count:
        raise SadvaeError(f"{path}: {key} has {len(found)} entries; lengths has {count}; give one for each.")
    return found


def _check_persons(person: IntArray, lengths: IntArray, path: Path) -> None:
    before = np.concatenate([[-1], person[:-1]])
    other_length = np.concatenate([[0], lengths[:-1]]) != lengths
    bad = (person != 0) & ((person != before + 1) | other_length)
    if bad.any():
        entry = int(bad.argmax())
        raise SadvaeError(
            f"{path}: entry {entry} is person {person[entry]}, but does not follow person {person[entry] - 1} of a "
            "clip of the same length; a clip's bodies are 0, 1, ... one after the other."
        )


def _texts(arrays: Arrays, key: str, path: Path) -> tuple[str, ...]:
    if key not in arrays:
        return ()
    array = arrays[key]
    if array.ndim != 1 or (array.dtype.kind not in "USiu" and array.size):
        raise SadvaeError(f"{path}: {key} has shape {array.shape} and type {array.dtype}; expected a list of strings.")
    return tuple(_decoded(value, key, path) for value in array.tolist())


def _text(arrays: Arrays, key: str, path: Path) -> str:
    if key not in arrays:
        return ""
    array = arrays[key]
    if array.size != 1 or array.dtype.kind not in "US":
        raise SadvaeError(f"{path}: {key} has shape {array.shape} and type {array.dtype}; expected one string.")
    return _decoded(array.item(), key, path)


def _decoded(value: object, key: str, path: Path) -> str:
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else str(value)
        text.encode("utf-8")
    except UnicodeError as error:
        raise SadvaeError(f"{path}: {key} holds text that is not valid Unicode.") from error
    return text
