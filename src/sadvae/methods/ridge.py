"""Ridge nearest text: a linear map from features to class texts by ridge regression, then the nearest by cosine."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field

from sadvae.methods.linear import TrainedLinear
from sadvae.methods.protocol import Watch
from sadvae.methods.settings import STRICT
from sadvae.task import ZeroShotTask


class RidgeNearestText(BaseModel):
    """Settings: alpha is the penalty for features scaled to unit mean square; None chooses it on held-out seen classes.

    The choice leaves each third of the seen classes out in turn and looks at training clips alone.
    """

    model_config = STRICT

    alpha: float | None = Field(default=None, ge=0)
    candidates: tuple[Annotated[float, Field(ge=0)], ...] = Field(default=(0.1, 1.0, 10.0, 100.0, 1000.0), min_length=1)
    name: str = "ridge"

    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        """Fit on training clips and the texts of seen classes; `seed` draws the thirds."""
        x, labels = task.train.features.astype(np.float64), task.train.labels
        alpha = self._choose(x, labels, task, seed) if self.alpha is None else self.alpha
        trained = _fit(x, task.classes.of(labels.tolist()), alpha)
        if watch is not None:
            watch(0, trained, {})
        return trained

    def _choose(self, x: np.ndarray, labels: np.ndarray, task: ZeroShotTask, seed: int) -> float:
        classes = np.random.default_rng(seed).permutation(np.unique(labels))
        thirds = [third for third in np.array_split(classes, 3) if len(third) > 1]
        scores = [
            np.mean([self._score(x, labels, task, third, alpha) for third in thirds] or [0])
            for alpha in self.candidates
        ]
        return self.candidates[int(np.argmax(scores))]

    def _score(self, x: np.ndarray, labels: np.ndarray, task: ZeroShotTask, held: np.ndarray, alpha: float) -> float:
        out = np.isin(labels, held)
        if out.all():
            return 0.0
        trained = _fit(x[~out], task.classes.of(labels[~out].tolist()), alpha)
        found = trained.unseen_probabilities(x[out].astype(np.float32), task.classes.of(held.tolist()))
        return float(np.mean(held[found.argmax(axis=1)] == labels[out]))


def _fit(x: np.ndarray, texts: np.ndarray, alpha: float) -> TrainedLinear:
    from sklearn.linear_model import Ridge

    mean = x.mean(axis=0)
    scale = float(np.sqrt(np.mean((x - mean) ** 2))) or 1.0
    model = Ridge(alpha=alpha, fit_intercept=False).fit((x - mean) / scale, texts - texts.mean(axis=0))
    matrix = np.atleast_2d(model.coef_).T / scale
    offset = texts.mean(axis=0).astype(np.float32)
    return TrainedLinear("ridge", matrix.astype(np.float32), mean.astype(np.float32), True, offset)
