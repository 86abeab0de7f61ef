"""What a reader of one raw format gives back: a clip's joints and what its file name says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.types import FloatArray, Layout, SkeletonClip


@dataclass(frozen=True)
class RawFormat:
    """A published format of one recording a file.

    name: of the data set. title: for sentences. suffix: of its files. pattern: of its file names, with the groups
    `action` (1-based) and `subject`. classes: how many the data set has. layout: a built-in layout.
    read: from path to joints, float [person, frame, joint, 3], metres, y up, not mirrored, in the layout's order.
    beside: the files that belong to one, as a skeleton that several recordings share.
    read_all: the same as read with every body that the sensor reported, where `read` drops or joins some.
    """

    name: str
    title: str
    suffix: str
    pattern: str
    classes: int
    layout: str
    read: Callable[[Path], np.ndarray]
    beside: Callable[[Path], Sequence[Path]] = lambda _: ()
    read_all: Callable[[Path], np.ndarray] | None = None

    def names_action(self, path: Path) -> bool:
        """Whether a file's name is one of this data set's."""
        return self._match(path) is not None

    def label_and_subject(self, path: Path) -> tuple[int | None, str | None]:
        """The class id and the subject that a file's name says; None where it says none."""
        found = self._match(path)
        groups = found.groupdict() if found else {}
        action, subject = groups.get("action"), groups.get("subject")
        return (int(action) - 1 if action else None, _plain(subject) if subject else None)

    def read_clip(self, path: Path, layout: Layout, *, all_bodies: bool = False) -> SkeletonClip:
        """The clip of a file; all_bodies: every one that the sensor reported. Raises SadvaeError if it is damaged."""
        read = (self.read_all or self.read) if all_bodies else self.read
        joints = as_joints(read(path), path)
        return SkeletonClip(joints, layout, path.stem, *self.label_and_subject(path))

    def _match(self, path: Path) -> re.Match[str] | None:
        return re.fullmatch(self.pattern, path.name, re.IGNORECASE | re.ASCII)


def _plain(subject: str) -> str:
    return str(int(subject)) if subject.isdigit() else subject


def as_joints(values: np.ndarray, path: Path) -> FloatArray:
    """Positions as float32. Raises SadvaeError if one is not finite in that type."""
    with np.errstate(over="ignore", invalid="ignore"):
        joints = values.astype(np.float32)
    if not np.isfinite(joints).all():
        raise SadvaeError(f"{path} holds a position that is not a finite number; expected metres.")
    return joints
