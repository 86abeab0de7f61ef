"""Losses of the baselines that align two modalities, as pure functions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# Gaussian kernels of these widths, in mean squared distances.
KERNEL_WIDTHS = (0.5, 1.0, 2.0)


def hinge_rank_loss(scores: Tensor, columns: Tensor, margin: float) -> Tensor:
    """Sum over other classes of max(0, margin - s(own class) + s(other class)), mean over clips (DeViSE, equation 1).

    scores [n, c]; columns [n] of the own classes.
    """
    own = scores.gather(1, columns[:, None])
    hinge = functional.relu(margin - own + scores)
    return (hinge.sum(1) - margin).mean()


def triplet_loss(scores: Tensor, relevant: Tensor, margin: float) -> Tensor:
    """Mean of max(0, margin - s(i, i) + s(i, j)) over pairs that are not relevant to each other; 0 without any.

    scores [n, n] between anchors and candidates, of which the own one is on the diagonal; relevant: bool [n, n].
    """
    hinge = functional.relu(margin - scores.diagonal()[:, None] + scores) * ~relevant
    return hinge.sum() / (~relevant).sum().clamp(min=1)


def squared_mmd(first: Tensor, second: Tensor) -> Tensor:
    """Squared maximum mean discrepancy of two samples [n, r] and [m, r] (Gretton et al. 2012, biased estimate).

    The kernel is the mean of Gaussians exp(-|a - b|^2 / (w s)), w in KERNEL_WIDTHS, with s the mean squared distance
    between all points, which carries no gradient.
    """
    both = torch.cat([first, second])
    lengths = both.pow(2).sum(1)
    distances = (lengths[:, None] + lengths[None] - 2 * both @ both.T).clamp(min=0)
    scale = distances.detach().mean().clamp(min=1e-12)
    kernel = torch.stack([torch.exp(-distances / (width * scale)) for width in KERNEL_WIDTHS]).mean(0)
    n = len(first)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()


def gaussian_wasserstein(first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]) -> Tensor:
    """2-Wasserstein distance of Gaussians with diagonal covariance, each (mean, log-variance) [n, r]; mean over rows.

    (|m1 - m2|^2 + |s1 - s2|^2)^(1/2) with standard deviations s (CADA-VAE, equation 6).
    """
    means = (first[0] - second[0]).pow(2).sum(1)
    deviations = (torch.exp(0.5 * first[1]) - torch.exp(0.5 * second[1])).pow(2).sum(1)
    return torch.sqrt(means + deviations + 1e-12).mean()


def jensen_shannon_bound(scores: Tensor, columns: Tensor) -> Tensor:
    """The Jensen-Shannon lower bound of the mutual information of clips and class texts (Nowozin et al. 2016).

    E_joint[-softplus(-T)] - E_marginals[softplus(T)], at most 0. scores T [n, c] of each clip with each class;
    columns [n] of the own classes. The product of the marginals pairs each clip with the classes of all clips.
    """
    joint = -functional.softplus(-scores.gather(1, columns[:, None])).mean()
    frequency = torch.bincount(columns, minlength=scores.shape[1]) / len(columns)
    return joint - (functional.softplus(scores) * frequency).sum(1).mean()


def cosine(left: Tensor, right: Tensor) -> Tensor:
    """Cosines between rows [n, d] and [k, d]: [n, k]."""
    return functional.normalize(left, dim=1) @ functional.normalize(right, dim=1).T
