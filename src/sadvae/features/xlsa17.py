"""The .mat files of "Zero-Shot Learning: A Comprehensive Evaluation" (xlsa17; format D of docs/data.md)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError, located
from sadvae.features.folder import FeatureLevel, Features
from sadvae.features.parts import class_ids, feature_part, rows
from sadvae.files import hash_arrays, read_bytes
from sadvae.mat_file import read_mat_array
from sadvae.types import ClassEmbeddings, ClassSplit, FeatureSet

FEATURES, SPLITS = "res101.mat", "att_splits.mat"
MAX_BYTES = 2 * 2**30
LARGEST = 1e30


def is_xlsa17(folder: Path) -> bool:
    """Whether a folder holds both files."""
    return (folder / FEATURES).is_file() and (folder / SPLITS).is_file()


def read_xlsa17(folder: Path) -> tuple[Features, ClassEmbeddings]:
    """The features (test level alone) and the attributes of the classes as unit vectors.

    Labels and places of clips count from 1 in the files, from 0 here. Raises SadvaeError that names the faulty array.
    """
    file = folder / FEATURES
    data = read_bytes(file, MAX_BYTES)
    x = read_mat_array(data, "features", str(file), MAX_BYTES)
    labels = class_ids(read_mat_array(data, "labels", str(file), MAX_BYTES).reshape(-1), f"{file}: labels") - 1
    del data
    att, places = _splits(folder / SPLITS, len(labels))
    if x.ndim != 2:
        raise SadvaeError(f"{file}: features has shape {x.shape}; expected [d, clip].")
    every = feature_part(x.T, labels, (f"{file}: features", f"{file}: labels"), f"{folder.name}/clip", att.shape[1])
    train, seen, unseen = (_at(every, found) for found in places)
    split = _split(folder, train, unseen)
    names = tuple(f"class {c}" for c in range(att.shape[1]))
    level = FeatureLevel(split, train, seen, unseen, ("unknown_encoder",))
    with located(folder):
        return Features(folder.name, names, level), _unit(att, folder)


def _splits(file: Path, count: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """The attributes [e, class], and the places of training, seen test and unseen test clips."""
    data = read_bytes(file, MAX_BYTES)
    att = read_mat_array(data, "att", str(file), MAX_BYTES)
    if att.ndim != 2 or 0 in att.shape or not (np.abs(att) < LARGEST).all():
        raise SadvaeError(f"{file}: att has shape {att.shape}; expected finite numbers [attribute, class].")
    places = []
    for key in ("trainval_loc", "test_seen_loc", "test_unseen_loc"):
        found = class_ids(read_mat_array(data, key, str(file), MAX_BYTES).reshape(-1), f"{file}: {key}") - 1
        if found.size and not 0 <= found.min() <= found.max() < count:
            raise SadvaeError(f"{file}: {key} names clip {int(found.max()) + 1}; there are {count}.")
        places.append(found)
    return att, places


def _at(every: FeatureSet, places: np.ndarray) -> FeatureSet:
    keep = np.zeros(len(every.labels), bool)
    keep[places] = True
    return rows(every, keep)


def _split(folder: Path, train: FeatureSet, unseen: FeatureSet) -> ClassSplit:
    seen_ids, unseen_ids = (tuple(sorted(set(part.labels.tolist()))) for part in (train, unseen))
    return ClassSplit(f"{folder.name}-xlsa17", seen_ids, unseen_ids)


def _unit(att: np.ndarray, folder: Path) -> ClassEmbeddings:
    norms = np.linalg.norm(att, axis=0)
    missing = np.flatnonzero(norms == 0)
    if len(missing):
        raise SadvaeError(
            f"{folder / SPLITS}: att says nothing of class {missing[0] + 1} (all zeros); fill its column in."
        )
    with np.errstate(over="ignore"):
        vectors = np.ascontiguousarray((att / norms).T, np.float32)
    return ClassEmbeddings(tuple(range(len(vectors))), vectors, f"{folder.name} attributes", hash_arrays(vectors))
