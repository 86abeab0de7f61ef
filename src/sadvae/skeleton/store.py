"""A store of clips: a folder of clips files and a manifest, opened without reading the clips into memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import hash_each, read_json, write_json
from sadvae.skeleton.clips_file import read_clips_file, write_clips_file
from sadvae.skeleton.manifest import Manifest, read_manifest
from sadvae.skeleton.read import merged
from sadvae.types import ClipSet, FloatArray, SkeletonClip

MANIFEST, PLAN, SOURCES = "manifest.json", "plan.json", "sources.sha256"
CLIPS_PER_PART = 4096
PART = r"part-\d{5}\.npz"
# Fields by which files of these names are known to be ours.
MARKS = {MANIFEST: {"source_sha256", "facts"}, PLAN: {"raw_format", "files_per_part"}}


def part_name(number: int) -> str:
    """The file name of a part, from 0."""
    return f"part-{number:05d}.npz"


def is_store(path: Path) -> bool:
    """Whether a path is a store, finished or not, or looks like one that is damaged."""
    return path.is_dir() and any((path / name).is_file() for name in (MANIFEST, PLAN))


def _is_ours(folder: Path) -> bool:
    """Whether a folder holds a manifest or plan of a store, of any version: other programs write such names too."""
    for name, fields in MARKS.items():
        with suppress(SadvaeError):
            about = read_json(folder / name)
            if isinstance(about, dict) and fields <= about.keys():
                return True
    return False


def read_clip_store(folder: Path, *, mapped: bool = True) -> ClipSet:
    """The clips of a store, in order.

    mapped: joints are views of the files and are read from the disk when they are used; whether they are finite is for
    whoever uses them to check, as the encoders do. Otherwise they are read and checked now.
    Raises SadvaeError where the store is unfinished or damaged.
    """
    if not (folder / MANIFEST).is_file():
        raise SadvaeError(f"{folder} is not finished: it has no {MANIFEST}; give the same `sadvae prepare` again.")
    parts = read_manifest(folder / MANIFEST).parts
    stray = [name for name in parts if not re.fullmatch(PART, name, re.ASCII)]
    if stray or not parts:
        raise SadvaeError(f"{folder}/{MANIFEST} names the part {(stray or ['(none)'])[0]!r}; expected part-00000.npz.")
    sets = [read_clips_file(folder / name, mapped=mapped) for name in parts]
    return replace(merged(sets, folder), source=folder.resolve() if mapped else None)


def hash_parts(paths: Iterable[Path]) -> str:
    """hash_clips of all clips of a store; the pages of one part at a time are in memory.

    Raises SadvaeError where a clip holds a number that is not finite.
    """
    return hash_each(_finite(clip) for path in paths for clip in read_clips_file(path, mapped=True).clips)


def _finite(clip: SkeletonClip) -> FloatArray:
    if not np.isfinite(clip.joints).all():
        raise SadvaeError(f"clip {clip.clip_id!r} holds a number that is not finite; prepare the clips again.")
    return clip.joints


def read_prepared(path: str | Path) -> ClipSet:
    """The clips of a clips file, read into memory, or of a store, mapped."""
    path = Path(path)
    return read_clip_store(path) if path.is_dir() else read_clips_file(path)


def write_clip_store(folder: Path, clips: ClipSet, manifest: Manifest) -> Manifest:
    """Write clips as a store; returns their manifest with the names of the parts, which it writes last."""
    empty_store(folder)
    starts = range(0, max(len(clips.clips), 1), CLIPS_PER_PART)
    for number, start in enumerate(starts):
        part = replace(clips, clips=clips.clips[start : start + CLIPS_PER_PART])
        write_clips_file(folder / part_name(number), part)
    whole = manifest.model_copy(update={"parts": [part_name(number) for number in range(len(starts))]})
    write_json(folder / MANIFEST, whole.model_dump(mode="json"))
    return whole


def empty_store(folder: Path) -> None:
    """Remove a store that is there. Raises SadvaeError where the place holds something else."""
    if folder.exists() and not _is_ours(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise SadvaeError(f"{folder} is there and is not a store of clips; choose another place or remove it.")
    clear_folder(folder)


def clear_folder(folder: Path) -> None:
    """Remove a store; other files that lie in its folder stay."""
    for pattern in ("part-*.npz", "part-*.json", ".*.part", PLAN, MANIFEST, SOURCES):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
