"""Means over splits and seeds, their standard errors and bootstrap intervals, as pure functions of numbers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sadvae.errors import SadvaeError

DRAWS = 4000
LEVEL = 0.95
# The generator starts from the same number for every table, so that a table can be made again to the digit.
GENERATOR_SEED = 20240

# Values of one method by split and seed: {split: {seed: value}}.
Values = Mapping[Hashable, Mapping[Hashable, float]]


@dataclass(frozen=True)
class Estimate:
    """A mean over splits and seeds.

    value: the mean over splits of their means over seeds, so that splits weigh the same. error: its standard error.
    low, high: the bootstrap interval. splits, count: how many splits, and values in all. error, low and high are None
    for a single value.
    """

    value: float
    error: float | None
    low: float | None
    high: float | None
    splits: int
    count: int

    @property
    def direction(self) -> int:
        """1 if the interval lies above 0, -1 if below, 0 if it holds 0 or is not known."""
        if self.low is None or self.high is None:
            return 0
        return int(self.low > 0) - int(self.high < 0)


def estimate(values: Values, draws: int = DRAWS, level: float = LEVEL) -> Estimate | None:
    """The mean of values by split and seed with its error and interval; None where there is no value.

    draws: of the bootstrap; 0 leaves the interval out, for those who show errors alone.
    Raises SadvaeError where a value is not finite.
    """
    groups = [np.array(list(seeds.values()), dtype=np.float64) for seeds in values.values() if seeds]
    if not groups:
        return None
    if not all(np.isfinite(group).all() for group in groups):
        raise SadvaeError("a score is not finite, so it has no mean; look for the record that holds it.")
    count = sum(map(len, groups))
    mean = float(np.mean([group.mean() for group in groups]))
    low, high = bootstrap_interval(groups, draws, level) if count > 1 and draws else (None, None)
    return Estimate(mean, standard_error(groups), low, high, len(groups), count)


def standard_error(groups: Sequence[NDArray[np.float64]]) -> float | None:
    """The standard error of the mean of split means: s / sqrt(n) over splits, or over seeds where there is one split.

    The spread of split means holds both the spread of splits and, divided by their number, that of seeds. None for a
    single value.
    """
    numbers = np.array([group.mean() for group in groups]) if len(groups) > 1 else groups[0]
    return float(numbers.std(ddof=1) / np.sqrt(len(numbers))) if len(numbers) > 1 else None


def bootstrap_interval(
    groups: Sequence[NDArray[np.float64]], draws: int = DRAWS, level: float = LEVEL
) -> tuple[float, float]:
    """The percentile interval of the hierarchical bootstrap: splits are drawn again, and seeds within each split drawn.

    groups: the values of each split, any number of seeds. One split leaves seeds alone to be drawn: then the interval
    says nothing of other splits. (Davison and Hinkley 1997, section 3.8; Efron and Tibshirani 1993, section 13.3.)
    """
    sizes = tuple(map(len, groups))
    chosen, drawn_sizes = _drawn_again(sizes, draws)
    # The 0 is what places beyond a split's seeds stand for.
    means = (np.append(np.concatenate(groups), 0.0).take(chosen).sum(axis=0) / drawn_sizes).mean(axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


@lru_cache(maxsize=8)
def _drawn_again(sizes: tuple[int, ...], draws: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the values of every draw lie, [seed, draw, split], and how many seeds each drawn split has, [draw, split].

    sizes: of the splits, whose values lie one after the other; their sum stands for no value. Tables of results ask
    for the same sizes hundreds of times, and drawing takes longer than the means do.
    """
    rng, counts, longest = np.random.default_rng(GENERATOR_SEED), np.array(sizes), max(sizes)
    splits = rng.integers(0, len(sizes), (draws, len(sizes)))
    drawn_sizes = counts[splits]
    seeds = (rng.random((*splits.shape, longest)) * drawn_sizes[..., None]).astype(np.int64)
    places = (np.cumsum(counts) - counts)[splits][..., None] + seeds
    places[np.arange(longest) >= drawn_sizes[..., None]] = counts.sum()
    return np.ascontiguousarray(np.moveaxis(places, 2, 0)), drawn_sizes


def differences(left: Values, right: Values) -> dict[Hashable, dict[Hashable, float]]:
    """left - right for every split and seed that both have; a split without a pair is left out."""
    pairs = {
        split: {seed: value - right[split][seed] for seed, value in seeds.items() if seed in right.get(split, {})}
        for split, seeds in left.items()
    }
    return {split: seeds for split, seeds in pairs.items() if seeds}


def paired_difference(left: Values, right: Values) -> Estimate | None:
    """The mean of left - right over pairs of the same split and seed; None where there is no pair.

    What a split or a seed does to both sides alike drops out, so the interval is narrower than those of the sides.
    The gap between the test-set oracle and held-out selection is this difference too.
    """
    return estimate(differences(left, right))
