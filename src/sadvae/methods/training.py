"""How the small networks of the baselines are trained: batches, Adam, and mean loss terms by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from sadvae.errors import SadvaeError
from sadvae.methods.networks import Standardiser
from sadvae.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Batch:
    """Some training clips: standardised features [n, d], columns [n] of their classes, and the class texts [c, e].

    progress: the share of the training that is done, from 0 to below 1. generator: where noise comes from.
    """

    skeleton: Tensor
    columns: Tensor
    classes: Tensor
    progress: float
    generator: torch.Generator

    @property
    def text(self) -> Tensor:
        """The text of each clip's class [n, e]."""
        return self.classes[self.columns]

    def noise(self, like: Tensor) -> Tensor:
        """Standard-normal noise of the shape of `like`."""
        return torch.randn(like.shape, generator=self.generator)


Losses = Callable[[Batch], dict[str, Tensor]]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """All training clips: standardised features [n, d], columns of their classes [n], and the class texts [c, e].

    scaling: standardises rows of features as they are taken, where they are raw: so mapped ones stay on the disk.
    """

    skeleton: Tensor
    columns: Tensor
    classes: Tensor
    scaling: Standardiser | None = None

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised features [m, d] of rows [m], and the texts of their classes [m, e]."""
        skeleton = self.skeleton.index_select(0, rows)
        text = self.classes.index_select(0, self.columns.index_select(0, rows))
        return skeleton if self.scaling is None else self.scaling(skeleton), text

    @cached_property
    def arrays(self) -> tuple[FloatArray, IntArray, FloatArray, FloatArray, FloatArray]:
        """Features, columns and class texts in numpy, and the mean and the scale that standardise features."""
        standardiser = self.scaling or Standardiser(1)
        parts = self.skeleton, self.columns, self.classes, standardiser.mean, standardiser.scale
        skeleton, columns, classes, mean, scale = (part.numpy() for part in parts)
        return skeleton, columns, classes, mean, scale

    def array_batch(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """What `batch` gives, in numpy."""
        skeleton, columns, classes, mean, scale = self.arrays
        # Not `take`, which is faster but first copies all of an array that lies in a file at an odd place.
        found = skeleton[rows]
        if self.scaling is not None:
            found -= mean
            found /= scale
        return found, classes.take(columns.take(rows), 0)


@dataclass(frozen=True)
class Regime:
    """How long and how fast to train; an epoch is one pass over the clips, or as many as fill least_iterations."""

    epochs: int
    least_iterations: int
    batch_size: int
    learning_rate: float


def train(
    networks: nn.Module, losses: Losses, data: TrainingData, regime: Regime, generator: torch.Generator, name: str
) -> Iterator[tuple[int, dict[str, float]]]:
    """Train by Adam on the sum of the (weighted) terms of `losses`; yields (epoch, mean terms) after each epoch.

    Raises SadvaeError, which names the method, when the loss stops being a number.
    """
    optimiser = torch.optim.Adam(networks.parameters(), lr=regime.learning_rate)
    for epoch in range(regime.epochs):
        sums: dict[str, float] = {}
        batches = _batches(len(data.columns), regime, generator)
        for iteration, rows in enumerate(batches):
            progress = (epoch + iteration / len(batches)) / regime.epochs
            terms = losses(Batch(data.skeleton[rows], data.columns[rows], data.classes, progress, generator))
            terms["total"] = torch.stack(list(terms.values())).sum()
            optimiser.zero_grad()
            terms["total"].backward()
            optimiser.step()
            for term, value in terms.items():
                sums[term] = sums.get(term, 0.0) + float(value.detach())
        means = {term: value / len(batches) for term, value in sums.items()}
        if not math.isfinite(means["total"]):
            raise SadvaeError(
                f"the loss of {name} is not a number in epoch {epoch + 1}; lower learning_rate "
                f"(now {regime.learning_rate:g}) or check the features' scale."
            )
        yield epoch, means


def _batches(count: int, regime: Regime, generator: torch.Generator) -> list[Tensor]:
    """One epoch's row indices, in batches."""
    passes = max(1, -(-regime.least_iterations * regime.batch_size // count))
    order = torch.cat([torch.randperm(count, generator=generator) for _ in range(passes)])
    return list(order.split(regime.batch_size))[: max(regime.least_iterations, -(-count // regime.batch_size))]
