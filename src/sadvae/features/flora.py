"""Feature archives of Flora: one .npz of training, unseen and all test clips (format C of docs/data.md)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError, located
from sadvae.features.folder import Features
from sadvae.features.parts import class_ids, every_test_clip, feature_part, level_of_parts
from sadvae.files import array_names, read_arrays, write_arrays
from sadvae.types import ClassSplit

PARTS = ("train", "zsl", "gzsl")
KEYS = tuple(f"{part}_{kind}" for part in PARTS for kind in ("data", "label"))


def is_flora(path: Path) -> bool:
    """Whether an .npz file has the arrays of Flora."""
    return path.suffix == ".npz" and {"train_data", "zsl_data"} <= set(array_names(path))


def read_flora(
    path: Path, class_count: int | None = None, class_names: tuple[str, ...] | None = None, dataset: str | None = None
) -> Features:
    """The features of an archive: the test level alone, for the form has no calibration level.

    class_count: classes of the data set (default: up to the largest label). Raises SadvaeError that names the fault.
    """
    arrays = read_arrays(path)
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise SadvaeError(f"{path} has no array {missing[0]!r}; expected {', '.join(KEYS)}.")
    labels = {part: class_ids(arrays[f"{part}_label"].reshape(-1), f"{path}: {part}_label") for part in PARTS}
    count = class_count or 1 + max(int(found.max(initial=0)) for found in labels.values())
    train, unseen, every = (
        feature_part(
            arrays[f"{part}_data"],
            labels[part],
            (f"{path}: {part}_data", f"{path}: {part}_label"),
            f"{path.stem}/{part}",
            count,
        )
        for part in PARTS
    )
    held = tuple(sorted(set(unseen.labels.tolist())))
    split = ClassSplit(f"{path.stem}-flora", tuple(c for c in range(count) if c not in set(held)), held)
    names = class_names or tuple(f"class {c}" for c in range(count))
    level = level_of_parts(split, train, unseen, every, str(path), ("zsl_data", "gzsl_data"))
    with located(path):
        return Features(dataset or path.stem, names, level)


def write_flora(path: Path, features: Features) -> None:
    """Write the test level of features as such an archive; the calibration level has no place in it."""
    level = features.test
    data, labels, _ = every_test_clip(level)
    parts = {
        "train": (level.train.features, level.train.labels),
        "zsl": (level.test_unseen.features, level.test_unseen.labels),
        "gzsl": (data, labels),
    }
    found = {
        f"{part}_{kind}": array
        for part, pair in parts.items()
        for kind, array in zip(("data", "label"), pair, strict=True)
    }
    write_arrays(path, {key: np.ascontiguousarray(array) for key, array in found.items()})
