"""Arrays of graph-convolution projects: ST-GCN, 2s-AGCN, Shift-GCN and SMIE (.npy), CTR-GCN and its PKU form (.npz)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import array_names
from sadvae.skeleton.collection import (
    MOST_CLASSES,
    Collection,
    ManyFormat,
    first_bytes,
    float32_joints,
    image_joints,
    layout_of_count,
    same_layout,
    trimmed,
)
from sadvae.skeleton.mapped import map_npy, map_npz
from sadvae.skeleton.ntu import NTU
from sadvae.skeleton.safe_pickle import read_pickle
from sadvae.types import Layout, SkeletonClip

_DATA = re.compile(r"(?P<part>[\w-]+?)_data(?P<kind>_joint)?\.npy", re.ASCII)
_BY_CLASSES = {60: "ntu60", 120: "ntu120", 51: "pku51"}


@dataclass(frozen=True, eq=False)
class _Part:
    """One array of clips [clip, coordinate, frame, joint, person], mapped, with a name and a label for each.

    side: "train" or "test", the part of the published division; it stands for the subject where people are not named.
    """

    where: str
    data: np.ndarray
    names: Sequence[str]
    labels: np.ndarray
    side: str = ""


def is_npy_clips(path: Path) -> bool:
    """Whether a file is an array of clips by its name: train_data.npy, val_data_joint.npy, seen_train_data.npy, ..."""
    return bool(_DATA.fullmatch(path.name)) and first_bytes(path, 6) in (b"\x93NUMPY", b"")


def is_ctr_npz(path: Path) -> bool:
    """Whether an .npz file holds x_train or x_test."""
    return path.suffix.lower() == ".npz" and bool({"x_train", "x_test"} & set(array_names(path)))


def open_npy_clips(paths: Sequence[Path], layout: Layout | None) -> Collection:
    """The clips of .npy arrays [clip, 3, frame, joint, person] with their label files; the arrays stay on the disk.

    Labels lie beside the data as a pickle of (names, labels), or as an .npy of class ids (SMIE). Three coordinates are
    positions, but of 18 joints (Kinetics) they are x, y and a score. Raises SadvaeError that names the faulty file.
    """
    return _collection([_npy_part(path) for path in paths], paths[0], layout, 0)


def open_ctr_npz(paths: Sequence[Path], layout: Layout | None) -> Collection:
    """The clips of .npz files with x_train, y_train, x_test, y_test; x stays on the disk where it is stored plainly.

    x: [clip, frame, 150] (frame, person, joint, coordinate) with one-hot y, or [clip, 3, frame, joint, person] with
    y [clip, 1] of class ids. Raises SadvaeError that names the faulty array.
    """
    made = [part for path in paths for part in _ctr_parts(path)]
    return _collection([part for part, _ in made], paths[0], layout, max(classes for _, classes in made))


def label_files(path: Path) -> list[Path]:
    """The label file beside an array of clips: PART_label.pkl or else PART_label.npy; empty where there is none."""
    part = _part_name(path)
    return [p for p in (path.with_name(f"{part}_label.pkl"), path.with_name(f"{part}_label.npy")) if p.is_file()][:1]


def _part_name(path: Path) -> str:
    found = _DATA.fullmatch(path.name)
    return found["part"] if found else path.stem


def _npy_part(path: Path) -> _Part:
    data, part = map_npy(path), _part_name(path)
    beside = label_files(path)
    if not beside:
        raise SadvaeError(f"{path} has no label file {part}_label.pkl or {part}_label.npy beside it.")
    if beside[0].suffix == ".pkl":
        names, labels = _pickled_labels(beside[0])
    else:
        labels = np.asarray(map_npy(beside[0])).reshape(-1)
        names = [f"{part}-{i}" for i in range(len(labels))]
    return _checked(_Part(str(path), data, names, labels, "train" if part in ("train", "seen_train") else "test"))


def _pickled_labels(path: Path) -> tuple[list[str], np.ndarray]:
    content = read_pickle(path)
    if not isinstance(content, list | tuple) or len(content) < 2:
        raise SadvaeError(f"{path} holds no pair of names and labels.")
    names, labels = content[0], content[1]
    if isinstance(names, np.ndarray):
        names = names.tolist()
    texts = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if isinstance(labels, list | tuple):
        whole = all(isinstance(label, int | np.integer) and -1 < label < MOST_CLASSES for label in labels)
        labels = np.array(labels, np.int64) if whole else None
    if not texts or not isinstance(labels, np.ndarray):
        raise SadvaeError(f"{path} holds no pair of a list of names and a list of class ids.")
    return list(names), labels


def _ctr_parts(path: Path) -> list[tuple[_Part, int]]:
    parts = []
    for part in ("train", "test"):
        arrays = map_npz(path, (f"x_{part}", f"y_{part}"))
        if not arrays:
            continue
        if len(arrays) != 2:
            raise SadvaeError(f"{path} has only one of x_{part} and y_{part}; expected both.")
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        labels, classes = _labels_of(y, f"{path}: y_{part}")
        names = [f"{part}-{i}" for i in range(len(labels))]
        parts.append(
            (_checked(_Part(f"{path}: x_{part}", _five_sides(x, f"{path}: x_{part}"), names, labels, part)), classes)
        )
    if not parts:
        raise SadvaeError(f"{path} holds neither x_train nor x_test.")
    return parts


def _labels_of(y: np.ndarray, where: str) -> tuple[np.ndarray, int]:
    """Class ids of one-hot rows or of a column, and how many classes rows have (0: unknown)."""
    if y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
        return np.asarray(y).reshape(-1), 0
    if y.ndim != 2 or not ((y == 0) | (y == 1)).all() or not (y.sum(axis=1) == 1).all():
        raise SadvaeError(f"{where} has shape {y.shape} and is not one-hot; expected a 1 in each row.")
    return y.argmax(axis=1), y.shape[1]


def _five_sides(x: np.ndarray, where: str) -> np.ndarray:
    if x.ndim == 3 and x.shape[2] == 150:
        return x.reshape(*x.shape[:2], 2, 25, 3).transpose(0, 4, 1, 3, 2)
    if x.ndim != 5:
        raise SadvaeError(
            f"{where} has shape {x.shape}; expected [clip, frame, 150] or [clip, 3, frame, joint, person]."
        )
    return x


def _checked(part: _Part) -> _Part:
    data, labels = part.data, part.labels
    if data.ndim != 5 or data.shape[1] != 3 or data.dtype.kind != "f" or 0 in data.shape:
        raise SadvaeError(
            f"{part.where} has shape {data.shape} and type {data.dtype}; expected floats "
            "[clip, 3, frame, joint, person]."
        )
    if labels.ndim != 1 or len(labels) != len(data) or len(part.names) != len(data):
        raise SadvaeError(f"{part.where} has {len(data)} clips, {len(part.names)} names and {labels.size} labels.")
    if labels.dtype.kind not in "iuf" or not _are_class_ids(labels):
        raise SadvaeError(f"{part.where}: its labels are not class ids from 0.")
    return replace(part, labels=labels.astype(np.int64))


def _are_class_ids(labels: np.ndarray) -> bool:
    # float64 holds every id and the bound; a damaged float may be a signalling NaN, which warns where it is converted.
    with np.errstate(invalid="ignore"):
        numbers = labels.astype(np.float64)
    return bool(((numbers >= 0) & (numbers < MOST_CLASSES) & (numbers == np.floor(numbers))).all())


def _collection(parts: Sequence[_Part], source: Path, layout: Layout | None, classes: int) -> Collection:
    own: Layout | None = None
    for part in parts:
        own = same_layout(layout_of_count(part.data.shape[3], layout, part.where), own, Path(part.where))
    if own is None:
        raise SadvaeError(f"{source} holds no clips.")
    used, ends = own, np.cumsum([len(part.data) for part in parts])

    def clip(place: int) -> SkeletonClip:
        number = int(np.searchsorted(ends, place, side="right"))
        part = parts[number]
        return _clip(part, place - int(ends[number]) + len(part.data), used)

    dataset = _BY_CLASSES.get(classes) or _dataset(parts, source)
    return Collection(source, dataset, used, int(ends[-1]), clip)


def _clip(part: _Part, row: int, layout: Layout) -> SkeletonClip:
    values = part.data[row].transpose(3, 1, 2, 0)
    joints = trimmed(values if len(layout.joints) != 18 else image_joints(values[..., :2], values[..., 2]))
    name, where = part.names[row], f"{part.where}: clip {row}"
    found = float32_joints(joints, where)
    subject = _subject(name) or part.side or None
    return SkeletonClip(found, layout, name.removesuffix(".skeleton"), int(part.labels[row]), subject)


def _subject(name: str) -> str | None:
    return NTU.label_and_subject(Path(f"{name.removesuffix('.skeleton')}.skeleton"))[1]


def _dataset(parts: Sequence[_Part], source: Path) -> str:
    """ntu60 or ntu120 where all names are NTU's, or else the name of the folder."""
    if all(_subject(name) for part in parts for name in part.names):
        return "ntu60" if max(int(part.labels.max()) for part in parts) < 60 else "ntu120"
    return source.resolve().parent.name if source.suffix == ".npy" else source.stem


NPY_CLIPS = ManyFormat("npy", "ST-GCN array", (".npy",), is_npy_clips, open_npy_clips, label_files)
CTR_NPZ = ManyFormat("ctr", "CTR-GCN archive", (".npz",), is_ctr_npz, open_ctr_npz)
