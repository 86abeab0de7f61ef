"""The loss terms of SA-DVAE as pure functions; equation numbers are those of docs/method.md."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, I)), summed over dimensions, mean over the batch (equations 1 and 2)."""
    return (-0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1)).mean()


def squared_error(
    kind: Literal["mean", "sum"], found: Tensor, wanted: Tensor, weight: float = 1.0, width: int | None = None
) -> tuple[Tensor, Tensor]:
    """weight * the squared error of a batch [n, d], mean over clips, and its gradient with respect to `found` [n, d].

    Over dimensions it is the mean (published) or the sum (paper). width: what that mean divides by, d unless given
    (more where further dimensions have no error).
    """
    difference = found - wanted
    share = weight / (len(found) * ((width or found.shape[1]) if kind == "mean" else 1))
    flat = difference.view(-1)
    return torch.dot(flat, flat) * share, difference.mul_(2 * share)


def reparameterise(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """mean + standard deviation * noise (Kingma and Welling 2014)."""
    return mean + torch.exp(0.5 * log_variance) * noise


def discrimination_gradient(joint: Tensor, shuffled: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of D_T's own loss with respect to its logits of joint and of shuffled pairs, each [n, 1].

    The loss is the binary cross entropy, the mean of joint pairs (1) and shuffled ones (0); its gradients are finite
    however sure and wrong D_T is.
    """
    return torch.sigmoid(-joint) * (-0.5 / len(joint)), torch.sigmoid(shuffled) * (0.5 / len(shuffled))


def total_correlation(
    kind: Literal["published", "paper", "density_ratio"], joint: Tensor, shuffled: Tensor | None
) -> Tensor:
    """The encoder's part of equation 4, to be minimised, from discriminator logits.

    published: mean of D_T(z_x), without a logarithm. paper: log D_T(z_x) + log(1 - D_T(z~_x)).
    density_ratio: mean of log D_T / (1 - D_T), the estimate of KL(q(z_r, z_v) || q(z_r) q(z_v)) (Kim and Mnih 2018).
    """
    if kind == "published":
        return torch.sigmoid(joint).mean()
    if kind == "density_ratio":
        return joint.mean()
    assert shuffled is not None
    return functional.logsigmoid(joint).mean() + functional.logsigmoid(-shuffled).mean()


def total_correlation_gradient(
    kind: Literal["published", "paper", "density_ratio"], joint: Tensor, shuffled: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The gradients of total_correlation with respect to the logits of joint and of shuffled pairs, each [n, 1]."""
    if kind == "published":
        found = torch.sigmoid(joint)
        return found * (1 - found) / len(joint), torch.zeros_like(joint)
    if kind == "density_ratio":
        return torch.full_like(joint, 1 / len(joint)), torch.zeros_like(joint)
    assert shuffled is not None
    return torch.sigmoid(-joint) / len(joint), torch.sigmoid(shuffled) / -len(shuffled)
