"""Read feature folders in the layout that SynSE and SA-DVAE published (format A of docs/data.md).

A "resources" folder holds sk_feats/{encoder}_{dataset}_{u}_r/ (test level), sk_feats/{encoder}_{dataset}_val_{u}_r/
(calibration level), label_splits/{dataset}/ and text_feats/{dataset}/{encoder}/{text}_{C}.npy.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError, located
from sadvae.features.folder import FeatureLevel, Features
from sadvae.features.parts import feature_part, first_beyond, level_of_parts
from sadvae.files import hash_arrays, read_npy
from sadvae.folders import check_kind
from sadvae.splits.reader import split_of
from sadvae.types import ClassEmbeddings, ClassSplit, FeatureSet, FloatArray

# What published folders call data sets, and what we do.
FULL_NAMES = {"utd": "utd_mhad", "msr": "msr_action3d"}
_FOLDER = re.compile(r"(?P<encoder>[a-z0-9]+)_(?P<dataset>[a-z0-9]+)_(?P<unseen>\d+)_r")


@dataclass(frozen=True)
class PublishedLayout:
    """Where the parts of one published split lie: encoder and dataset as the folder names have them."""

    root: Path
    encoder: str
    dataset: str
    unseen: int

    @property
    def test(self) -> Path:
        """The folder of test-level features."""
        return self.root / "sk_feats" / f"{self.encoder}_{self.dataset}_{self.unseen}_r"

    @property
    def calibration(self) -> Path:
        """The folder of calibration-level features."""
        return self.root / "sk_feats" / f"{self.encoder}_{self.dataset}_val_{self.unseen}_r"

    @property
    def splits(self) -> Path:
        """The folder of label splits."""
        return self.root / "label_splits" / self.dataset


def is_resources(root: Path) -> bool:
    """Whether a folder looks like published resources."""
    return (root / "sk_feats").is_dir()


def find_layouts(root: Path) -> tuple[PublishedLayout, ...]:
    """Every test-level feature folder below root/sk_feats. Raises SadvaeError where there is none."""
    root = Path(root)
    matches = [_FOLDER.fullmatch(path.name) for path in sorted((root / "sk_feats").glob("*_r")) if path.is_dir()]
    found = tuple(PublishedLayout(root, m["encoder"], m["dataset"], int(m["unseen"])) for m in matches if m)
    if not found:
        check_kind(
            root, is_resources, "a published resources folder", "it would hold sk_feats/ENCODER_DATASET_UNSEEN_r"
        )
        raise SadvaeError(f"{root}/sk_feats holds no folder ENCODER_DATASET_UNSEEN_r; is it as published?")
    return found


def read_split(layout: PublishedLayout, class_count: int, *, derive: bool = False) -> ClassSplit:
    """The split of a published folder: r{s|u|v} lists, checked against each other.

    derive: take seen classes as all that are not unseen, and ignore the published seen lists.
    Raises SadvaeError where lists contradict (the released rs100_0 of ntu120 does: it holds 81 ids, not 100).
    """
    unseen = _ids(layout.splits / f"ru{layout.unseen}.npy", class_count)
    held_path = layout.splits / f"rv{layout.unseen}_0.npy"
    held = _ids(held_path, class_count) if held_path.is_file() else ()
    seen = tuple(c for c in range(class_count) if c not in set(unseen))
    if not derive:
        _check_list(layout.splits / f"rs{len(seen)}.npy", seen, class_count)
        if held:
            rest = tuple(c for c in seen if c not in set(held))
            _check_list(layout.splits / f"rs{len(rest)}_0.npy", rest, class_count)
    return ClassSplit(_split_name(layout, unseen, class_count), seen, unseen, held)


def _split_name(layout: PublishedLayout, unseen: tuple[int, ...], class_count: int) -> str:
    """The name of the known split with these unseen classes; else one that ends in a hash of them."""
    known = split_of(FULL_NAMES.get(layout.dataset, layout.dataset), unseen, class_count)
    digest = hashlib.sha256(json.dumps(unseen).encode()).hexdigest()
    return known or f"{layout.dataset}-published-{layout.unseen}-{digest[:6]}"


def check_split_lists(folder: Path) -> tuple[str, ...]:
    """Check a label_splits/DATASET folder: each list's length against its name; one sentence for each fault."""
    faults = []
    for path in sorted(Path(folder).glob("r[suv]*.npy")):
        match = re.fullmatch(r"r[suv](\d+)(_0)?", path.stem)
        ids = read_npy(path)
        if match and len(np.unique(ids)) != int(match[1]):
            faults.append(f"{path} holds {len(np.unique(ids))} class ids; its name promises {match[1]}.")
    return tuple(faults)


def _ids(path: Path, class_count: int) -> tuple[int, ...]:
    ids = read_npy(path)
    if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer) or len(np.unique(ids)) != len(ids):
        raise SadvaeError(f"{path} holds {ids.dtype}{list(ids.shape)}; expected a list of distinct whole class ids.")
    beyond = first_beyond(ids, class_count)
    if beyond is not None:
        raise SadvaeError(f"{path} names class {beyond}; the texts have classes 0 to {class_count - 1}.")
    return tuple(sorted(int(i) for i in ids))


def _check_list(path: Path, expected: tuple[int, ...], class_count: int) -> None:
    if not path.is_file():
        return
    found = _ids(path, class_count)
    if found != expected:
        raise SadvaeError(
            f"{path} lists {len(found)} seen classes; the unseen lists beside it leave {len(expected)}; "
            "the file is faulty: replace it, or pass --derive-splits to take the seen classes from the unseen lists."
        )


def read_texts(layout: PublishedLayout, text: str, text_encoder: str | None = None) -> ClassEmbeddings:
    """The published text features `text` (e.g. "lb", or "lb_ad" for two joined), L2-normalised per class.

    text_encoder: the folder below text_feats/DATASET (default: the only one). Raises SadvaeError where it is unclear.
    """
    base = layout.root / "text_feats" / layout.dataset
    encoders = sorted(path.name for path in base.glob("*") if path.is_dir())
    if text_encoder is None and len(encoders) != 1:
        raise SadvaeError(
            f"{base} holds text features of {', '.join(encoders)}; name one with --text-encoder."
            if encoders
            else f"{base} holds no text features; expected ENCODER/TEXT_C.npy, as sadvae export --embeddings writes."
        )
    folder = base / (text_encoder or encoders[0])
    vectors = np.concatenate([_text_array(folder, mode) for mode in text.split("_")], axis=1)
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return ClassEmbeddings(tuple(range(len(unit))), unit, f"{folder.name}/{text}", hash_arrays(unit))


def _text_array(folder: Path, mode: str) -> FloatArray:
    matches = sorted(folder.glob(f"{mode}_*.npy"))
    if len(matches) != 1:
        known = sorted({path.stem.rsplit("_", 1)[0] for path in folder.glob("*.npy")})
        raise SadvaeError(
            f"{folder} holds {len(matches)} files {mode}_C.npy; expected one; it has {', '.join(known) or 'none'}."
        )
    array = read_npy(matches[0])
    promised = matches[0].stem.rsplit("_", 1)[1]
    if array.ndim != 2 or (promised.isdigit() and len(array) != int(promised)):
        raise SadvaeError(f"{matches[0]} holds an array of shape {array.shape}; its name promises {promised} classes.")
    return _text_rows(array, matches[0])


def _text_rows(array: np.ndarray, path: Path) -> FloatArray:
    """The vectors as float32, each of a length that it can be divided by.

    A vector of zeros would be as like every clip as any other one, and its class would get answers at random.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        small = array.astype(np.float32) if array.dtype.kind in "fiu" else np.full((1, 1), np.nan, np.float32)
        norms = np.linalg.norm(small, axis=1)
    if not np.isfinite(norms).all():
        raise SadvaeError(
            f"{path} holds a vector that is not of finite numbers (NaN or infinity); embed the texts again."
        )
    missing = np.flatnonzero(norms == 0)
    if len(missing):
        raise SadvaeError(
            f"{path} has no text of class {missing[0]} (counted from 0): its vector is all zeros; embed that class too."
        )
    return small


def read_published(
    layout: PublishedLayout,
    class_count: int,
    class_names: tuple[str, ...] | None = None,
    *,
    derive_splits: bool = False,
) -> Features:
    """Read a published folder as features of both levels (the calibration level where it is there).

    The layout does not say what the encoder was trained on, so both levels carry the allowance unknown_encoder.
    Raises SadvaeError where files are missing or counts do not match, naming the file.
    """
    split = read_split(layout, class_count, derive=derive_splits)
    names = class_names or tuple(f"class {c}" for c in range(class_count))
    calibration = None
    if layout.calibration.is_dir() and split.validation_unseen:
        calibration = _calibration_level(layout, split.hold_out(), class_count)
    test = _test_level(layout, split, class_count)
    with located(layout.root):
        return Features(layout.dataset, names, test, calibration)


def _test_level(layout: PublishedLayout, split: ClassSplit, class_count: int) -> FeatureLevel:
    folder = layout.test
    train = _part(folder, "train.npy", "train_label.npy", None, class_count)
    unseen = _part(folder, "ztest.npy", "z_label.npy", None, class_count)
    every = _part(folder, "gtest.npy", "g_label.npy", "gtest_out.npy", class_count)
    return level_of_parts(split, train, unseen, every, str(folder), ("ztest.npy", "gtest.npy"))


def _calibration_level(layout: PublishedLayout, split: ClassSplit, class_count: int) -> FeatureLevel:
    folder = layout.calibration
    train = _part(folder, "train.npy", "train_label.npy", None, class_count)
    seen = _part(folder, "val.npy", "val_label.npy", "val_out.npy", class_count)
    unseen = _part(folder, "ztest.npy", "z_label.npy", "ztest_out.npy", class_count)
    return FeatureLevel(split, train, seen, unseen, ("unknown_encoder",))


def _part(folder: Path, features: str, labels: str, logits: str | None, class_count: int) -> FeatureSet:
    x, y = read_npy(folder / features), read_npy(folder / labels)
    raw = None if logits is None else read_npy(folder / logits)
    if raw is not None and (raw.shape != (len(x), class_count) or raw.dtype.kind not in "fiu"):
        raise SadvaeError(
            f"{folder / (logits or '')} holds {list(raw.shape)} logits; expected [{len(x)}, {class_count}]."
        )
    where = (str(folder / features), str(folder / labels))
    if raw is not None and not np.isfinite(raw).all():
        raise SadvaeError(
            f"{folder / (logits or '')}: a logit is not a finite number (NaN or infinity); export it again."
        )
    return feature_part(x, y, where, f"{folder.name}/{Path(features).stem}", class_count, raw)
