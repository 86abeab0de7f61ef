"""What linear methods share: a trained matrix from features to texts, and nearest-text probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.methods.softmax import softmax
from sadvae.types import FloatArray

TEMPERATURE = 0.1


@dataclass(frozen=True, eq=False)
class TrainedLinear:
    """score(x, y) = ((x - mean) W + offset) . y, by cosine (ridge) or as it is (ESZSL); W float32 [d, e]."""

    method: str
    matrix: FloatArray
    mean: FloatArray
    cosine: bool
    offset: FloatArray

    def unseen_probabilities(self, features: FloatArray, class_vectors: FloatArray) -> FloatArray:
        """See Trained."""
        if (features.shape[1], class_vectors.shape[1]) != self.matrix.shape:
            raise SadvaeError(
                f"features have width {features.shape[1]} and texts {class_vectors.shape[1]}; "
                f"this {self.method} was trained on {self.matrix.shape[0]} and {self.matrix.shape[1]}."
            )
        mapped = (features - self.mean) @ self.matrix + self.offset
        if self.cosine:
            mapped = mapped / np.maximum(np.linalg.norm(mapped, axis=1, keepdims=True), 1e-12)
            class_vectors = class_vectors / np.maximum(np.linalg.norm(class_vectors, axis=1, keepdims=True), 1e-12)
        return softmax((mapped @ class_vectors.T / TEMPERATURE).astype(np.float32))

    def latents(self, features: FloatArray) -> None:
        """See Trained: a linear method has none."""

    def describe(self) -> dict[str, Any]:
        """See Trained."""
        return {"method": self.method, "cosine": self.cosine}

    def weights(self) -> dict[str, Tensor]:
        """See Trained."""
        arrays = {"matrix": self.matrix, "mean": self.mean, "offset": self.offset}
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    @staticmethod
    def restore(about: dict[str, Any], weights: dict[str, Tensor]) -> TrainedLinear:
        """The trained method that describe() and weights() were taken from."""
        matrix, mean, offset = (weights[name].numpy().astype(np.float32) for name in ("matrix", "mean", "offset"))
        if matrix.shape != (*mean.shape, *offset.shape):
            raise SadvaeError(
                f"the weights of a linear method have shapes {matrix.shape}, {mean.shape} and {offset.shape}; "
                "expected [d, e], [d] and [e]."
            )
        return TrainedLinear(about["method"], matrix, mean, bool(about["cosine"]), offset)
