"""The clips file: an .npz of clips that NumPy alone can write, for raw and for prepared clips (docs/clips.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError, located
from sadvae.files import read_arrays, write_arrays
from sadvae.skeleton.clips_entries import Entries, read_entries
from sadvae.skeleton.layouts import layout_from_json, layout_names, layout_to_json, load_layout
from sadvae.types import ClipSet, Layout, SkeletonClip

KEYS = ("data", "lengths", "label", "subject", "names", "person", "layout", "dataset", "class_names", "steps")


def write_clips_file(path: Path, clips: ClipSet) -> None:
    """Write clips as a clips file, atomically; read_clips_file gives them back exactly."""
    bodies = [(clip, person) for clip in clips.clips for person in range(len(clip.joints))]
    empty = np.zeros((0, len(clips.layout.joints), 3), np.float32)
    arrays = {
        "data": np.concatenate([empty, *(clip.joints[person] for clip, person in bodies)]),
        "lengths": np.array([clip.joints.shape[1] for clip, _ in bodies], np.int64),
        "label": np.array([-1 if clip.label is None else clip.label for clip, _ in bodies], np.int64),
        "names": _strings([clip.clip_id for clip, _ in bodies]),
        "person": np.array([person for _, person in bodies], np.int64),
        "layout": np.array(json.dumps(layout_to_json(clips.layout))),
        "dataset": np.array(clips.dataset),
        "class_names": _strings(clips.class_names),
        "steps": _strings(clips.steps),
    }
    if any(clip.subject is not None for clip in clips.clips):
        arrays["subject"] = _strings([clip.subject or "" for clip, _ in bodies])
    write_arrays(path, arrays)


def read_clips_file(
    path: Path,
    layout: str | Path | None = None,
    *,
    dataset: str | None = None,
    class_names: Sequence[str] | None = None,
    mapped: bool = False,
) -> ClipSet:
    """The clips of a clips file.

    layout: a built-in name or a layout file, needed where the clips file names none. dataset, class_names: take these
    in place of the file's own. A file that names no classes gets "action 1", "action 2" and so on.
    mapped: leave the joints on the disk until they are used; that they are finite is then not checked here.
    Raises SadvaeError that names the file and what in it is wrong, or a class that class_names have at another place.
    """
    path = Path(path)
    entries = _entries(path, mapped)
    own = _layout(entries.layout, layout, path)
    with located(path):
        clips = _clips(entries, own)
    count = 1 + max((clip.label for clip in clips if clip.label is not None), default=-1)
    _check_order(class_names or (), entries.class_names, path)
    names = class_names or entries.class_names or tuple(f"action {i + 1}" for i in range(count))
    with located(path):
        return ClipSet(dataset or entries.dataset or path.stem, own, clips, tuple(names), entries.steps)


def _check_order(given: Sequence[str], own: Sequence[str], path: Path) -> None:
    """Refuse class names of elsewhere that are the file's own in another order: labels would get wrong names."""
    known = {name.casefold(): position for position, name in enumerate(own)}
    for position, name in enumerate(given):
        if known.get(name.casefold(), position) != position:
            raise SadvaeError(
                f"class {name!r} has number {known[name.casefold()]} in {path} and number {position} in the list of "
                "classes (counted from 0); put both in the same order."
            )


def clips_file_dataset(path: Path) -> str:
    """The name of the data set that a clips file gives, or else its own name. Raises SadvaeError as reading does."""
    return _entries(path).dataset or path.stem


def _entries(path: Path, mapped: bool = False) -> Entries:
    arrays = read_arrays(path, {"data"} if mapped else ())
    missing = [key for key in ("data", "lengths") if key not in arrays]
    unknown = [key for key in arrays if key not in KEYS]
    if missing or unknown:
        wrong = f"has no array {missing[0]!r}" if missing else f"holds the unknown array {unknown[0]!r}"
        raise SadvaeError(f"{path} {wrong}; a clips file holds data and lengths, and may hold {', '.join(KEYS[2:])}.")
    return read_entries(arrays, path)


def _layout(text: str, given: str | Path | None, path: Path) -> Layout:
    """The layout that a clips file names, by JSON or built-in name, or else the given one."""
    if not text:
        if given is None:
            raise SadvaeError(
                f"{path} names no layout; give one with --layout: {', '.join(layout_names())} or the path of a layout "
                ".json file."
            )
        return load_layout(given)
    if text in layout_names():
        own = load_layout(text)
    elif text.lstrip().startswith("{"):
        own = layout_from_json(text, f"in {path}")
    else:
        raise SadvaeError(
            f"{path} names the layout {text[:40]!r}; expected {', '.join(layout_names())}, or the JSON of a layout."
        )
    if given is not None and load_layout(given).joints != own.joints:
        raise SadvaeError(
            f"{path} has the layout {own.name!r} of its own, which differs from {str(given)!r}; omit that."
        )
    return own


def _clips(entries: Entries, layout: Layout) -> tuple[SkeletonClip, ...]:
    """Clips as views of the data: the bodies of a clip lie one after the other."""
    starts = np.cumsum(entries.lengths) - entries.lengths
    first = np.flatnonzero(entries.person == 0)
    persons = np.diff(np.append(first, len(entries.person)))
    clips = []
    for entry, count in zip(first.tolist(), persons.tolist(), strict=True):
        start, frames = int(starts[entry]), int(entries.lengths[entry])
        joints = entries.data[start : start + count * frames].reshape(count, frames, *entries.data.shape[1:])
        label = int(entries.label[entry])
        subject = entries.subject[entry] or None if entries.subject else None
        clips.append(SkeletonClip(joints, layout, entries.names[entry], None if label < 0 else label, subject))
    return tuple(clips)


def _strings(values: Sequence[str]) -> np.ndarray:
    ended = [value for value in values if value.endswith("\0")]
    if ended:
        raise SadvaeError(f"{ended[0]!r} ends with a null character, which a clips file cannot keep; rename it.")
    return np.array(list(values), dtype=np.str_) if values else np.zeros(0, "<U1")
