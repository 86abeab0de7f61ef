"""Logistic regression on one number that may only help: where few clips suggest otherwise, a small slope is taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# For scores of standard deviation 1.
SMALLEST_SLOPE = 0.3


def rising_logistic(no: NDArray[Any], yes: NDArray[Any]) -> tuple[float, float]:
    """Slope and offset of P(yes | score) = 1 / (1 + exp(-slope * score - offset)), both sides weighing the same.

    no, yes: scores float [n] and [m]. A larger score never lowers P(yes): where a few scores suggest so by chance, or
    show next to nothing, the slope is SMALLEST_SLOPE a standard deviation, and P is 1/2 midway between both means.
    """
    from sklearn.linear_model import LogisticRegression

    scores, truth = np.concatenate([no, yes]), np.repeat([0, 1], [len(no), len(yes)])
    centre, spread = scores.mean(), max(float(scores.std()), 1e-6)
    model = LogisticRegression(C=1.0, class_weight="balanced").fit(((scores - centre) / spread)[:, None], truth)
    slope = float(model.coef_[0, 0]) / spread
    if slope * spread < SMALLEST_SLOPE:
        slope = SMALLEST_SLOPE / spread
        return slope, -slope * float(np.mean([no.mean(), yes.mean()]))
    return slope, float(model.intercept_[0]) - slope * float(centre)
