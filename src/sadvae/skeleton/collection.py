"""What a reader of a format with many clips a file gives back: clips by number, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.skeleton.layouts import load_layout
from sadvae.types import FloatArray, Layout, SkeletonClip


@dataclass(frozen=True, eq=False)
class Collection:
    """Opened files of one format: how many clips they hold, and clip(i), which reads the i-th one.

    class_names: empty where the files name no classes. source: for sentences.
    """

    source: Path
    dataset: str
    layout: Layout
    count: int
    clip: Callable[[int], SkeletonClip]
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ManyFormat:
    """A published format of many clips a file, or of many files a clip.

    suffixes: of its files. matches: whether a file is of the format, by its name and, where names are common, its first
    bytes. open: all such files of a source, with the layout that the user gave (or None), to one collection. beside:
    the files that belong to one, as its labels.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    matches: Callable[[Path], bool]
    open: Callable[[Sequence[Path], Layout | None], Collection]
    beside: Callable[[Path], Sequence[Path]] = lambda _: ()


# Class ids are below this: each class gets a name, so a label without bound would take memory without bound.
MOST_CLASSES = 100_000

_BY_COUNT = {
    17: "coco-17",
    18: "openpose-18",
    20: "kinect-v1",
    25: "kinect-v2",
    26: "halpe-26",
    33: "mediapipe-33",
}


def layout_of_count(joints: int, given: Layout | None, where: str, **other: str) -> Layout:
    """The layout of arrays that say only how many joints they have: the given one, or the usual one of that number.

    other: usual layouts of this format that differ, as n25="openpose-25". Raises SadvaeError where none fits.
    """
    if given is not None:
        if len(given.joints) != joints:
            raise SadvaeError(f"{where} has {joints} joints; layout {given.name} has {len(given.joints)}.")
        return given
    name = other.get(f"n{joints}") or _BY_COUNT.get(joints)
    if name is None:
        raise SadvaeError(f"{where} has {joints} joints, which no built-in layout has; give one with --layout.")
    return load_layout(name)


def same_layout(found: Layout, before: Layout | None, where: Path) -> Layout:
    """`found`, if files before it have the same joints. Raises SadvaeError where they differ."""
    if before is not None and before.joints != found.joints:
        raise SadvaeError(f"{where} has layout {found.name}; the files before it have {before.name}: read them apart.")
    return found


def first_bytes(path: Path, count: int = 4096) -> bytes:
    """The first bytes of a file; none of one that cannot be read (its reader will say so)."""
    try:
        with path.open("rb") as stream:
            return stream.read(count)
    except OSError:
        return b""


def trimmed(joints: np.ndarray) -> np.ndarray:
    """Joints [person, frame, joint, 3] without the zeros that pad them: all-zero last frames and further persons.

    One person and one frame stay at least. Returns a view.
    """
    # Damaged files hold bit patterns that even a comparison complains of; whether all are finite is asked later.
    with np.errstate(invalid="ignore"):
        seen = np.any(joints, axis=(2, 3))
    frames = int(np.flatnonzero(seen.any(axis=0)).max(initial=0)) + 1
    persons = int(np.flatnonzero(seen.any(axis=1)).max(initial=0)) + 1
    return joints[:persons, :frames]


def float32_joints(values: np.ndarray, where: str) -> FloatArray:
    """Positions as float32, without a copy where they are already. Raises SadvaeError if one is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        joints = values.astype(np.float32, copy=False)
    if not np.isfinite(joints).all():
        raise SadvaeError(f"{where} holds a position that is not a finite number.")
    return joints


def image_joints(points: np.ndarray, scores: np.ndarray | None) -> np.ndarray:
    """Image positions [..., 2] (x to the right, y down) as ours [..., 3]: x to the left, y up, third coordinate 0.

    scores: [...]; a joint of score 0 or less is lost, and so is one at (0, 0), which estimators write for none.
    """
    joints = np.zeros((*points.shape[:-1], 3))
    joints[..., :2] = -points
    if scores is not None:
        joints[~(scores > 0)] = 0
    return joints + 0.0
