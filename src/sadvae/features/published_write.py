"""Write features as a resources folder in the layout that SynSE and SA-DVAE published (format A of docs/data.md)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.features.folder import FeatureLevel, Features
from sadvae.features.parts import every_test_clip
from sadvae.features.published import FULL_NAMES, PublishedLayout
from sadvae.files import atomic_folder
from sadvae.types import ClassEmbeddings, ClassSplit


def write_published(
    root: Path, features: Features, encoder: str, embeddings: ClassEmbeddings | None = None, text: str = "lb"
) -> PublishedLayout:
    """Write both levels (the calibration level where it is there), the split lists, and text features where given.

    encoder: of the skeletons, for the folder names (letters and digits). text: the name of the text features.
    The folder appears whole or not at all; returns where its parts lie. Raises SadvaeError where logits are missing.
    """
    names = [encoder, _plain(features.dataset), text]
    if not all(re.fullmatch(r"[a-z0-9]+", name) for name in names):
        raise SadvaeError(f"{', '.join(names)}: names of published folders are small letters and digits.")
    split, count = features.test.split, len(features.class_names)
    with atomic_folder(root, _files(PublishedLayout(Path(), encoder, names[1], len(split.unseen)), text)) as new:
        layout = PublishedLayout(new, encoder, names[1], len(split.unseen))
        _write_test(layout.test, features.test, count)
        if features.calibration:
            _write_calibration(layout.calibration, features.calibration, count)
        _write_lists(layout.splits, split)
        if embeddings is not None:
            _write_texts(new / "text_feats" / names[1], embeddings, text, count)
    return PublishedLayout(Path(root), encoder, names[1], len(split.unseen))


def _files(layout: PublishedLayout, text: str) -> tuple[str, ...]:
    """Patterns of the files of one split: a folder that holds other splits or data sets is not replaced."""
    texts = f"text_feats/{layout.dataset}/*/{text}_*.npy"
    return (f"{layout.test}/*.npy", f"{layout.calibration}/*.npy", f"{layout.splits}/r[usv]*.npy", texts)


def _plain(dataset: str) -> str:
    short = {full: name for name, full in FULL_NAMES.items()}
    return short.get(dataset, re.sub(r"[^a-z0-9]", "", dataset.lower()))


def _write_test(folder: Path, level: FeatureLevel, count: int) -> None:
    features, labels, logits = every_test_clip(level)
    _save(folder, "train", level.train.features, "train_label", level.train.labels)
    _save(folder, "ztest", level.test_unseen.features, "z_label", level.test_unseen.labels)
    _save(folder, "gtest", features, "g_label", labels)
    np.save(folder / "gtest_out.npy", _logits(logits, count))


def _write_calibration(folder: Path, level: FeatureLevel, count: int) -> None:
    _save(folder, "train", level.train.features, "train_label", level.train.labels)
    for stem, label, part in (("val", "val_label", level.test_seen), ("ztest", "z_label", level.test_unseen)):
        _save(folder, stem, part.features, label, part.labels)
        np.save(folder / f"{stem}_out.npy", _logits(part.seen_logits, count))


def _save(folder: Path, stem: str, features: np.ndarray, label_stem: str, labels: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{stem}.npy", features)
    np.save(folder / f"{label_stem}.npy", labels)


def _logits(logits: np.ndarray | None, count: int) -> np.ndarray:
    if logits is None or logits.shape[1] != count:
        raise SadvaeError(
            "the published layout holds logits of a classifier of the seen classes, one column per class, which these "
            "features lack; write them as flora (--to flora)."
        )
    return logits


def _write_lists(folder: Path, split: ClassSplit) -> None:
    folder.mkdir(parents=True)
    held = set(split.validation_unseen)
    rest = [c for c in split.seen if c not in held]
    lists = {f"ru{len(split.unseen)}": split.unseen, f"rs{len(split.seen)}": split.seen}
    if held:
        lists |= {f"rv{len(held)}_0": split.validation_unseen, f"rs{len(rest)}_0": tuple(rest)}
    for name, ids in lists.items():
        np.save(folder / f"{name}.npy", np.array(sorted(ids), np.int64))


def _write_texts(folder: Path, embeddings: ClassEmbeddings, text: str, count: int) -> None:
    target = folder / (re.sub(r"[^A-Za-z0-9.-]", "-", embeddings.encoder).strip(".-") or "texts")
    target.mkdir(parents=True)
    np.save(target / f"{text}_{count}.npy", embeddings.of(range(count)))
