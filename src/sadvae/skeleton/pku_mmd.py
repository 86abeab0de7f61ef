"""PKU-MMD: long recordings, one line of 150 numbers a frame, cut to clips by label files of the same names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import read_bytes
from sadvae.skeleton.collection import Collection, ManyFormat, first_bytes, float32_joints, trimmed
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.number_lines import parse_number_lines
from sadvae.types import Layout, SkeletonClip

MAX_BYTES = 256 * 2**20
MAX_LABEL_BYTES = 2**20
COLUMNS = 150
CLASSES = 51
_NAME = re.compile(r"(\d{4})-[LMR]\.txt", re.ASCII)

Cut = tuple[int, int, int]


def is_pku_frames(path: Path) -> bool:
    """Whether a file holds frames of PKU-MMD: named like 0002-L.txt (label files are too), without commas."""
    head = first_bytes(path)
    return bool(_NAME.fullmatch(path.name)) and b"," not in head and len(head.split(b"\n")[0].split()) != 1


def open_pku(paths: Sequence[Path], layout: Layout | None) -> Collection:
    """The labelled actions of recordings as clips, in order of time; a recording without labels is one clip.

    The subject is the number of the recording: performers are not named, and the three views of one recording share
    its number. Raises SadvaeError where some recordings beside others lack their label file.
    """
    own = load_layout("kinect-v2")
    if layout is not None and layout.joints != own.joints:
        raise SadvaeError(f"{paths[0]} holds PKU-MMD files, whose layout is {own.name}, not {layout.name}.")
    cuts: list[tuple[Path, Cut | None]] = []
    for path in paths:
        label = label_file(path)
        cuts += [(path, cut) for cut in (read_labels(label) if label else [None])]
    opened = _LastFile()

    def clip(place: int) -> SkeletonClip:
        return _clip(opened, own, *cuts[place])

    return Collection(paths[0], "pku51", own, len(cuts), clip, tuple(f"action {i + 1}" for i in range(CLASSES)))


def label_file(path: Path) -> Path | None:
    """The label file of a recording: of its name, with commas, in a folder beside its own (None: there are none)."""
    own = path.resolve().parent
    folders = [own.parent, *(p for p in sorted(own.parent.iterdir()) if p.is_dir() and p != own)]
    found = [folder / path.name for folder in folders if b"," in first_bytes(folder / path.name)]
    if found:
        return found[0]
    labels = [folder for folder in folders[1:] if any(b"," in first_bytes(p) for p in _some_named(folder))]
    if labels:
        raise SadvaeError(f"{path} has no label file {path.name} in {labels[0]}, where others have theirs.")
    return None


def _some_named(folder: Path, most: int = 10) -> list[Path]:
    return [p for p in sorted(folder.iterdir()) if _NAME.fullmatch(p.name)][:most]


def read_labels(path: Path) -> list[Cut]:
    """The actions of a label file: (class id from 0, first frame, end frame), frames from 0, the end not included.

    Lines are `class,start,end[,confidence]`; classes and frames count from 1 there, and both ends are included.
    Raises SadvaeError that names the faulty line.
    """
    cuts = []
    for number, line in enumerate(read_bytes(path, MAX_LABEL_BYTES).splitlines(), start=1):
        if not line.strip():
            continue
        words = [word.strip() for word in line.split(b",")]
        if len(words) not in (3, 4) or not all(word.isdigit() and len(word) < 9 for word in words[:3]):
            shown = line[:40].decode("ascii", "replace")
            raise SadvaeError(f"{path}, line {number}: {shown!r}; expected class,start,end with whole numbers.")
        label, start, end = (int(word) for word in words[:3])
        if not 1 <= label <= CLASSES or not start <= end or end < 1:
            raise SadvaeError(
                f"{path}, line {number}: class {label}, frames {start} to {end}; expected a class of 1 to {CLASSES} "
                "and frames in their order."
            )
        # A few published actions start at frame 0.
        cuts.append((label - 1, max(start, 1) - 1, end))
    if not cuts:
        raise SadvaeError(f"{path} holds no action; expected lines class,start,end.")
    return cuts


def read_frames(path: Path) -> np.ndarray:
    """All frames of a recording: float32 [person (2), frame, 25, 3], metres. Raises SadvaeError for a bad line."""
    lines = read_bytes(path, MAX_BYTES).splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise SadvaeError(f"{path} holds no frame; expected a line of {COLUMNS} numbers for each.")
    values = parse_number_lines(lines, COLUMNS, COLUMNS, str(path))
    return float32_joints(values.reshape(-1, 2, 25, 3).transpose(1, 0, 2, 3), str(path))


class _LastFile:
    """The recording that was read last: its clips follow one another."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._frames = np.zeros(0)

    def frames(self, path: Path) -> np.ndarray:
        if path != self._path:
            self._frames, self._path = read_frames(path), path
        return self._frames


def _clip(opened: _LastFile, layout: Layout, path: Path, cut: Cut | None) -> SkeletonClip:
    frames = opened.frames(path)
    label, start, end = cut or (None, 0, frames.shape[1])
    if start >= frames.shape[1]:
        raise SadvaeError(
            f"{path} has {frames.shape[1]} frames; its label file has an action from frame {start + 1} to {end}."
        )
    found = _NAME.fullmatch(path.name)
    name = path.stem if cut is None else f"{path.stem}/{start + 1}-{end}/{(label or 0) + 1}"
    joints = frames[:, start:end].copy()
    return SkeletonClip(_persons(joints), layout, name, label, found[1] if found else None)


def _persons(joints: np.ndarray) -> np.ndarray:
    """The persons of a clip that were seen, all frames kept."""
    return joints[: trimmed(joints).shape[0]]


def _labels_beside(path: Path) -> list[Path]:
    found = label_file(path)
    return [found] if found else []


PKU_MMD = ManyFormat("pku51", "PKU-MMD", (".txt",), is_pku_frames, open_pku, _labels_beside)
