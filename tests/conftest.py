"""What tests share: where real data lie, and small generated objects."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from sadvae.types import ClassEmbeddings, ClassSplit, ClipSet, EncoderTrace, FeatureSet, Layout, SkeletonClip

ROOT = Path(__file__).resolve().parents[1]

# A loaded machine is no fault of what is tested: examples have no time limit.
settings.register_profile("sadvae", deadline=None)
settings.load_profile("sadvae")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("SADVAE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set SADVAE_DATA to run this test")
    return folder


STICK = Layout(
    "stick",
    ("hip left", "hip right", "spine", "shoulder left", "shoulder right"),
    ((0, 2), (1, 2), (2, 3), (2, 4)),
    (0, 1),
    2,
    (3, 4),
)


def make_clips(classes: int = 4, subjects: int = 4, repetitions: int = 2, seed: int = 0) -> ClipSet:
    """Random clips of a five-joint body: one per class, subject and repetition."""
    rng = np.random.default_rng(seed)
    clips = tuple(
        SkeletonClip(
            rng.normal(size=(1, 8, 5, 3)).astype(np.float32), STICK, f"c{c}-s{s}-r{r}", label=c, subject=str(s)
        )
        for c in range(classes)
        for s in range(1, subjects + 1)
        for r in range(repetitions)
    )
    return ClipSet("sticks", STICK, clips, tuple(f"action {c}" for c in range(classes)))


def make_features(
    labels: list[int],
    *,
    prefix: str,
    subjects: list[str] | None = None,
    trace: EncoderTrace | None = None,
    seed: int = 0,
) -> FeatureSet:
    """Random features of the given labels, with logits over ten classes."""
    rng = np.random.default_rng([seed, *map(ord, prefix)])
    count = len(labels)
    return FeatureSet(
        rng.normal(size=(count, 6)).astype(np.float32),
        np.array(labels, dtype=np.int64),
        tuple(f"{prefix}{i}" for i in range(count)),
        tuple(subjects) if subjects else None,
        rng.normal(size=(count, 10)).astype(np.float32),
        trace,
    )


def make_embeddings(classes: int = 10, width: int = 5, seed: int = 0) -> ClassEmbeddings:
    """Random unit vectors for classes 0, 1, ..."""
    vectors = np.random.default_rng(seed).normal(size=(classes, width))
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return ClassEmbeddings(tuple(range(classes)), unit, "random", "none")


SPLIT = ClassSplit("test", (0, 1, 2, 3), (4, 5), (2, 3))
