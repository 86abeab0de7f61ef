"""Means over seeds against the standard library."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadvae.report.means import mean_of


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_mean_of_agrees_with_the_standard_library(values: list[float]) -> None:
    found = mean_of(values)
    assert found is not None
    assert found.value == pytest.approx(statistics.fmean(values))
    assert found.error == pytest.approx(statistics.stdev(values) / len(values) ** 0.5, abs=1e-12)


def test_missing_values_give_no_mean() -> None:
    assert mean_of([]) is None
    assert mean_of([0.5, None]) is None
