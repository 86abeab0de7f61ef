"""The published code's gate: logistic regression on sorted top-k probabilities, temperature and threshold searched.

Draw order and rounding follow the recordings in tests/reference, so that its numbers come out exactly.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sadvae.errors import SadvaeError
from sadvae.types import FloatArray

TEMPERATURES = tuple(range(1, 10))
THRESHOLDS = tuple(round(0.25 + 0.01 * i, 2) for i in range(50))


@dataclass(frozen=True)
class PublishedGate:
    """A fitted gate: the regression's weights on 2k features, and the searched temperature and threshold."""

    coefficients: tuple[float, ...]
    intercept: float
    temperature: float
    threshold: float
    validation_accuracy: float

    def unseen_probability(self, unseen_probabilities: FloatArray, seen_logits: FloatArray) -> NDArray[np.float64]:
        """P(unseen | clip): float64 [n]. Raises SadvaeError for another number of candidate classes than in fitting."""
        k = len(self.coefficients) // 2
        if unseen_probabilities.shape[1] != k:
            raise SadvaeError(
                f"the published gate was fitted with {k} unseen classes and is asked about "
                f"{unseen_probabilities.shape[1]}; hold out as many classes as there are unseen ones."
            )
        features = gate_features(unseen_probabilities, seen_logits, self.temperature, k)
        # Class 1 of the regression is "seen".
        return expit(-(features @ np.array(self.coefficients) + self.intercept))

    def is_seen(self, unseen_probabilities: FloatArray, seen_logits: FloatArray) -> NDArray[np.bool_]:
        """Seen if P(seen) > threshold, although the threshold was tuned on P(unseen) (number 9 of docs/method.md)."""
        return 1 - self.unseen_probability(unseen_probabilities, seen_logits) > self.threshold


def gate_features(unseen_probabilities: FloatArray, seen_logits: FloatArray, temperature: float, k: int) -> FloatArray:
    """The top k of p_u and of softmax(logits / T) over all classes, each sorted downwards: float32 [n, 2k]."""
    scaled = (seen_logits + np.float32(1e-12)) / np.float32(temperature)
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    softened = exponentials / exponentials.sum(axis=1, keepdims=True)
    tops = [np.sort(p, axis=1)[:, ::-1][:, :k] for p in (unseen_probabilities, softened)]
    return np.concatenate(tops, axis=1)


def fit_published_gate(
    unseen_zs: FloatArray, seen_zs: FloatArray, unseen_logits: FloatArray, seen_logits: FloatArray, *, seed: int
) -> PublishedGate:
    """Search temperature and threshold on a hold-out of the calibration clips, first best wins.

    *_zs: p_u [n, k]; *_logits: [n, class]; seed: of the legacy NumPy generator that the published code draws from.
    """
    random = np.random.RandomState(seed)
    used = random.choice(len(seen_zs), min(len(unseen_zs), len(seen_zs)), replace=False)
    seen_zs, seen_logits = seen_zs[used], seen_logits[used]
    fits = [_fit_at(t, unseen_zs, seen_zs, unseen_logits, seen_logits, random) for t in TEMPERATURES]
    return max(fits, key=lambda fit: fit.validation_accuracy)


def _fit_at(
    temperature: int,
    unseen_zs: FloatArray,
    seen_zs: FloatArray,
    unseen_logits: FloatArray,
    seen_logits: FloatArray,
    random: np.random.RandomState,
) -> PublishedGate:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    k = unseen_zs.shape[1]
    sides = [gate_features(*pair, temperature, k) for pair in ((unseen_zs, unseen_logits), (seen_zs, seen_logits))]
    held = [random.choice(len(side), min(300, len(side) // 6), replace=False) for side in sides]
    kept = [np.delete(side, rows, axis=0) for side, rows in zip(sides, held, strict=True)]
    order = np.arange(sum(map(len, kept)))
    random.shuffle(order)
    x, y = np.concatenate(kept)[order], np.repeat([0, 1], list(map(len, kept)))[order]
    model = LogisticRegression(C=1, solver="lbfgs", max_iter=50000, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y)
    validation = np.concatenate([side[rows] for side, rows in zip(sides, held, strict=True)])
    truth = np.repeat([0, 1], list(map(len, held)))
    probability = np.asarray(model.predict_proba(validation))[:, 0] if len(validation) else np.zeros(0)
    threshold, accuracy = _best_threshold(probability, truth)
    coefficients = tuple(float(c) for c in np.ravel(model.coef_))
    return PublishedGate(coefficients, float(np.ravel(model.intercept_)[0]), temperature, threshold, accuracy)


def _best_threshold(unseen_probability: NDArray[np.floating], truth: NDArray[np.int64]) -> tuple[float, float]:
    """The first threshold with the highest accuracy of "unseen if P(unseen) > threshold" (0 is unseen).

    Fewer than 6 clips a side leave none to hold out; then nothing can be searched, and one half is used.
    """
    if len(truth) == 0:
        return 0.5, 0.0
    accuracies = [float(np.mean(np.where(unseen_probability > t, 0, 1) == truth)) for t in THRESHOLDS]
    best = int(np.argmax(accuracies))
    return THRESHOLDS[best], accuracies[best]
