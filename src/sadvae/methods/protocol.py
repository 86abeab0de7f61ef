"""What a method and a trained method are: two small protocols that every method of one file meets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from sadvae.task import ZeroShotTask
from sadvae.types import FloatArray


@dataclass(frozen=True, eq=False)
class Latents:
    """Latent means of skeleton features: semantic z_r float32 [n, r], and style z_v float32 [n, v]."""

    semantic: FloatArray
    style: FloatArray


class Trained(Protocol):
    """A trained method: it scores features against any class texts."""

    def unseen_probabilities(self, features: FloatArray, class_vectors: FloatArray) -> FloatArray:
        """Probabilities of candidate classes: features [n, d], text vectors [k, e] to float32 [n, k]; rows sum to 1."""
        ...

    def latents(self, features: FloatArray) -> Latents | None:
        """Latent means of features [n, d], or None for a method without latents."""
        ...

    def describe(self) -> dict[str, Any]:
        """The method's name and everything but its weights, as JSON."""
        ...

    def weights(self) -> dict[str, Tensor]:
        """Its weights by name."""
        ...


@runtime_checkable
class Decodes(Protocol):
    """A trained method that also turns latents back into features."""

    def latents(self, features: FloatArray) -> Latents:
        """Latent means of features [n, d]."""
        ...

    def decode(self, latents: Latents) -> FloatArray:
        """Features float32 [n, d] of latents, in the scale of the features that the method was trained on."""
        ...


Watch = Callable[[int, Trained, dict[str, float]], None]


class Method(Protocol):
    """A method: frozen settings that can be fitted."""

    @property
    def name(self) -> str: ...

    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> Trained:
        """Train on task.train and the texts of its seen classes alone.

        watch hears (epoch, trained snapshot, mean loss terms) after each epoch.
        """
        ...
