"""Probabilities that mean what they say: a temperature, and how sure it is that any of the names fits a clip.

All of it is fitted on the calibration level (evaluation/calibrate.py): held-out seen classes, training subjects.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax

from sadvae.methods.logistic import rising_logistic
from sadvae.types import FloatArray, IntArray

# Temperatures lie between 1/20 and 20.
LARGEST = float(np.log(20))
# Of the prior of a temperature's logarithm; benchmarks/choose_temperature.py chose it on calibration levels.
DEVIATION = 0.25
# Probabilities that float32 rounds to 0.
SMALLEST_PROBABILITY = 1e-30


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Temperature(_Frozen):
    """A divisor of logits, and the expected calibration error without and with it on the clips that it was fitted on.

    Above 1 it makes answers less sure. clips: how many it was fitted on.
    """

    value: float = Field(gt=0, allow_inf_nan=False)
    error_before: float
    error_after: float
    clips: int


class Fit(_Frozen):
    """P(one of the names fits a clip) = 1 / (1 + exp(-slope * score - offset)), with the score of fit_scores.

    accepted: the share of calibration clips that a name fits and that are given one. refused: the share of those that
    no name fits and that are given none. Both are at P = 1/2, on the clips that it was fitted on.
    """

    slope: float = Field(allow_inf_nan=False)
    offset: float = Field(allow_inf_nan=False)
    accepted: float
    refused: float

    def probability(self, scores: NDArray[np.float64]) -> FloatArray:
        """P(one of the names fits): scores float [n] to float32 [n]."""
        return expit(self.slope * scores + self.offset).astype(np.float32)


class Calibration(_Frozen):
    """What a recogniser knows of its own certainty; a part is None where the calibration level has no clips for it.

    unseen: of new names. seen: of the trained classes. fit: whether any new name fits.
    """

    unseen: Temperature | None = None
    seen: Temperature | None = None
    fit: Fit | None = None


def tempered(logits: NDArray[np.floating], temperature: float) -> FloatArray:
    """Softmax of logits [n, k] over a temperature: float32 [n, k]."""
    return np.exp(log_softmax(logits.astype(np.float64) / temperature, axis=1)).astype(np.float32)


def logits_of(probabilities: FloatArray) -> NDArray[np.float64]:
    """Logarithms of probabilities [n, k]: float64, finite; softmax of them gives the probabilities back."""
    return np.log(np.maximum(probabilities.astype(np.float64), SMALLEST_PROBABILITY))


def fit_temperature(
    logits: NDArray[np.float64], columns: IntArray, evidence: int, deviation: float = DEVIATION
) -> float:
    """The temperature under which logits [n, k] explain the true columns [n] best (Guo et al., ICML 2017).

    evidence: how many independent observations all clips together count as. The logarithm of the temperature has a
    normal prior of mean 0, so that little evidence moves it little, and clips that are all right do not make it 0.
    """
    rows, weight = np.arange(len(columns)), evidence / len(columns)

    def loss(log_temperature: float) -> float:
        chosen = log_softmax(logits / np.exp(log_temperature), axis=1)[rows, columns]
        return float(-weight * chosen.sum() + (log_temperature / deviation) ** 2 / 2)

    found: Any = minimize_scalar(loss, bounds=(-LARGEST, LARGEST), method="bounded")
    return float(np.exp(found.x))


def fit_scores(names: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much better the best name explains each clip than the best trained class does: float64 [n], a log ratio.

    names [n, k], known [n, m]: logarithms of the probabilities over names and trained classes side by side. A clip that
    no name fits is explained better by some trained class that looks alike.
    """
    return names.max(axis=1) - known.max(axis=1)


def fit_of(misses: NDArray[np.float64], hits: NDArray[np.float64]) -> Fit:
    """The fit of scores of clips that no name fits, and of clips that one fits."""
    slope, offset = rising_logistic(misses, hits)
    found = Fit(slope=slope, offset=offset, accepted=0.0, refused=0.0)
    accepted, missed = (float((found.probability(side) >= 0.5).mean()) for side in (hits, misses))
    return found.model_copy(update={"accepted": accepted, "refused": 1 - missed})
