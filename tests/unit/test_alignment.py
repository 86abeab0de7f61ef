"""Losses of the baselines against formulas written another way: loops, SciPy, scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigh, sqrtm
from sklearn import cross_decomposition

from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.alignment import (
    KERNEL_WIDTHS,
    gaussian_wasserstein,
    hinge_rank_loss,
    jensen_shannon_bound,
    squared_mmd,
    triplet_loss,
)
from sadvae.methods.baselines import baseline
from sadvae.methods.cada_vae import grown
from sadvae.methods.cca import CCA, canonical_directions
from sadvae.methods.revise import ReViSE, ReViSEModel
from sadvae.methods.vae import classify_samples


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_mmd_agrees_with_a_double_loop() -> None:
    a, b = normal(5, 3).numpy(), normal(7, 3, seed=1).numpy() + 0.5
    both = np.concatenate([a, b])
    scale = np.mean([((p - q) ** 2).sum() for p in both for q in both])

    def kernel(p: np.ndarray, q: np.ndarray) -> float:
        return float(np.mean([np.exp(-((p - q) ** 2).sum() / (width * scale)) for width in KERNEL_WIDTHS]))

    def mean(left: np.ndarray, right: np.ndarray) -> float:
        return float(np.mean([kernel(p, q) for p in left for q in right]))

    expected = mean(a, a) + mean(b, b) - 2 * mean(a, b)
    assert squared_mmd(torch.from_numpy(a), torch.from_numpy(b)).item() == pytest.approx(expected, rel=1e-9)
    assert squared_mmd(torch.from_numpy(a), torch.from_numpy(a)).item() == pytest.approx(0, abs=1e-12)


def test_wasserstein_agrees_with_the_formula_of_full_covariances() -> None:
    first, second = (normal(4, 3), normal(4, 3, seed=1)), (normal(4, 3, seed=2), normal(4, 3, seed=3))
    expected = []
    for m1, v1, m2, v2 in zip(*(part.numpy() for part in (*first, *second)), strict=True):
        c1, c2 = np.diag(np.exp(v1)), np.diag(np.exp(v2))
        root = np.real(sqrtm(c1))
        cross = np.trace(np.real(sqrtm(root @ c2 @ root)))
        expected.append(np.sqrt(((m1 - m2) ** 2).sum() + np.trace(c1) + np.trace(c2) - 2 * cross))
    assert gaussian_wasserstein(first, second).item() == pytest.approx(np.mean(expected), rel=1e-9)


def test_equal_gaussians_have_a_finite_gradient() -> None:
    mean, log_variance = normal(2, 3).requires_grad_(), normal(2, 3, seed=1)
    gaussian_wasserstein((mean, log_variance), (mean.detach(), log_variance)).backward()
    assert mean.grad is not None
    assert torch.isfinite(mean.grad).all()


def test_the_jensen_shannon_bound_by_loops_and_at_its_best() -> None:
    joint = np.array([[0.3, 0.1, 0.05], [0.05, 0.1, 0.4]])
    labels = np.array([(i, j) for i in range(2) for j in range(3) for _ in range(round(100 * joint[i, j]))])
    ratio = np.log(joint / np.outer(joint.sum(1), joint.sum(0)))

    def bound(table: np.ndarray) -> float:
        scores = torch.from_numpy(table[labels[:, 0]])
        return jensen_shannon_bound(scores, torch.from_numpy(labels[:, 1])).item()

    def by_loops(table: np.ndarray) -> float:
        marginal = np.outer(joint.sum(1), joint.sum(0))
        pairs = [(i, j) for i in range(2) for j in range(3)]
        paired = sum(joint[p] * -np.log1p(np.exp(-table[p])) for p in pairs)
        return paired - sum(marginal[p] * np.log1p(np.exp(table[p])) for p in pairs)

    assert bound(ratio) == pytest.approx(by_loops(ratio))
    # At the log density ratio it is twice the Jensen-Shannon divergence less 2 log 2; any other table is below.
    middle = (joint + np.outer(joint.sum(1), joint.sum(0))) / 2
    marginal = np.outer(joint.sum(1), joint.sum(0))
    divergence = 0.5 * (joint * np.log(joint / middle)).sum() + 0.5 * (marginal * np.log(marginal / middle)).sum()
    assert bound(ratio) == pytest.approx(2 * divergence - 2 * np.log(2))
    for seed in range(5):
        assert bound(ratio + 0.3 * normal(2, 3, seed=seed).numpy()) < bound(ratio)


def test_rank_and_triplet_losses_by_loops() -> None:
    scores, columns = normal(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    s, c = scores.numpy(), columns.tolist()
    rank = [sum(max(0.0, 0.1 - s[i, c[i]] + s[i, j]) for j in range(4) if j != c[i]) for i in range(6)]
    assert hinge_rank_loss(scores, columns, 0.1).item() == pytest.approx(np.mean(rank))
    square = scores @ normal(4, 6, seed=1)
    relevant = columns[:, None] == columns
    terms = [
        max(0.0, 0.2 - square[i, i].item() + square[i, j].item()) for i in range(6) for j in range(6) if c[i] != c[j]
    ]
    assert triplet_loss(square, relevant, 0.2).item() == pytest.approx(np.mean(terms))
    assert triplet_loss(square, torch.ones_like(relevant), 0.2).item() == 0


def test_contraction_is_the_squared_jacobian() -> None:
    model = ReViSEModel(ReViSE(code=3), 5, 4).double()
    x = normal(2, 5)
    found = model._contraction(model.latent(x)).item()
    jacobians = [torch.autograd.functional.jacobian(lambda row: model.latent(row[None])[0], row) for row in x]
    expected = np.mean([jacobian.pow(2).sum().item() / 3 for jacobian in jacobians])  # pyright: ignore
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("ridge", [1e-9, 0.3])
def test_cca_agrees_with_the_generalised_eigenproblem(ridge: float) -> None:
    x, y = normal(60, 5).numpy(), normal(60, 3, seed=1).numpy()
    y[:, 0] += x[:, 0]
    x, y = x - x.mean(0), y - y.mean(0)
    a, b, correlations = canonical_directions(x, y, ridge)
    cxx, cyy, cxy = x.T @ x / 60 + ridge * np.eye(5), y.T @ y / 60 + ridge * np.eye(3), x.T @ y / 60
    squared = eigh(cxy @ np.linalg.solve(cyy, cxy.T), cxx, eigvals_only=True)[::-1][:3]
    np.testing.assert_allclose(correlations**2, squared, rtol=1e-6)
    np.testing.assert_allclose(a.T @ cxx @ a, np.eye(3), atol=1e-6)
    np.testing.assert_allclose(b.T @ cyy @ b, np.eye(3), atol=1e-6)
    np.testing.assert_allclose(a.T @ cxy @ b, np.diag(correlations), atol=1e-6)


def test_cca_without_a_ridge_agrees_with_scikit_learn() -> None:
    x, y = normal(60, 5).numpy(), normal(60, 3, seed=1).numpy()
    y[:, 0] += x[:, 0]
    theirs = cross_decomposition.CCA(n_components=3, max_iter=5000, tol=1e-12).fit_transform(x, y)
    expected = [abs(np.corrcoef(theirs[0][:, i], theirs[1][:, i])[0, 1]) for i in range(3)]
    found = canonical_directions(x - x.mean(0), y - y.mean(0), 1e-12)[2]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_cca_trains_on_texts_that_do_not_vary_in_all_directions() -> None:
    task = trivial_task()
    p = CCA(ridge=1e-12).fit(task, 0).unseen_probabilities(task.test_unseen.features, task.classes.of((16, 17)))
    assert np.isfinite(p).all()


def test_directions_of_cca_count_by_their_correlation_to_a_power() -> None:
    task = trivial_task()
    one, four = (CCA(power=power).fit(task, 0).skeleton_map for power in (1.0, 4.0))
    ratio = np.linalg.norm(four, axis=0) / np.linalg.norm(one, axis=0)
    assert (np.diff(ratio) <= 1e-6).all()
    assert ratio[0] > ratio[-1]


def test_cca_has_the_ridge_that_its_results_were_made_with() -> None:
    assert (CCA().ridge, CCA().power) == (10.0, 1.0)


@given(st.floats(0, 1), st.floats(0, 0.5), st.floats(0.51, 1))
def test_weights_grow_linearly(progress: float, start: float, end: float) -> None:
    assert grown(progress, start, end) == pytest.approx(np.interp(progress, [start, end], [0, 1]), abs=1e-9)


def test_the_classifier_of_samples_learns_the_posteriors() -> None:
    mean = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 2.0]])
    posterior = mean, torch.full((3, 2), -2.0)
    found = classify_samples(mean, posterior, samples=100, steps=200, learning_rate=0.05, seed=0)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
    assert (found.diagonal() > 0.9).all()
    again = classify_samples(mean, posterior, samples=100, steps=200, learning_rate=0.05, seed=0)
    assert torch.equal(found, again)


@pytest.mark.parametrize("name", ["devise", "revise", "jpose", "cada_vae", "synse", "smie", "aligned_vae"])
def test_other_seeds_give_other_weights(name: str) -> None:
    method, task = baseline(name, {"epochs": 1}), trivial_task()
    first, second = (method.fit(task, seed).weights() for seed in (0, 1))
    assert any(not torch.equal(first[key], second[key]) for key in first)
