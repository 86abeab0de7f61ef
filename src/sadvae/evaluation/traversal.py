"""Latent traversals: keep one half of a clip's latent code, move the other, and see which real clips come near."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sadvae.errors import SadvaeError
from sadvae.methods.protocol import Decodes, Latents, Trained
from sadvae.task import ZeroShotTask
from sadvae.types import FeatureSet, FloatArray

Half = Literal["z_r", "z_v"]
# In standard deviations along the direction.
STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)
NEAREST = 3
_FIELDS = {"z_r": "semantic", "z_v": "style"}


@dataclass(frozen=True)
class Neighbour:
    """A real test clip; similarity: cosine of its feature and a decoded one, both less the mean training feature."""

    clip_id: str
    label: int
    subject: str | None
    similarity: float


@dataclass(frozen=True, eq=False)
class Step:
    """One point of a traversal. moved: standard deviations. features: decoded, float32 [d]. nearest: best first."""

    moved: float
    features: FloatArray
    nearest: tuple[Neighbour, ...]


@dataclass(frozen=True, eq=False)
class Traversal:
    """A test clip whose `half` is moved along one principal direction while the other half is kept.

    share: the part of the half's variance (over training clips) that lies along the direction, as a fraction.
    """

    clip_id: str
    label: int
    subject: str | None
    half: Half
    direction: int
    share: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class Directions:
    """Principal directions of latents: axes float [k, width] unit rows, spreads [k] standard deviations, shares [k]."""

    axes: NDArray[np.float64]
    spreads: NDArray[np.float64]
    shares: NDArray[np.float64]


def principal_directions(rows: FloatArray) -> Directions:
    """Principal directions of rows [n, width], the widest first; each axis points to its largest entry's plus side."""
    centred = rows.astype(np.float64) - rows.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    variances = singular**2 / max(len(rows) - 1, 1)
    return Directions(
        axes * np.where(largest < 0, -1, 1)[:, None], np.sqrt(variances), variances / max(variances.sum(), 1e-300)
    )


def traverse(
    trained: Trained,
    task: ZeroShotTask,
    clip_id: str,
    half: Half,
    direction: int = 0,
    *,
    steps: tuple[float, ...] = STEPS,
    nearest: int = NEAREST,
) -> Traversal:
    """Move one half of a test clip's latent code and look up the nearest test clips of what is decoded.

    Directions are those of the training clips. The clip itself is among the clips that may come near: without a move
    it should be the nearest. Raises SadvaeError for a method that cannot decode, an unknown clip or direction.
    """
    if not isinstance(trained, Decodes):
        raise SadvaeError("this method has no decoder, so there is nothing to traverse; SA-DVAE has one.")
    tests = _tests(task)
    if clip_id not in tests.clip_ids:
        raise SadvaeError(f"clip {clip_id!r} is not among the {len(tests.clip_ids)} test clips of this task.")
    directions = principal_directions(getattr(trained.latents(task.train.features), _FIELDS[half]))
    if not 0 <= direction < len(directions.axes):
        raise SadvaeError(f"{half} has no direction {direction}; it has directions 0 to {len(directions.axes) - 1}.")
    row = tests.clip_ids.index(clip_id)
    decoded = _decoded(trained, tests.features[row], half, directions, direction, steps)
    mean = task.train.features.mean(axis=0)
    found = tuple(
        Step(moved, features, _nearest(features, tests, mean, nearest))
        for moved, features in zip(steps, decoded, strict=True)
    )
    subject = tests.subjects[row] if tests.subjects else None
    share = float(directions.shares[direction])
    return Traversal(clip_id, int(tests.labels[row]), subject, half, direction, share, found)


def _tests(task: ZeroShotTask) -> FeatureSet:
    """All test clips of a task as one set."""
    seen, unseen = task.test_seen, task.test_unseen
    both = seen.subjects is not None and unseen.subjects is not None
    return FeatureSet(
        np.concatenate([seen.features, unseen.features]),
        np.concatenate([seen.labels, unseen.labels]),
        (*seen.clip_ids, *unseen.clip_ids),
        (*(seen.subjects or ()), *(unseen.subjects or ())) if both else None,
    )


def _decoded(
    trained: Decodes, row: FloatArray, half: Half, directions: Directions, direction: int, steps: tuple[float, ...]
) -> FloatArray:
    start = trained.latents(np.repeat(row[None], len(steps), axis=0))
    move = np.outer(steps, directions.axes[direction] * directions.spreads[direction])
    moved = (getattr(start, _FIELDS[half]) + move).astype(np.float32)
    latents: Latents = replace(start, **{_FIELDS[half]: moved})
    return trained.decode(latents)


def _nearest(features: FloatArray, tests: FeatureSet, mean: FloatArray, count: int) -> tuple[Neighbour, ...]:
    similarity = _cosine(tests.features - mean, features - mean)
    return tuple(
        Neighbour(
            tests.clip_ids[i], int(tests.labels[i]), tests.subjects[i] if tests.subjects else None, float(similarity[i])
        )
        for i in np.argsort(-similarity, kind="stable")[:count]
    )


def _cosine(rows: FloatArray, row: FloatArray) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(row)
    return (rows @ row) / np.maximum(lengths, 1e-12)
