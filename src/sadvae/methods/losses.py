"""The loss terms of SA-DVAE as pure functions; equation numbers are those of docs/method.md.

Batches are [n, d], or [run, n, d] of stacked runs (stacked.py); each run then has a loss and a weight of its own.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from sadvae.methods.arrays import Array, library, log_sigmoid, sigmoid, sum_of_squares

# A weight: one number, or those of stacked runs [run].
Weight = float | Tensor


def is_used(weight: Weight) -> bool:
    """Whether a term is to be computed; stacked weights are one number only where all of them are 0."""
    return isinstance(weight, Tensor) or weight != 0


def over_rows(weight: Weight) -> Weight:
    """A weight as it multiplies a batch [n, d], or [run, n, d] of stacked runs."""
    return weight[:, None, None] if isinstance(weight, Tensor) else weight


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, I)), summed over dimensions, mean over the batch (equations 1 and 2)."""
    return (-0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1)).mean()


def squared_error(
    kind: Literal["mean", "sum"], found: Array, wanted: Array, weight: Weight = 1.0, width: int | None = None
) -> tuple[Array, Array]:
    """weight * the squared error of a batch [n, d], mean over clips, and its gradient with respect to `found` [n, d].

    The gradient takes the place of `found`, which the processor's cache still holds.
    Over dimensions it is the mean (published) or the sum (paper). width: what that mean divides by, d unless given
    (more where further dimensions have no error).
    """
    found -= wanted
    share = weight / (found.shape[-2] * ((width or found.shape[-1]) if kind == "mean" else 1))
    error = sum_of_squares(found) * share
    found *= 2 * over_rows(share)
    return error, found


def reparameterise(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """mean + standard deviation * noise (Kingma and Welling 2014)."""
    return mean + (0.5 * log_variance).exp() * noise


def discrimination_gradient(joint: Array, shuffled: Array) -> tuple[Array, Array]:
    """The gradients of D_T's own loss with respect to its logits of joint and of shuffled pairs, each [n, 1].

    The loss is the binary cross entropy, the mean of joint pairs (1) and shuffled ones (0); its gradients are finite
    however sure and wrong D_T is.
    """
    return sigmoid(-joint) * (-0.5 / joint.shape[-2]), sigmoid(shuffled) * (0.5 / shuffled.shape[-2])


def total_correlation(
    kind: Literal["published", "paper", "density_ratio"], joint: Array, shuffled: Array | None
) -> Array:
    """The encoder's part of equation 4, to be minimised, from discriminator logits.

    published: mean of D_T(z_x), without a logarithm. paper: log D_T(z_x) + log(1 - D_T(z~_x)).
    density_ratio: mean of log D_T / (1 - D_T), the estimate of KL(q(z_r, z_v) || q(z_r) q(z_v)) (Kim and Mnih 2018).
    """
    if kind == "published":
        return sigmoid(joint).sum((-2, -1)) / joint.shape[-2]
    if kind == "density_ratio":
        return joint.sum((-2, -1)) / joint.shape[-2]
    assert shuffled is not None
    return log_sigmoid(joint).mean((-2, -1)) + log_sigmoid(-shuffled).mean((-2, -1))


def total_correlation_gradient(
    kind: Literal["published", "paper", "density_ratio"], joint: Array, shuffled: Array | None
) -> tuple[Array, Array]:
    """The gradients of total_correlation with respect to the logits of joint and of shuffled pairs, each [n, 1]."""
    if kind == "published":
        found = sigmoid(joint)
        return found * (1 - found) / joint.shape[-2], library(joint).zeros_like(joint)
    if kind == "density_ratio":
        return library(joint).full_like(joint, 1 / joint.shape[-2]), library(joint).zeros_like(joint)
    assert shuffled is not None
    return sigmoid(-joint) / joint.shape[-2], sigmoid(shuffled) / -shuffled.shape[-2]
