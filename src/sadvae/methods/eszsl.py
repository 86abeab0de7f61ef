"""ESZSL (Romera-Paredes and Torr, ICML 2015): a bilinear compatibility in closed form."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, Field

from sadvae.methods.linear import TrainedLinear
from sadvae.methods.protocol import Watch
from sadvae.methods.settings import STRICT
from sadvae.task import ZeroShotTask


class ESZSL(BaseModel):
    """Settings: gamma penalises the map's image of texts, lam its image of features (their equation 4)."""

    model_config = STRICT

    gamma: float = Field(default=10.0, gt=0)
    lam: float = Field(default=1.0, gt=0)
    name: str = "eszsl"

    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        """V = (X X' + gamma I)^-1 X Y S' (S S' + lam I)^-1 with labels Y of +-1; deterministic, `seed` is not used.

        Features are centred and scaled to unit mean square first, so that gamma means the same for every encoder.
        """
        x, labels = task.train.features.astype(np.float64), task.train.labels
        classes = np.unique(labels)
        mean = x.mean(axis=0)
        scale = float(np.sqrt(np.mean((x - mean) ** 2))) or 1.0
        features = (x - mean) / scale
        texts = task.classes.of(classes.tolist()).astype(np.float64)
        signs = np.where(labels[:, None] == classes[None], 1.0, -1.0)
        left = np.linalg.solve(
            features.T @ features + self.gamma * np.eye(features.shape[1]), features.T @ signs @ texts
        )
        matrix = np.linalg.solve(texts.T @ texts + self.lam * np.eye(texts.shape[1]), left.T).T
        zero = np.zeros(texts.shape[1], np.float32)
        trained = TrainedLinear("eszsl", (matrix / scale).astype(np.float32), mean.astype(np.float32), False, zero)
        if watch is not None:
            watch(0, trained, {})
        return trained
