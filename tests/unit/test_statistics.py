"""Means, errors and bootstrap intervals against SciPy and against every resample there is."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sadvae.errors import SadvaeError
from sadvae.evaluation.proportion import proportion, zero_shot_proportion
from sadvae.evaluation.statistics import (
    Estimate,
    bootstrap_interval,
    differences,
    estimate,
    paired_difference,
    standard_error,
)
from tests.report_samples import make_evaluation

SCORES = st.floats(0, 1, width=32)
VALUES = st.dictionaries(
    st.integers(0, 5), st.dictionaries(st.integers(0, 4), SCORES, min_size=1, max_size=4), min_size=1, max_size=5
)


def by_seed(*values: float) -> dict:
    return dict(enumerate(values))


@given(st.lists(SCORES, min_size=2, max_size=9))
def test_one_split_is_the_mean_and_standard_error_of_scipy(values: list[float]) -> None:
    found = estimate({"a": by_seed(*values)})
    assert found is not None
    assert found.value == pytest.approx(np.mean(values))
    assert found.error == pytest.approx(stats.sem(values), abs=1e-12)
    assert (found.splits, found.count) == (1, len(values))


@given(VALUES)
def test_splits_weigh_the_same(values: dict) -> None:
    found = estimate(values)
    means = [np.mean(list(seeds.values())) for seeds in values.values()]
    assert found is not None
    assert found.value == pytest.approx(np.mean(means))
    assert found.count == sum(map(len, values.values()))
    if len(means) > 1:
        assert found.error == pytest.approx(stats.sem(means), abs=1e-12)


@given(VALUES)
def test_an_interval_lies_within_the_values_and_does_not_depend_on_the_run(values: dict) -> None:
    found, again = estimate(values, draws=200), estimate(values, draws=200)
    assert found == again
    assert found is not None
    every = [value for seeds in values.values() for value in seeds.values()]
    if found.count > 1:
        assert found.low is not None
        assert found.high is not None
        assert min(every) - 1e-9 <= found.low <= found.high <= max(every) + 1e-9
    else:
        assert (found.error, found.low, found.high) == (None, None, None)


def every_resample(groups: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """The mean of every hierarchical resample, one after the other, and its probability."""
    per_split = [np.mean(list(product(group, repeat=len(group))), axis=1) for group in groups]
    means, weights = [], []
    for chosen in product(range(len(groups)), repeat=len(groups)):
        drawn = np.mean(np.meshgrid(*(per_split[split] for split in chosen)), axis=0).ravel()
        means.append(drawn)
        weights.append(np.full(len(drawn), 1 / len(groups) ** len(groups) / len(drawn)))
    return np.concatenate(means), np.concatenate(weights)


def exact_quantile(means: np.ndarray, weights: np.ndarray, share: float) -> float:
    order = np.argsort(means)
    return float(means[order][np.searchsorted(np.cumsum(weights[order]), share)])


@pytest.mark.parametrize(
    "groups",
    [
        [[0.2, 0.5, 0.55, 0.9]],
        [[0.1, 0.15, 0.3], [0.4, 0.42, 0.7], [0.5, 0.9, 0.95]],
        [[0.1, 0.3], [0.2, 0.8, 0.9], [0.45]],
    ],
    ids=["seeds alone", "splits and seeds", "unequal numbers of seeds"],
)
@pytest.mark.parametrize("level", [0.9, 0.5])
def test_intervals_are_the_quantiles_of_every_resample(groups: list[list[float]], level: float) -> None:
    means, weights = every_resample(groups)
    assert sum(weights) == pytest.approx(1)
    found = bootstrap_interval([np.array(group) for group in groups], draws=60_000, level=level)
    for value, share in zip(found, ((1 - level) / 2, (1 + level) / 2), strict=True):
        # The distribution is a set of steps, so the share is compared on both sides of the value.
        near = [exact_quantile(means, weights, share + shift) for shift in (-0.01, 0.01)]
        assert near[0] - 1e-9 <= value <= near[1] + 1e-9


def test_one_split_agrees_with_the_bootstrap_of_scipy() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.1, 12)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=1).confidence_interval
    assert bootstrap_interval([values], draws=20_000) == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """20 splits of 5 seeds from a known hierarchy: 95 % intervals of 200 such experiments."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        groups = rng.normal(0, 0.1, (20, 1)) + rng.normal(0, 0.05, (20, 5)) + 0.6
        low, high = bootstrap_interval(list(groups), draws=400)
        held += low <= 0.6 <= high
    assert 0.89 <= held / 200 <= 0.99


@given(VALUES, st.floats(-0.5, 0.5))
@settings(deadline=None)
def test_a_constant_difference_is_certain(values: dict, shift: float) -> None:
    other = {split: {seed: value - shift for seed, value in seeds.items()} for split, seeds in values.items()}
    found = paired_difference(values, other)
    assert found is not None
    assert found.value == pytest.approx(shift, abs=1e-9)
    if found.count > 1:
        assert found.low == pytest.approx(shift, abs=1e-9)
        assert found.high == pytest.approx(shift, abs=1e-9)


@given(VALUES, VALUES)
def test_pairs_are_those_that_both_sides_have(left: dict, right: dict) -> None:
    keys = {(split, seed) for split, seeds in left.items() for seed in seeds if seed in right.get(split, {})}
    found = differences(left, right)
    assert {(split, seed) for split, seeds in found.items() for seed in seeds} == keys
    assert all(found[split][seed] == left[split][seed] - right[split][seed] for split, seed in keys)
    there, back = paired_difference(left, right), paired_difference(right, left)
    if not keys:
        assert there is None
        return
    assert there is not None
    assert back is not None
    assert there.value == pytest.approx(-back.value, abs=1e-12)
    assert there.count == len(keys)


def test_directions() -> None:
    assert [Estimate(0, 0.1, low, high, 1, 2).direction for low, high in ((0.1, 0.2), (-0.2, -0.1), (-1, 1))] == [
        1,
        -1,
        0,
    ]
    assert Estimate(0.5, None, None, None, 1, 1).direction == 0


def test_an_interval_that_touches_zero_has_no_direction() -> None:
    for low, high, direction in ((0.0, 0.2, 0), (-0.2, 0.0, 0), (0.1, 0.2, 1), (-0.2, -0.1, -1)):
        assert Estimate((low + high) / 2, 0.1, low, high, 3, 6).direction == direction


def test_bad_values() -> None:
    assert estimate({}) is None
    assert estimate({"a": {}}) is None
    assert standard_error([np.array([0.5])]) is None
    with pytest.raises(SadvaeError, match="not finite"):
        estimate({"a": {0: float("nan")}})


@given(st.integers(1, 200), st.data())
def test_the_interval_of_a_proportion_holds_the_shares_that_a_score_test_does_not_reject(count: int, data) -> None:
    right = data.draw(st.integers(0, count))
    found = proportion(right, count)
    limit = stats.norm.ppf(0.975) ** 2
    for end, certain in ((found.low, right == 0), (found.high, right == count)):
        if certain:
            assert end == pytest.approx(right / count, abs=1e-12)
        else:
            assert (right - count * end) ** 2 / (count * end * (1 - end)) == pytest.approx(limit, rel=1e-6)
    assert found.low <= right / count <= found.high


def test_a_zero_shot_proportion_counts_the_confusion_matrix() -> None:
    found = zero_shot_proportion(make_evaluation(confusion=[[9, 3], [2, 6]]))
    assert found is not None
    assert (found.right, found.count) == (15, 20)
    assert zero_shot_proportion(make_evaluation(confusion=[], confusion_ids=[])) is None
