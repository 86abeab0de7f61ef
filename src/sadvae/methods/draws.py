"""Where a training takes its randomness from: a generator, or a recording."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from sadvae.methods.arrays import Array


class Draws(Protocol):
    """A source of standard-normal noise and of permutations, in the order of the training's needs."""

    def noise(self, like: Array) -> Array:
        """Standard-normal noise that broadcasts to `like` [n, d], a numpy array where that is one."""
        ...

    def permutation(self, count: int) -> Tensor:
        """A permutation of 0 .. count - 1."""
        ...


class RandomDraws:
    """Draws from a generator; "per_sample" gives one scalar a sample, as the published code has it."""

    def __init__(self, kind: Literal["per_sample", "per_dimension"], generator: torch.Generator) -> None:
        self.kind = kind
        self.generator = generator

    def noise(self, like: Array) -> Array:
        """Noise [n, 1] or [n, d]."""
        width = 1 if self.kind == "per_sample" else like.shape[1]
        if isinstance(like, np.ndarray):
            dtype = torch.float64 if like.itemsize == 8 else torch.float32
            return torch.randn(like.shape[0], width, generator=self.generator, dtype=dtype).numpy()
        return torch.randn(like.shape[0], width, generator=self.generator, dtype=like.dtype)

    def permutation(self, count: int) -> Tensor:
        """A random permutation."""
        return torch.randperm(count, generator=self.generator)
