"""Ridge regression and ESZSL against their equations, solved another way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import softmax as scipy_softmax

from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.eszsl import ESZSL
from sadvae.methods.ridge import RidgeNearestText
from sadvae.task import ZeroShotTask


def test_no_penalty_is_a_penalty_and_not_the_search_for_one() -> None:
    task = trivial_task()
    none, little, chosen = (RidgeNearestText(alpha=alpha).fit(task, 0).weights()["matrix"] for alpha in (0, 1e-9, None))
    assert torch.allclose(none, little, rtol=1e-3, atol=1e-5)
    assert not torch.allclose(none, chosen, rtol=1e-3, atol=1e-5)


def linear_by_hand(task: ZeroShotTask) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centred and scaled training features, their mean, and the scale."""
    x = task.train.features.astype(np.float64)
    centred = x - x.mean(axis=0)
    scale = np.sqrt((centred**2).mean())
    return centred / scale, x.mean(axis=0), scale


@pytest.mark.parametrize("alpha", [0.1, 10.0])
def test_ridge_agrees_with_the_normal_equations(alpha: float) -> None:
    task = trivial_task()
    x, mean, scale = linear_by_hand(task)
    y = task.classes.of(task.train.labels.tolist()).astype(np.float64)
    w = np.linalg.inv(x.T @ x + alpha * np.eye(x.shape[1])) @ x.T @ (y - y.mean(axis=0))
    mapped = (task.test_unseen.features - mean) / scale @ w + y.mean(axis=0)
    texts = task.classes.of(task.split.unseen)
    cosines = mapped @ texts.T / np.linalg.norm(mapped, axis=1, keepdims=True) / np.linalg.norm(texts, axis=1)
    found = RidgeNearestText(alpha=alpha).fit(task, 0).unseen_probabilities(task.test_unseen.features, texts)
    np.testing.assert_allclose(found, scipy_softmax(cosines / 0.1, axis=1), atol=1e-4)


def test_ridge_chooses_its_penalty_on_seen_classes_alone() -> None:
    """The chosen penalty is one of the candidates, and the best on thirds of the seen classes, left out in turn."""
    task = trivial_task(3)
    x, labels = task.train.features, task.train.labels
    thirds = np.array_split(np.random.default_rng(7).permutation(np.unique(labels)), 3)
    scores = []
    for alpha in (0.1, 1.0, 10.0, 100.0, 1000.0):
        right = []
        for third in thirds:
            out = np.isin(labels, third)
            names = tuple(f"c{i}" for i in range(int((~out).sum())))
            kept = replace(task.train, features=x[~out], labels=labels[~out], clip_ids=names, seen_logits=None)
            trained = RidgeNearestText(alpha=alpha).fit(replace(task, train=kept, calibration=None), 0)
            p = trained.unseen_probabilities(x[out], task.classes.of(third.tolist()))
            right.append(np.mean(third[p.argmax(axis=1)] == labels[out]))
        scores.append(np.mean(right))
    best = (0.1, 1.0, 10.0, 100.0, 1000.0)[int(np.argmax(scores))]
    chosen, fixed = (RidgeNearestText(alpha=a).fit(task, 7).weights()["matrix"] for a in (None, best))
    assert torch.equal(chosen, fixed)


def test_a_penalty_is_scored_on_classes_that_did_not_train() -> None:
    task, held = trivial_task(), np.arange(8)
    noise = np.random.default_rng(0).normal(0, 2, task.train.features.shape)
    x, labels = (task.train.features + noise).astype(np.float32), task.train.labels
    out = np.isin(labels, held)
    names = tuple(map(str, range(int((~out).sum()))))
    kept = replace(task.train, features=x[~out], labels=labels[~out], clip_ids=names, seen_logits=None)
    trained = RidgeNearestText(alpha=0.1).fit(replace(task, train=kept, calibration=None), 0)
    p = trained.unseen_probabilities(x[out], task.classes.of(held.tolist()))
    found = RidgeNearestText()._score(x.astype(np.float64), labels, task, held, 0.1)
    assert found == pytest.approx(np.mean(held[p.argmax(axis=1)] == labels[out]))


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 1.0), (100.0, 0.1)])
def test_eszsl_is_where_its_loss_has_no_slope(gamma: float, lam: float) -> None:
    """The gradient of their loss: |X V S' - Y|^2 + gamma |V S'|^2 + lam |X V|^2 + gamma lam |V|^2."""
    task = trivial_task()
    x, mean, scale = linear_by_hand(task)
    trained = ESZSL(gamma=gamma, lam=lam).fit(task, 0)
    np.testing.assert_allclose(trained.mean, mean, rtol=1e-5)
    v = trained.matrix.astype(np.float64) * scale
    classes = np.unique(task.train.labels)
    s = task.classes.of(classes.tolist()).astype(np.float64)
    y = np.where(task.train.labels[:, None] == classes, 1.0, -1.0)
    slope = x.T @ (x @ v @ s.T - y) @ s + gamma * v @ s.T @ s + lam * x.T @ x @ v + gamma * lam * v
    assert np.abs(slope).max() < 1e-4 * np.abs(x.T @ y @ s).max()
