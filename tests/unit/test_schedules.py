"""Schedules against the formulas of docs/method.md, computed here by hand and with fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadvae.methods.schedules import weights_at
from sadvae.methods.settings import paper, published, sadvae

STEPS = st.tuples(st.integers(1, 3000), st.integers(0, 20), st.integers(0, 10**6)).map(
    lambda t: (t[0], t[1], t[2] % t[0])
)


@given(STEPS)
def test_published_schedule(step: tuple[int, int, int]) -> None:
    length, epoch, i = step
    w = weights_at(published(), epoch, i, length)
    slope = Fraction(3000 * length, 1700)
    b_x = max(0.0, float(Fraction(1, 10) * (i - Fraction(1000 * length, 1700)) / slope))
    late = 8 * length // 10
    b_y = max(0.0, float(Fraction(1, 10) * (i - late) / slope)) if epoch >= 2 else 0.0
    assert w.kl_skeleton == pytest.approx(b_x, abs=1e-12)
    assert w.kl_text == pytest.approx(b_y, abs=1e-12)
    assert w.total_correlation == w.discriminator == w.kl_text
    assert w.cross == (1.0 if i > late else 0.0)


def test_published_schedule_at_known_iterations() -> None:
    at = [weights_at(published(), 2, i, 1700) for i in (999, 1000, 1300, 1360, 1361, 1699)]
    assert [w.kl_skeleton for w in at] == pytest.approx([0, 0, 0.01, 0.012, 0.1 * 361 / 3000, 0.1 * 699 / 3000])
    assert [w.kl_text for w in at] == pytest.approx([0, 0, 0, 0, 0.1 / 3000, 0.1 * 339 / 3000])
    assert [w.cross for w in at] == [0, 0, 0, 0, 1, 1]
    assert all(weights_at(published(), epoch, 1699, 1700).kl_text == 0 for epoch in (0, 1))
    assert weights_at(published(), 0, 1699, 1700).cross == 1


@given(STEPS)
def test_paper_schedule(step: tuple[int, int, int]) -> None:
    length, epoch, i = step
    w = weights_at(paper(), epoch, i, length)
    ramp = 1.5 * (i / length - 1 / 3) if i > length // 3 else 0.0
    assert w.kl_skeleton == w.kl_text == pytest.approx(0.1 * ramp)
    assert w.total_correlation == pytest.approx(0.1 * ramp)
    assert w.cross == (0.0 if epoch == 0 else 1.0)
    assert w.discriminator == 1.0
    assert 0 <= ramp <= 1


@given(STEPS)
def test_our_weights_are_constant_and_the_discriminator_is_not_damped(step: tuple[int, int, int]) -> None:
    length, epoch, i = step
    settings = sadvae()
    w = weights_at(settings, epoch, i, length)
    assert (w.kl_skeleton, w.kl_text, w.cross) == (settings.kl_weight, settings.kl_weight, settings.cross_weight)
    assert (w.total_correlation, w.discriminator) == (settings.total_correlation_weight, 1.0)
