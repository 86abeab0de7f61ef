"""Means over seeds and their standard errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mean:
    """A mean of count values; error is its standard error, None for a single value."""

    value: float
    error: float | None
    count: int


def mean_of(values: Sequence[float | None]) -> Mean | None:
    """The mean and its standard error, s / sqrt(n) with n - 1 in s; None if a value is missing or there is none."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    count, mean = len(known), math.fsum(known) / len(known)
    if count == 1:
        return Mean(mean, None, 1)
    variance = math.fsum((value - mean) ** 2 for value in known) / (count - 1)
    return Mean(mean, math.sqrt(variance / count), count)
