"""Temperatures and the fit of names against known truths and plain loops."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from sadvae.evaluation.calibrate import calibrate
from sadvae.evaluation.metrics import expected_calibration_error
from sadvae.evaluation.selection import LastStep, TrainedLevels, train_levels
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.calibration import fit_of, fit_scores, fit_temperature, logits_of, tempered
from sadvae.methods.protocol import class_vectors
from sadvae.methods.ridge import RidgeNearestText
from sadvae.task import ZeroShotTask


@pytest.fixture(scope="module")
def task() -> ZeroShotTask:
    return trivial_task()


@pytest.fixture(scope="module")
def levels(task: ZeroShotTask) -> TrainedLevels:
    return train_levels(RidgeNearestText(), task, 0, LastStep())


@pytest.mark.parametrize("true", [0.25, 1.0, 4.0])
def test_a_temperature_that_made_the_labels_is_found_again(true: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, size=(6000, 5))
    labels = np.array([rng.choice(5, p=row) for row in softmax(logits / true, axis=1)])
    assert fit_temperature(logits, labels, evidence=6000) == pytest.approx(true, rel=0.08)


def test_little_evidence_moves_the_temperature_little_however_many_clips_there_are() -> None:
    logits, labels = np.eye(3) * 4, np.arange(3)
    few = fit_temperature(logits, labels, evidence=3)
    assert 0.6 < few < 1
    assert fit_temperature(np.repeat(logits, 50, axis=0), np.repeat(labels, 50), 3) == pytest.approx(few, rel=1e-4)
    assert fit_temperature(logits, labels, evidence=300) < few
    assert fit_temperature(logits, labels, evidence=3, deviation=5.0) < few


def test_the_temperature_is_the_best_of_a_grid() -> None:
    rng = np.random.default_rng(2)
    logits, labels = rng.normal(size=(30, 4)), rng.integers(0, 4, 30)
    grid = np.exp(np.linspace(-2, 2, 4001))
    true = [softmax(logits / t, axis=1)[np.arange(30), labels] for t in grid]
    losses = [-7 * np.log(p).mean() + (np.log(t) / 0.4) ** 2 / 2 for p, t in zip(true, grid, strict=True)]
    found = fit_temperature(logits, labels, evidence=7, deviation=0.4)
    assert found == pytest.approx(grid[int(np.argmin(losses))], rel=2e-3)


def test_a_temperature_keeps_order_and_one_changes_nothing() -> None:
    logits = np.random.default_rng(1).normal(size=(20, 6)).astype(np.float32)
    np.testing.assert_allclose(tempered(logits, 1.0), softmax(logits, axis=1), rtol=1e-5)
    for temperature in (0.1, 7.0):
        np.testing.assert_array_equal(tempered(logits, temperature).argmax(axis=1), logits.argmax(axis=1))
        np.testing.assert_allclose(tempered(logits, temperature).sum(axis=1), 1, rtol=1e-5)


def test_probabilities_of_zero_have_finite_logits() -> None:
    probabilities = np.array([[0.0, 0.25, 0.75]], np.float32)
    assert np.isfinite(logits_of(probabilities)).all()
    np.testing.assert_allclose(tempered(logits_of(probabilities), 1.0), probabilities, atol=1e-7)


def test_the_score_of_fit_is_the_log_ratio_of_the_best_name_and_the_best_trained_class() -> None:
    names, known = np.log([[0.1, 0.4], [0.05, 0.05]]), np.log([[0.3, 0.2], [0.4, 0.5]])
    np.testing.assert_allclose(fit_scores(names, known), [math.log(0.4 / 0.3), math.log(0.05 / 0.5)])


def test_a_fit_tells_hits_from_misses_and_states_how_well() -> None:
    misses, hits = np.linspace(-3, 0.5, 50), np.linspace(-0.5, 3, 50)
    found = fit_of(misses, hits)
    threshold = -found.offset / found.slope
    assert found.accepted == np.mean(hits >= threshold)
    assert found.refused == np.mean(misses < threshold)
    assert min(found.accepted, found.refused) > 0.8
    assert (np.diff(found.probability(np.linspace(-4, 4, 9))) > 0).all()


def test_calibration_of_a_task_is_what_plain_loops_give(task: ZeroShotTask, levels: TrainedLevels) -> None:
    found, lower, trained = calibrate(levels, task), task.calibration, levels.calibration
    assert found is not None
    assert found.unseen is not None
    assert found.seen is not None
    assert found.fit is not None
    assert lower is not None
    assert trained is not None
    unseen, seen = lower.split.unseen, lower.split.seen
    raw = trained.unseen_probabilities(lower.test_unseen.features, class_vectors(trained, lower.classes, unseen))
    columns = np.array([unseen.index(label) for label in lower.test_unseen.labels])
    after = softmax(np.log(raw) / found.unseen.value, axis=1)
    for probabilities, error in ((raw, found.unseen.error_before), (after, found.unseen.error_after)):
        right = probabilities.argmax(axis=1) == columns
        assert error == pytest.approx(expected_calibration_error(probabilities.max(axis=1), right), abs=1e-6)
    assert (found.unseen.clips, found.seen.clips) == (len(lower.test_unseen.labels), len(lower.test_seen.labels))

    vectors = class_vectors(trained, lower.classes, (*unseen, *seen))
    hits, misses = [], []
    for features, label in zip(lower.test_unseen.features, columns, strict=True):
        p = np.log(trained.unseen_probabilities(features[None], vectors)[0])
        rival, k = p[len(unseen) :].max(), len(unseen)
        hits += [p[:k].max() - rival, p[label] - rival]
        misses += [max(p[j] for j in range(k) if j != label) - rival, p[(label + 1) % k] - rival]
    for features in lower.test_seen.features:
        p = np.log(trained.unseen_probabilities(features[None], vectors)[0])
        misses.append(p[: len(unseen)].max() - p[len(unseen) :].max())
    by_hand = fit_of(np.array(misses), np.array(hits))
    assert (found.fit.accepted, found.fit.refused) == (by_hand.accepted, by_hand.refused)
    assert found.fit.slope == pytest.approx(by_hand.slope, rel=1e-3)


def test_classes_are_the_evidence_for_new_names_and_clips_for_trained_classes(
    task: ZeroShotTask, levels: TrainedLevels
) -> None:
    found, lower, trained = calibrate(levels, task), task.calibration, levels.calibration
    assert found is not None
    assert found.unseen is not None
    assert found.seen is not None
    assert lower is not None
    assert trained is not None
    assert lower.test_seen.seen_logits is not None
    (unseen, seen), parts = (lower.split.unseen, lower.split.seen), (lower.test_unseen, lower.test_seen)
    columns = [np.array([ids.index(c) for c in part.labels]) for ids, part in zip((unseen, seen), parts, strict=True)]
    raw = trained.unseen_probabilities(parts[0].features, class_vectors(trained, lower.classes, unseen))
    expected = fit_temperature(np.log(raw.astype(float)), columns[0], len(unseen), 0.25)
    assert found.unseen.value == pytest.approx(expected)
    logits = lower.test_seen.seen_logits[:, list(seen)].astype(float)
    assert found.seen.value == pytest.approx(fit_temperature(logits, columns[1], len(columns[1]), 0.25))


def test_calibration_makes_probabilities_truer(task: ZeroShotTask, levels: TrainedLevels) -> None:
    found = calibrate(levels, task)
    assert found is not None
    assert found.unseen is not None
    assert found.unseen.error_after < found.unseen.error_before
    assert found.fit is not None
    assert found.fit.accepted + found.fit.refused > 1.2


def test_without_a_calibration_level_there_is_none(task: ZeroShotTask, levels: TrainedLevels) -> None:
    assert calibrate(levels, replace(task, calibration=None)) is None
    assert calibrate(replace(levels, calibration=None), task) is None


def test_without_logits_trained_classes_are_not_calibrated(task: ZeroShotTask, levels: TrainedLevels) -> None:
    lower = task.calibration
    assert lower is not None
    bare = replace(lower, test_seen=replace(lower.test_seen, seen_logits=None))
    found = calibrate(levels, replace(task, calibration=bare))
    assert found is not None
    assert found.seen is None
    assert found.unseen is not None
