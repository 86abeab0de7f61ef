"""Features of generated clips, as large as those of a published data set, whose classes lie as their texts do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadvae.features.folder import FeatureLevel, Features
from sadvae.types import ClassSplit, FeatureSet, FloatArray, IntArray

WIDTH = 256
SUBJECTS = 20
HELD_SUBJECTS = 5


@dataclass(frozen=True, eq=False)
class Clips:
    """Labels [n], subject numbers [n] and names of the clips on one side of a protocol."""

    labels: IntArray
    subjects: IntArray
    names: tuple[str, ...]

    def where(self, keep: np.ndarray) -> Clips:
        """The clips for which keep [n] is true."""
        rows = np.flatnonzero(keep)
        return Clips(self.labels[rows], self.subjects[rows], tuple(self.names[i] for i in rows))


def generated_features(
    dataset: str, split: ClassSplit, vectors: FloatArray, counts: tuple[int, int], seed: int = 0
) -> Features:
    """A features folder in memory, both levels, with logits of the seen classes.

    vectors: of all classes' texts [class, d]. counts: clips of all classes that train and that test; those of unseen
    classes by training subjects are left out, as everywhere. What made them is said to be unknown, as of imported ones.
    """
    sides = [_clips(count, len(vectors), first) for count, first in zip(counts, (0, SUBJECTS), strict=True)]
    training, testing = sides
    seen = np.isin(training.labels, split.seen)
    test = _level(split, training.where(seen), testing, vectors, seed)
    lower = None
    if split.validation_unseen:
        held = training.subjects >= SUBJECTS - HELD_SUBJECTS
        lower_split = split.hold_out()
        rest = training.where(~held & np.isin(training.labels, lower_split.seen))
        lower = _level(lower_split, rest, training.where(held), vectors, seed + 1)
    return Features(dataset, tuple(f"class {i}" for i in range(len(vectors))), test, lower)


def _clips(count: int, classes: int, first_subject: int) -> Clips:
    """Clips that go round the classes, and then round the subjects."""
    numbers = np.arange(count)
    subjects = first_subject + numbers // classes % SUBJECTS
    return Clips(numbers % classes, subjects, tuple(f"S{first_subject:03d}N{i:06d}" for i in range(count)))


def _level(split: ClassSplit, train: Clips, test: Clips, vectors: FloatArray, seed: int) -> FeatureLevel:
    """One level, with an encoder of its own: another seed maps texts to features another way."""
    rng = np.random.default_rng(seed)
    means = _class_means(vectors, rng)
    styles = rng.normal(size=(2 * SUBJECTS, WIDTH)).astype(np.float32) * 0.5
    parts = []
    for side, classes in ((train, split.seen), (test, split.seen), (test, split.unseen)):
        clips = side.where(np.isin(side.labels, classes))
        noise = rng.normal(size=(len(clips.labels), WIDTH)).astype(np.float32)
        features = np.maximum(means[clips.labels] + styles[clips.subjects] + noise, 0)
        subjects = tuple(f"P{s:03d}" for s in clips.subjects)
        logits = _logits(features, means, split, rng)
        parts.append(FeatureSet(features, clips.labels, clips.names, subjects, logits, None, "generated"))
    return FeatureLevel(split, *parts, allow=("unknown_encoder",))


def _class_means(vectors: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Text vectors by a random linear map, of unit variance, and a part of each class that its text does not tell."""
    centred = vectors - vectors.mean(axis=0)
    mapped = centred @ rng.normal(size=(vectors.shape[1], WIDTH))
    own = rng.normal(size=mapped.shape)
    return (mapped / mapped.std() + 0.3 * own).astype(np.float32)


def _logits(features: FloatArray, means: FloatArray, split: ClassSplit, rng: np.random.Generator) -> FloatArray:
    """How near a clip is to each class; columns of classes that were never trained hold noise, as a classifier's do."""
    near = features @ np.maximum(means, 0).T / np.float32(np.sqrt(WIDTH))
    never = np.setdiff1d(np.arange(len(means)), split.seen)
    near[:, never] = rng.normal(size=(len(features), len(never)))
    return near.astype(np.float32)
