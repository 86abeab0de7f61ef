"""A small generated task that any sound method solves: features are a linear image of class texts, plus noise."""

from __future__ import annotations

import numpy as np

from sadvae.task import ZeroShotTask
from sadvae.types import ClassEmbeddings, ClassSplit, EncoderTrace, FeatureSet, FloatArray

SPLIT = ClassSplit("trivial", tuple(range(16)), tuple(range(16, 20)), (12, 13, 14, 15))
D_TEXT, D_SKELETON, ATTRIBUTES = 12, 24, 4


def trivial_task(seed: int = 0, clips: int = 12) -> ZeroShotTask:
    """16 seen and 4 unseen classes with `clips` clips each in training and in test, and a calibration level.

    Classes differ in 4 attributes, which texts (unit vectors of 12 numbers) and features (24 non-negative numbers)
    both carry; verbs carry the first two alone, nouns the others. Logits of a nearest-mean classifier of seen classes
    come with the test parts.
    """
    rng = np.random.default_rng(seed)
    attributes = rng.normal(size=(len(SPLIT.classes), ATTRIBUTES))
    attributes /= np.linalg.norm(attributes, axis=1, keepdims=True)
    basis = np.linalg.qr(rng.normal(size=(D_TEXT, ATTRIBUTES)))[0]
    texts = (attributes @ basis.T).astype(np.float32)
    centres = 2 + 1.5 * attributes @ rng.normal(size=(ATTRIBUTES, D_SKELETON))
    verbs, nouns = (_unit(attributes[:, part] @ basis[:, part].T) for part in (slice(0, 2), slice(2, None)))
    classes = ClassEmbeddings(SPLIT.classes, texts, "trivial", f"trivial-{seed}", "", verbs, nouns)
    lower = _level(SPLIT.hold_out(), centres, classes, clips, rng, "calibration", None)
    return _level(SPLIT, centres, classes, clips, rng, "test", lower)


def _unit(rows: FloatArray) -> FloatArray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _level(
    split: ClassSplit,
    centres: FloatArray,
    classes: ClassEmbeddings,
    clips: int,
    rng: np.random.Generator,
    name: str,
    calibration: ZeroShotTask | None,
) -> ZeroShotTask:
    trace = EncoderTrace(f"trivial {name}", split.seen)

    def part(which: str, ids: tuple[int, ...]) -> FeatureSet:
        labels = np.repeat(np.array(ids, np.int64), clips)
        noisy = centres[labels] + rng.normal(0, 0.3, (len(labels), D_SKELETON))
        features = np.maximum(noisy, 0).astype(np.float32)
        names = tuple(f"{name}-{which}-{i}" for i in range(len(labels)))
        return FeatureSet(features, labels, names, None, _logits(features, centres, split.seen), trace, "generated")

    parts = part("train", split.seen), part("seen", split.seen), part("unseen", split.unseen)
    return ZeroShotTask(split, *parts, classes, calibration)


def _logits(features: FloatArray, centres: FloatArray, seen: tuple[int, ...]) -> FloatArray:
    """Minus half the squared distance to the centre of each seen class; far below that for classes it never saw."""
    distances = ((features[:, None] - centres[None]) ** 2).sum(axis=2) / 2
    distances[:, [c for c in range(len(centres)) if c not in seen]] += 100
    return -distances.astype(np.float32)
