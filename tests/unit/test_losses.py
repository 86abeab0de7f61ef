"""Loss terms against torch.distributions, torch's own losses and the closed form of a known density ratio."""

from __future__ import annotations

import math
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence
from torch.nn import functional

from sadvae.methods.draws import RandomDraws
from sadvae.methods.losses import (
    discrimination_gradient,
    kl_to_standard_normal,
    reparameterise,
    squared_error,
    total_correlation,
    total_correlation_gradient,
)


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
def test_kl_agrees_with_torch_distributions(batch: int, width: int, seed: int) -> None:
    mean, log_variance = normal(batch, width, seed=seed), normal(batch, width, seed=seed + 1)
    theirs = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(dim=1).mean()
    assert float(kl_to_standard_normal(mean, log_variance)) == pytest.approx(float(theirs), rel=1e-4, abs=1e-5)


def test_kl_is_zero_for_the_prior_alone() -> None:
    assert float(kl_to_standard_normal(torch.zeros(3, 2), torch.zeros(3, 2))) == 0.0
    assert float(kl_to_standard_normal(torch.full((3, 2), 0.1), torch.zeros(3, 2))) > 0.0


def test_reparameterised_samples_have_their_mean_and_variance() -> None:
    mean, log_variance = torch.tensor([[1.0, -2.0]]), torch.tensor([[math.log(4.0), math.log(0.25)]])
    samples = reparameterise(mean, log_variance, normal(20000, 2))
    torch.testing.assert_close(samples.mean(0), mean[0], atol=0.05, rtol=0)
    torch.testing.assert_close(samples.var(0), torch.tensor([4.0, 0.25]), atol=0.1, rtol=0)


@pytest.mark.parametrize("width", [None, 7])
@pytest.mark.parametrize("kind", ["mean", "sum"])
def test_squared_error_and_its_gradient(kind: Literal["mean", "sum"], width: int | None) -> None:
    found, wanted = normal(4, 3).requires_grad_(), normal(4, 3, seed=1)
    by_hand = 2.5 * ((found - wanted) ** 2).sum() / 4 / ((width or 3) if kind == "mean" else 1)
    error, gradient = squared_error(kind, found.detach().clone(), wanted, 2.5, width)
    assert error.item() == pytest.approx(by_hand.item())
    torch.testing.assert_close(gradient, torch.autograd.grad(by_hand, found)[0])


def test_noise_is_one_scalar_a_sample_or_one_a_dimension() -> None:
    like = torch.zeros(5, 3)
    assert RandomDraws("per_sample", torch.Generator().manual_seed(0)).noise(like).shape == (5, 1)
    drawn = RandomDraws("per_dimension", torch.Generator().manual_seed(0))
    assert drawn.noise(like).shape == (5, 3)
    assert sorted(drawn.permutation(7).tolist()) == list(range(7))


@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 300))
def test_the_gradient_of_discrimination_agrees_with_torch(seed: int, scale: float) -> None:
    joint, shuffled = (normal(6, 1, seed=seed + i, scale=scale).double().requires_grad_() for i in range(2))
    logits, truth = torch.cat([joint, shuffled]), torch.cat([torch.ones(6, 1), torch.zeros(6, 1)]).double()
    theirs = torch.autograd.grad(functional.binary_cross_entropy_with_logits(logits, truth), [joint, shuffled])
    for mine, reference in zip(discrimination_gradient(joint.detach(), shuffled.detach()), theirs, strict=True):
        torch.testing.assert_close(mine, reference)


@pytest.mark.parametrize("kind", ["published", "paper", "density_ratio"])
def test_the_gradient_of_total_correlation_agrees_with_autograd(
    kind: Literal["published", "paper", "density_ratio"],
) -> None:
    joint, shuffled = normal(6, 1, scale=3).requires_grad_(), normal(6, 1, seed=1, scale=3).requires_grad_()
    value = total_correlation(kind, joint, shuffled) + 0 * shuffled.sum()
    theirs = torch.autograd.grad(value, [joint, shuffled])
    for mine, reference in zip(total_correlation_gradient(kind, joint, shuffled), theirs, strict=True):
        torch.testing.assert_close(mine, reference)


def test_total_correlation_by_hand() -> None:
    joint, shuffled = torch.tensor([[0.0], [math.log(3)]]), torch.tensor([[0.0], [-math.log(3)]])
    # D_T of the joint pairs is 1/2 and 3/4, of the shuffled ones 1/2 and 1/4.
    assert float(total_correlation("published", joint, None)) == pytest.approx(0.625)
    by_hand = (2 * math.log(0.5) + 2 * math.log(0.75)) / 2
    assert float(total_correlation("paper", joint, shuffled)) == pytest.approx(by_hand)
    assert float(total_correlation("density_ratio", joint, None)) == pytest.approx(math.log(3) / 2)


def test_density_ratio_is_the_mutual_information_under_the_best_discriminator() -> None:
    """Two Gaussian numbers of correlation rho share -log(1 - rho^2) / 2 nats; the best logit is known."""
    rho = 0.8
    x, noise = normal(200000, 1), normal(200000, 1, seed=1)
    y = rho * x + math.sqrt(1 - rho**2) * noise
    logit = -0.5 * math.log(1 - rho**2) - (rho**2 * (x**2 + y**2) - 2 * rho * x * y) / (2 * (1 - rho**2))
    assert float(total_correlation("density_ratio", logit, None)) == pytest.approx(
        -0.5 * math.log(1 - rho**2), abs=0.01
    )


def test_a_trained_discriminator_finds_the_total_correlation() -> None:
    """The estimate is sound where it is used: near 0 for independent halves, near the truth for dependent ones."""
    torch.manual_seed(0)
    estimates = []
    for rho in (0.0, 0.9):
        network = torch.nn.Sequential(torch.nn.Linear(2, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
        for step in range(300):
            x, noise = normal(256, 1, seed=2 * step), normal(256, 1, seed=2 * step + 1)
            y = rho * x + math.sqrt(1 - rho**2) * noise
            joint, shuffled = torch.cat([x, y], 1), torch.cat([x, y.roll(1, 0)], 1)
            optimiser.zero_grad()
            logits = network(joint), network(shuffled)
            torch.autograd.backward(logits, discrimination_gradient(*logits))
            optimiser.step()
        x, noise = normal(4096, 1, seed=7), normal(4096, 1, seed=8)
        with torch.no_grad():
            pair = torch.cat([x, rho * x + math.sqrt(1 - rho**2) * noise], 1)
            estimates.append(float(total_correlation("density_ratio", network(pair), None)))
    assert abs(estimates[0]) < 0.05
    assert estimates[1] == pytest.approx(-0.5 * math.log(1 - 0.81), abs=0.25)
