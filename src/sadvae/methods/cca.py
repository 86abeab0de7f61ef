"""CCA nearest text (Hotelling 1936), with a ridge: directions of features and texts that correlate most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.methods.linear import TEMPERATURE
from sadvae.methods.protocol import Latents, Watch
from sadvae.methods.settings import STRICT
from sadvae.methods.softmax import softmax
from sadvae.task import ZeroShotTask
from sadvae.types import FloatArray

Array = NDArray[np.float64]


class CCA(BaseModel):
    """Settings: ridge is added to both covariances, of sides scaled to unit mean square.

    power: directions count by their correlation to this power (Gong et al. 2014 take 4).
    """

    model_config = STRICT

    ridge: float = Field(default=10.0, ge=0)
    power: float = Field(default=1.0, ge=0)
    name: str = "cca"

    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedCCA:
        """Fit on training clips, each with the text of its class; deterministic, `seed` is not used."""
        x, x_mean, x_scale = _scaled(task.train.features)
        y, y_mean, y_scale = _scaled(task.classes.of(task.train.labels.tolist()))
        a, b, correlations = canonical_directions(x, y, self.ridge)
        weights = correlations**self.power
        arrays = (x_mean, a * weights / x_scale, y_mean, b * weights / y_scale)
        trained = TrainedCCA(*(array.astype(np.float32) for array in arrays))
        if watch is not None:
            watch(0, trained, {})
        return trained


def canonical_directions(x: Array, y: Array, ridge: float) -> tuple[Array, Array, Array]:
    """Directions A [d, k], B [e, k] and correlations [k], largest first, of centred x [n, d] and y [n, e].

    A' (x'x / n + ridge I) A = I, likewise B; A' x'y / n B is the diagonal of correlations.
    """
    n = len(x)
    white_x, white_y = (_inverse_root(side.T @ side / n + ridge * np.eye(side.shape[1])) for side in (x, y))
    u, correlations, v = np.linalg.svd(white_x @ (x.T @ y / n) @ white_y, full_matrices=False)
    kept = correlations > 1e-6
    return white_x @ u[:, kept], white_y @ v[kept].T, correlations[kept]


def _inverse_root(matrix: Array) -> Array:
    """M^(-1/2) of a symmetric matrix; directions without any variance are left out."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-10 * values[-1]
    return vectors[:, kept] / np.sqrt(values[kept]) @ vectors[:, kept].T


def _scaled(rows: FloatArray) -> tuple[Array, Array, float]:
    """Centred rows of unit mean square, their mean, and the scale."""
    wide = rows.astype(np.float64)
    mean = wide.mean(axis=0)
    scale = float(np.sqrt(np.mean((wide - mean) ** 2))) or 1.0
    return (wide - mean) / scale, mean, scale


@dataclass(frozen=True, eq=False)
class TrainedCCA:
    """score(x, y) = cosine of (x - mean) A and (y - mean) B; A float32 [d, k], B [e, k]."""

    skeleton_mean: FloatArray
    skeleton_map: FloatArray
    text_mean: FloatArray
    text_map: FloatArray

    def unseen_probabilities(self, features: FloatArray, class_vectors: FloatArray) -> FloatArray:
        """See Trained."""
        expected = len(self.skeleton_map), len(self.text_map)
        if (features.shape[1], class_vectors.shape[1]) != expected:
            raise SadvaeError(
                f"features have width {features.shape[1]} and texts {class_vectors.shape[1]}; "
                f"this cca was trained on {expected[0]} and {expected[1]}."
            )
        clips, texts = _unit(self._mapped(features)), _unit((class_vectors - self.text_mean) @ self.text_map)
        return softmax((clips @ texts.T / TEMPERATURE).astype(np.float32))

    def latents(self, features: FloatArray) -> Latents:
        """See Trained: canonical variates, and no style."""
        return Latents(self._mapped(features), np.zeros((len(features), 0), np.float32))

    def describe(self) -> dict[str, Any]:
        """See Trained."""
        return {"method": "cca"}

    def weights(self) -> dict[str, Tensor]:
        """See Trained."""
        return {name: torch.from_numpy(array) for name, array in vars(self).items()}

    @staticmethod
    def restore(about: dict[str, Any], weights: dict[str, Tensor]) -> TrainedCCA:
        """The trained method that describe() and weights() were taken from."""
        found = {name: tensor.numpy().astype(np.float32) for name, tensor in weights.items()}
        trained = TrainedCCA(**found)
        shapes = trained.skeleton_map.shape, trained.text_map.shape
        means = trained.skeleton_mean.shape, trained.text_mean.shape
        if [(*mean, shapes[0][-1]) for mean in means] != list(shapes):
            raise SadvaeError(
                f"the weights of cca have shapes {shapes[0]} and {shapes[1]}; expected [d, k] and [e, k]."
            )
        return trained

    def _mapped(self, features: FloatArray) -> FloatArray:
        return ((features - self.skeleton_mean) @ self.skeleton_map).astype(np.float32)


def _unit(rows: NDArray[Any]) -> NDArray[Any]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
