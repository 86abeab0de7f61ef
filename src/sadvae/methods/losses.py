"""The loss terms of SA-DVAE as pure functions; equation numbers are those of docs/method.md.

Batches are [n, d], or [run, n, d] of stacked runs (stacked.py); each run then has a loss and a weight of its own.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

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
    kind: Literal["mean", "sum"], found: Tensor, wanted: Tensor, weight: Weight = 1.0, width: int | None = None
) -> tuple[Tensor, Tensor]:
    """weight * the squared error of a batch [n, d], mean over clips, and its gradient with respect to `found` [n, d].

    Over dimensions it is the mean (published) or the sum (paper). width: what that mean divides by, d unless given
    (more where further dimensions have no error).
    """
    difference = found - wanted
    share = weight / (found.shape[-2] * ((width or found.shape[-1]) if kind == "mean" else 1))
    flat = difference.flatten(-2)
    return torch.linalg.vecdot(flat, flat) * share, difference.mul_(2 * over_rows(share))


def reparameterise(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """mean + standard deviation * noise (Kingma and Welling 2014)."""
    return mean + torch.exp(0.5 * log_variance) * noise


def discrimination_gradient(joint: Tensor, shuffled: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of D_T's own loss with respect to its logits of joint and of shuffled pairs, each [n, 1].

    The loss is the binary cross entropy, the mean of joint pairs (1) and shuffled ones (0); its gradients are finite
    however sure and wrong D_T is.
    """
    return torch.sigmoid(-joint) * (-0.5 / joint.shape[-2]), torch.sigmoid(shuffled) * (0.5 / shuffled.shape[-2])


def total_correlation(
    kind: Literal["published", "paper", "density_ratio"], joint: Tensor, shuffled: Tensor | None
) -> Tensor:
    """The encoder's part of equation 4, to be minimised, from discriminator logits.

    published: mean of D_T(z_x), without a logarithm. paper: log D_T(z_x) + log(1 - D_T(z~_x)).
    density_ratio: mean of log D_T / (1 - D_T), the estimate of KL(q(z_r, z_v) || q(z_r) q(z_v)) (Kim and Mnih 2018).
    """
    if kind == "published":
        return torch.sigmoid(joint).mean((-2, -1))
    if kind == "density_ratio":
        return joint.mean((-2, -1))
    assert shuffled is not None
    return functional.logsigmoid(joint).mean((-2, -1)) + functional.logsigmoid(-shuffled).mean((-2, -1))


def total_correlation_gradient(
    kind: Literal["published", "paper", "density_ratio"], joint: Tensor, shuffled: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The gradients of total_correlation with respect to the logits of joint and of shuffled pairs, each [n, 1]."""
    if kind == "published":
        found = torch.sigmoid(joint)
        return found * (1 - found) / joint.shape[-2], torch.zeros_like(joint)
    if kind == "density_ratio":
        return torch.full_like(joint, 1 / joint.shape[-2]), torch.zeros_like(joint)
    assert shuffled is not None
    return torch.sigmoid(-joint) / joint.shape[-2], torch.sigmoid(shuffled) / -shuffled.shape[-2]
