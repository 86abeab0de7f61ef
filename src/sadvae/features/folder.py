"""The features folder: what `extract` and `import` write and `train` and `evaluate` read.

features/
  task.json                     dataset, class names, split, allowances, one entry per level
  test.train.npz                FeatureSets: seen classes of training subjects,
  test.test_seen.npz              seen classes of test subjects,
  test.test_unseen.npz            unseen classes of test subjects
  calibration.*.npz             the same thing one level down, made of training clips alone
  *.maps.npy                    feature maps of the same clips, where `extract --maps` was asked for
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeGuard

import numpy as np

from sadvae.errors import SadvaeError, located
from sadvae.files import atomic_folder, read_arrays, read_json, sha256_of, write_arrays, write_json
from sadvae.folders import check_kind
from sadvae.task import Allowance, ZeroShotTask, check_level
from sadvae.types import ClassEmbeddings, ClassSplit, EncoderTrace, FeatureSet

FORMAT = "sadvae-features-1"
REMEDY = "make one with `sadvae import` or `sadvae extract`"
_AGAIN = "extract or import the features again"
Kind = Literal["network", "kinematics"]
PARTS = ("train", "test_seen", "test_unseen")
# The files of a features folder: of both levels, feature maps too, and the vectors that `sadvae import` puts beside.
FILES = (
    "task.json",
    "embeddings.npz",
    *(f"{level}.{part}.{kind}" for level in ("test", "calibration") for part in PARTS for kind in ("npz", "maps.npy")),
)


@dataclass(frozen=True, eq=False)
class FeatureLevel:
    """The three feature sets of one level of a split, and the leakage that is knowingly accepted there."""

    split: ClassSplit
    train: FeatureSet
    test_seen: FeatureSet
    test_unseen: FeatureSet
    allow: tuple[Allowance, ...] = ()


@dataclass(frozen=True, eq=False)
class Features:
    """A features folder in memory: test level, and calibration level where there is one.

    kind: whose features they are: a network's (or of unknown origin), or numbers of movement (encoders/kinematics.py).
    Raises SadvaeError where a class has no name, and where no task can be made of the parts of a level (check_level).
    """

    dataset: str
    class_names: tuple[str, ...]
    test: FeatureLevel
    calibration: FeatureLevel | None = None
    kind: Kind = "network"

    def __post_init__(self) -> None:
        for level in (self.test, self.calibration):
            if level is not None:
                level.split.check_names(self.class_names)
                check_level(level.split, level.train, level.test_seen, level.test_unseen)

    def task(self, classes: ClassEmbeddings) -> ZeroShotTask:
        """The zero-shot task with these class embeddings. Raises LeakageError when anything leaks."""
        lower = _level_task(self.calibration, classes, None) if self.calibration else None
        return _level_task(self.test, classes, lower)


def _level_task(level: FeatureLevel, classes: ClassEmbeddings, calibration: ZeroShotTask | None) -> ZeroShotTask:
    return ZeroShotTask(level.split, level.train, level.test_seen, level.test_unseen, classes, calibration, level.allow)


def is_features_folder(path: object) -> TypeGuard[Path]:
    """Whether something is the path of a folder that says it holds features."""
    return isinstance(path, Path) and (path / "task.json").is_file()


def split_name(folder: Path) -> str:
    """The name of the split that a features folder is of; none of its arrays is read.

    Raises SadvaeError if the folder does not say it.
    """
    try:
        return str(read_json(Path(folder) / "task.json")["levels"]["test"]["split"]["name"])
    except (KeyError, TypeError) as error:
        raise SadvaeError(f"{folder}/task.json lacks or misstates {error}; {_AGAIN}.") from error


def features_digest(folder: Path) -> str:
    """A sha256, in hexadecimal, over the files of a features folder; what else lies there does not count."""
    levels = ("test", "calibration")
    names = ("task.json", *(f"{level}.{part}.npz" for level in levels for part in PARTS))
    found = [Path(folder) / name for name in names if (Path(folder) / name).is_file()]
    return hashlib.sha256("\n".join(f"{sha256_of(path)} {path.name}" for path in found).encode()).hexdigest()


def write_features(folder: Path, features: Features) -> None:
    """Write a features folder; it appears whole or not at all."""
    with atomic_folder(folder, FILES) as new:
        fill_features(new, features)


def fill_features(folder: Path, features: Features) -> None:
    """Write the files of a features folder into a folder that is there; arrays that are mapped are never in memory."""
    levels = {"test": features.test} | ({"calibration": features.calibration} if features.calibration else {})
    about = {
        "format": FORMAT,
        "dataset": features.dataset,
        "class_names": list(features.class_names),
        "levels": {name: {"split": asdict(level.split), "allow": list(level.allow)} for name, level in levels.items()},
    }
    # Folders of before there were kinds stay as they are.
    about |= {} if features.kind == "network" else {"kind": features.kind}
    write_json(folder / "task.json", about)
    for name, level in levels.items():
        for part in PARTS:
            write_feature_set(folder / f"{name}.{part}.npz", getattr(level, part))


def read_features(folder: Path) -> Features:
    """Read a features folder. Raises SadvaeError if it is none, incomplete or of another format."""
    published = (Path(folder) / "sk_feats").is_dir()
    remedy = "it holds published features, so `sadvae import` it first" if published else REMEDY
    check_kind(folder, is_features_folder, "a features folder", remedy)
    about = read_json(Path(folder) / "task.json")
    try:
        if about["format"] != FORMAT:
            raise SadvaeError(f"{folder}/task.json has format {about['format']!r}; this version reads {FORMAT!r}.")
        levels = {name: _read_level(Path(folder), name, entry) for name, entry in about["levels"].items()}
        kind = "kinematics" if about.get("kind") == "kinematics" else "network"
        names = tuple(about["class_names"])
        test, calibration = levels["test"], levels.get("calibration")
        with located(folder):
            return Features(about["dataset"], names, test, calibration, kind)
    except (KeyError, TypeError, AttributeError) as error:
        raise SadvaeError(f"{folder}/task.json lacks or misstates {error}; {_AGAIN}.") from error


def _read_level(folder: Path, name: str, entry: dict[str, Any]) -> FeatureLevel:
    found = entry["split"]
    split = ClassSplit(
        str(found["name"]), tuple(found["seen"]), tuple(found["unseen"]), tuple(found["validation_unseen"])
    )
    parts = (read_feature_set(folder / f"{name}.{part}.npz") for part in PARTS)
    return FeatureLevel(split, *parts, allow=tuple(entry["allow"]))


def write_feature_set(path: Path, part: FeatureSet) -> None:
    """Write one feature set as .npz: features, labels, clip_ids; where known subjects, seen_logits, encoder (JSON) and
    encoder_digest.
    """
    arrays = {"features": part.features, "labels": part.labels, "clip_ids": np.array(part.clip_ids, dtype=np.str_)}
    if part.subjects is not None:
        arrays["subjects"] = np.array(part.subjects, dtype=np.str_)
    if part.seen_logits is not None:
        arrays["seen_logits"] = part.seen_logits
    if part.encoder is not None:
        arrays["encoder"] = np.array(json.dumps(asdict(part.encoder)))
    arrays["provenance"] = np.array(part.provenance)
    if part.encoder_digest:
        arrays["encoder_digest"] = np.array(part.encoder_digest)
    write_arrays(path, arrays)


def read_feature_set(path: Path) -> FeatureSet:
    """Read one feature set; features and logits stay on the disk until they are used.

    Raises SadvaeError if an array is missing or does not fit the others.
    """
    arrays = read_arrays(path, ("features", "seen_logits"), private=True)
    missing = [name for name in ("features", "labels", "clip_ids") if name not in arrays]
    if missing:
        raise SadvaeError(f"{path} has no array {missing[0]!r}; expected features, labels and clip_ids.")
    try:
        return FeatureSet(
            arrays["features"].astype(np.float32, copy=False),
            arrays["labels"].astype(np.int64, copy=False),
            tuple(arrays["clip_ids"].astype(np.str_).tolist()),
            tuple(arrays["subjects"].astype(np.str_).tolist()) if "subjects" in arrays else None,
            arrays["seen_logits"].astype(np.float32, copy=False) if "seen_logits" in arrays else None,
            _read_trace(str(arrays["encoder"])) if "encoder" in arrays else None,
            str(arrays.get("provenance", "")),
            str(arrays.get("encoder_digest", "")),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise SadvaeError(f"{path} is not a feature set: {error}.") from error


def _read_trace(text: str) -> EncoderTrace:
    value = json.loads(text)
    return EncoderTrace(value["name"], tuple(value["classes"]), tuple(value["subjects"]), tuple(value["clip_ids"]))
