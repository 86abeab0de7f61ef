"""Metrics against scikit-learn and hand computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix

from sadvae.evaluation import metrics

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=40)


# scikit-learn's balanced accuracy warns where only one class occurs; its number is right there too.
@pytest.mark.filterwarnings("ignore:A single label was found")
@given(LABELS, st.integers(0, 10**6))
def test_accuracies_agree_with_scikit_learn(labels: list[int], seed: int) -> None:
    truth = np.array(labels)
    guess = np.random.default_rng(seed).choice(np.unique(truth), len(truth))
    assert metrics.accuracy(truth, guess) == pytest.approx(accuracy_score(truth, guess))
    assert metrics.class_mean_accuracy(truth, guess) == pytest.approx(balanced_accuracy_score(truth, guess))
    ids = (0, 1, 2, 3, 4)
    assert metrics.confusion(truth, guess, ids) == confusion_matrix(truth, guess, labels=list(ids)).tolist()


def test_harmonic_mean() -> None:
    assert metrics.harmonic_mean(0.6, 0.3) == pytest.approx(0.4)
    assert metrics.harmonic_mean(0.0, 0.0) == 0.0


def test_seen_unseen_curve_by_hand() -> None:
    probability = np.array([0.9, 0.8, 0.4, 0.2], np.float32)
    is_seen = np.array([True, False, True, False])
    right = np.ones(4, bool)
    curve = metrics.seen_unseen_curve(probability, is_seen, right, right)
    assert curve == [(0.0, 1.0), (0.5, 1.0), (0.5, 0.5), (1.0, 0.5), (1.0, 0.0)]
    assert metrics.curve_area(curve) == pytest.approx(0.75)
    assert metrics.gate_auroc(probability, is_seen) == pytest.approx(0.75)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 10**6))
def test_area_of_a_perfect_classifier_is_the_gates_auroc(seen: int, unseen: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    probability = (rng.integers(0, 8, seen + unseen) / 8).astype(np.float32)
    is_seen = np.arange(seen + unseen) < seen
    right = np.ones(seen + unseen, bool)
    area = metrics.curve_area(metrics.seen_unseen_curve(probability, is_seen, right, right))
    assert area == pytest.approx(metrics.gate_auroc(probability, is_seen), abs=1e-6)


def test_calibration_error_by_hand() -> None:
    confident = np.array([0.95, 0.95, 0.55, 0.55], np.float32)
    right = np.array([True, True, True, False])
    assert metrics.expected_calibration_error(confident, right) == pytest.approx(0.5 * 0.05 + 0.5 * 0.05, abs=1e-6)


def test_calibration_error_keeps_the_two_surest_of_ten_bins_apart() -> None:
    surest = metrics.expected_calibration_error(np.array([0.85, 0.95], np.float32), np.array([False, True]))
    assert surest == pytest.approx(0.5 * 0.85 + 0.5 * 0.05, abs=1e-6)
    # One of ten bins, two of fifteen.
    one = metrics.expected_calibration_error(np.array([0.61, 0.69], np.float32), np.array([False, True]))
    assert one == pytest.approx(0.65 - 0.5, abs=1e-6)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
def test_corners_draw_the_same_curve(clips: list[tuple[bool, bool, bool, int]]) -> None:
    is_seen, if_seen, if_unseen = (np.array([clip[i] for clip in clips]) for i in range(3))
    curve = metrics.seen_unseen_curve(np.array([clip[3] for clip in clips], np.float32), is_seen, if_seen, if_unseen)
    kept = metrics.corners(curve)
    assert set(kept) <= set(curve)
    assert (kept[0], kept[-1]) == (curve[0], curve[-1])
    assert len(set(kept)) == len(kept)
    assert metrics.curve_area(kept) == pytest.approx(metrics.curve_area(curve))
