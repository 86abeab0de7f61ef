"""What a method and a trained method are: two small protocols that every method of one file meets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from sadvae.task import ZeroShotTask
from sadvae.types import ClassEmbeddings, FloatArray


@dataclass(frozen=True, eq=False)
class Latents:
    """Latent means of skeleton features: semantic z_r float32 [n, r], and style z_v float32 [n, v]."""

    semantic: FloatArray
    style: FloatArray


class Trained(Protocol):
    """A trained method: it scores features against any class texts.

    One that reads verb and noun apart has an attribute needs_parts = True; its class vectors are then [k, 3 e]: whole
    text, verb and noun side by side. Callers get them by class_vectors.
    """

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


def needs_parts(of: Trained | Method) -> bool:
    """Whether a method, trained or not, reads class vectors of whole text, verb and noun side by side."""
    return bool(getattr(of, "needs_parts", False))


def class_vectors(reader: Trained | Method, classes: ClassEmbeddings, ids: Sequence[int]) -> FloatArray:
    """The vectors of the classes ids as this method reads them: float32 [len(ids), e], or [len(ids), 3 e] with parts.

    Raises SadvaeError where the method reads verbs and nouns and the embeddings hold none.
    """
    return classes.of(ids, parts=needs_parts(reader))
