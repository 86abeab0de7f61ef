"""Gates against scikit-learn and hand computation, with few clips, extreme logits and files of gates."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sadvae.errors import SadvaeError
from sadvae.methods.gate import (
    GATES,
    Gate,
    GateInput,
    MaxProbabilityGate,
    fit_gate,
    gate_from_json,
    gate_to_json,
    max_log_odds,
)
from sadvae.methods.published_gate import THRESHOLDS, fit_published_gate, gate_features
from tests.reference import plain_gate

SEEN = (0, 1, 2, 3)
PUBLISHED: dict[str, Any] = {
    "kind": "published",
    "coefficients": [1.0, -1.0],
    "intercept": 0.5,
    "temperature": 2,
    "threshold": 0.5,
    "validation_accuracy": 0.9,
}


def clips(count: int, confidence: float, seed: int, classes: int = 7, unseen: int = 3) -> GateInput:
    """Clips whose largest seen logit stands out by `confidence`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(count, classes)).astype(np.float32)
    logits[np.arange(count), rng.choice(SEEN, count)] += confidence
    zs = softmax(rng.normal(size=(count, unseen)), axis=1).astype(np.float32)
    return GateInput(zs, logits)


def fitted(kind: str, unseen: int = 40, seen: int = 60, *, confidence: float = 3.0) -> Gate:
    return fit_gate(kind, clips(unseen, 0, 1), clips(seen, confidence, 2), seed=0, seen_ids=SEEN)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_log_odds_of_the_largest_probability(seed: int, seen: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 3, (5, 8)).astype(np.float32)
    p = softmax(logits[:, :seen].astype(np.float64), axis=1).max(axis=1)
    np.testing.assert_allclose(max_log_odds(logits, range(seen)), np.log(p / (1 - p)), rtol=1e-6, atol=1e-6)


def test_log_odds_stay_finite_where_probabilities_round_to_one() -> None:
    logits = np.array([[1e4, 0, -1e4], [3e38, -3e38, 0], [0, 0, 0], [-1e4, -1e4, -1e4]], np.float32)
    found = max_log_odds(logits, (0, 1, 2))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[[0, 2, 3]], [1e4, math.log(0.5), math.log(0.5)])
    np.testing.assert_array_equal(max_log_odds(logits, (1,)), np.zeros(4))


def test_never_trained_columns_are_not_read() -> None:
    gate, other = fitted("max_probability"), clips(10, 1, 3)
    before = gate.seen_probability(other, SEEN)
    other.seen_logits[:, 4:] = 1e6
    np.testing.assert_array_equal(gate.seen_probability(other, SEEN), before)


def test_max_probability_gate_agrees_with_scikit_learn() -> None:
    unseen, seen, test = clips(40, 0, 1), clips(60, 3, 2), clips(25, 1.5, 3)
    gate = fit_gate("max_probability", unseen, seen, seed=0, seen_ids=SEEN)

    def score(side: GateInput) -> np.ndarray:
        p = softmax(side.seen_logits[:, list(SEEN)].astype(np.float64), axis=1).max(axis=1)
        return np.log(p / (1 - p))[:, None]

    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    model.fit(np.concatenate([score(unseen), score(seen)]), [0] * 40 + [1] * 60)
    reference = model.predict_proba(score(test))[:, 1]
    np.testing.assert_allclose(gate.seen_probability(test, SEEN), reference, atol=1e-5)
    np.testing.assert_array_equal(gate.is_seen(test, SEEN), reference > 0.5)


@pytest.mark.parametrize(("unseen", "seen"), [(1, 1), (1, 60), (2, 3), (5, 5), (7, 30)])
@pytest.mark.parametrize("kind", GATES)
def test_few_calibration_clips_still_give_a_sound_gate(kind: str, unseen: int, seen: int) -> None:
    gate, test = fitted(kind, unseen, seen), clips(50, 2, 5)
    found = gate.seen_probability(test, SEEN)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
    assert gate.is_seen(test, SEEN).dtype == bool


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.integers(1, 4), st.floats(-8, 8), st.integers(0, 1000))
def test_more_confidence_never_makes_a_clip_less_seen(unseen: int, seen: int, confidence: float, seed: int) -> None:
    gate = fit_gate("max_probability", clips(unseen, 0, seed), clips(seen, confidence, seed + 1), seed=0, seen_ids=SEEN)
    rising = np.zeros((6, 7), np.float32)
    rising[:, 0] = np.arange(6)
    found = gate.seen_probability(GateInput(np.full((6, 3), 1 / 3, np.float32), rising), SEEN)
    assert (np.diff(found) >= 0).all()


def test_both_sides_weigh_the_same_however_many_clips_they_have() -> None:
    few, many = fitted("max_probability", 50, 50), fitted("max_probability", 50, 2000)
    middle = clips(400, 1.5, 9)
    assert abs(few.is_seen(middle, SEEN).mean() - many.is_seen(middle, SEEN).mean()) < 0.15


def test_a_gate_separates_what_can_be_separated() -> None:
    for kind in GATES:
        gate = fitted(kind, confidence=12)
        assert gate.is_seen(clips(50, 12, 7), SEEN).mean() > 0.9
        assert gate.is_seen(clips(50, 0, 8), SEEN).mean() < 0.3


def test_features_of_the_published_gate_by_hand() -> None:
    zs = np.array([[0.2, 0.5, 0.3]], np.float32)
    logits = np.array([[0.0, 2.0, 4.0, 2.0]], np.float32)
    e = np.exp([2.0, 1.0, 1.0, 0.0])
    found = gate_features(zs, logits, 2, 2)
    np.testing.assert_allclose(found, [[0.5, 0.3, e[0] / e.sum(), e[1] / e.sum()]], rtol=1e-6)


@pytest.mark.parametrize(
    "config",
    [
        plain_gate.Config(),
        plain_gate.Config(val_unseen=150, val_seen=60, seed=1),
        plain_gate.Config(val_unseen=14, val_seen=9, test=60, seed=2),
        plain_gate.Config(seen=20, unseen=9, sharpness=0.5, seed=3),
    ],
    ids=["usual", "more unseen", "few", "hard"],
)
def test_published_gate_agrees_with_a_plain_one(config: plain_gate.Config) -> None:
    a = plain_gate.record(config)
    names = ("val_unseen_zs", "val_seen_zs", "val_unseen_logits", "val_seen_logits")
    gate = fit_published_gate(*(a[name] for name in names), seed=5)
    result = json.loads(str(a["result"]))
    assert (gate.threshold, gate.temperature) == (result["threshold"], result["temperature"])
    assert gate.validation_accuracy == pytest.approx(result["validation_accuracy"])
    np.testing.assert_allclose([*gate.coefficients], a["gate_coefficients"][0], rtol=1e-4, atol=1e-6)


def test_thresholds_are_those_of_the_published_code() -> None:
    assert list(THRESHOLDS) == [t / 100 for t in range(25, 75)]


def test_the_published_gate_refuses_another_number_of_candidates() -> None:
    with pytest.raises(SadvaeError, match="fitted with 3 unseen classes and is asked about 5"):
        fitted("published").is_seen(clips(4, 0, 0, unseen=5), SEEN)


@pytest.mark.parametrize("kind", GATES)
def test_gates_survive_json(kind: str) -> None:
    gate, test = fitted(kind), clips(30, 1, 4)
    again = gate_from_json(json.loads(json.dumps(gate_to_json(gate))))
    assert again == gate
    np.testing.assert_array_equal(again.seen_probability(test, SEEN), gate.seen_probability(test, SEEN))


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"kind": "max_probability"},
        {"kind": "max_probability", "slope": "steep", "offset": 0},
        {"kind": "max_probability", "slope": 1, "offset": [0]},
        {"kind": "published", "slope": 1, "offset": 0},
        {"kind": "garden", "slope": 1, "offset": 0},
        {"kind": ["max_probability"], "slope": 1, "offset": 0},
        {"kind": "max_probability", "slope": math.nan, "offset": 0},
        {"kind": "max_probability", "slope": 1, "offset": -math.inf},
        {"kind": "max_probability", "slope": 10**400, "offset": 0},
        PUBLISHED | {"coefficients": [1.0, math.nan]},
        PUBLISHED | {"coefficients": []},
        PUBLISHED | {"threshold": math.inf},
        PUBLISHED | {"temperature": 0},
    ],
)
def test_files_that_hold_no_gate_are_refused(value: Any) -> None:
    with pytest.raises(SadvaeError, match=r"^gate\.json does not hold a gate: [^\n]+\.$"):
        gate_from_json(value)


def test_unknown_gates_and_empty_sides_are_refused() -> None:
    with pytest.raises(SadvaeError, match="unknown gate 'garden'; expected one of max_probability, published"):
        fitted("garden")
    with pytest.raises(SadvaeError, match="one side is empty"):
        fitted("max_probability", unseen=0)
    with pytest.raises(SadvaeError, match="cannot be saved"):
        gate_to_json(object())  # pyright: ignore[reportArgumentType]


def test_a_calibration_that_says_the_opposite_still_gives_a_sound_gate() -> None:
    """Held-out clips that look more familiar than seen ones: P(seen) still rises with confidence, from the middle."""
    unseen, seen = clips(10, 3, 1), clips(50, 0, 2)
    gate = fit_gate("max_probability", unseen, seen, seed=0, seen_ids=SEEN)
    assert isinstance(gate, MaxProbabilityGate)
    assert gate.slope > 0
    sides = [max_log_odds(side.seen_logits, SEEN) for side in (unseen, seen)]
    middle = (sides[0].mean() + sides[1].mean()) / 2
    assert -gate.offset / gate.slope == pytest.approx(middle)
    sure, lost = clips(200, 6, 3), clips(200, -3, 4)
    assert gate.is_seen(sure, SEEN).mean() > 0.8
    assert gate.is_seen(lost, SEEN).mean() < 0.5


def test_equal_scores_leave_the_gate_at_one_half() -> None:
    same = clips(12, 2, 5)
    gate = fit_gate("max_probability", same, same, seed=0, seen_ids=SEEN)
    middle = float(max_log_odds(same.seen_logits, SEEN).mean())
    assert isinstance(gate, MaxProbabilityGate)
    assert gate.slope * middle + gate.offset == pytest.approx(0, abs=1e-6)
