"""A variational autoencoder with one hidden layer or none, and the classifier of samples of its latents."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from sadvae.methods.losses import kl_to_standard_normal, reparameterise
from sadvae.methods.networks import Encoder
from sadvae.methods.training import Batch


class VAE(nn.Module):
    """q(z | x) and p(x | z) of one side; hidden: the width of one hidden layer with ReLU in both, 0 for none."""

    def __init__(self, width: int, latent: int, hidden: int = 0) -> None:
        super().__init__()
        self.into = nn.Sequential(nn.Linear(width, hidden), nn.ReLU()) if hidden else nn.Identity()
        self.encoder = Encoder(hidden or width, latent)
        self.out = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU()) if hidden else nn.Identity()
        self.decoder = nn.Linear(hidden or latent, width)

    def encode(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Rows [n, width] to mean and log-variance [n, latent]."""
        return self.encoder(self.into(rows))

    def decode(self, latent: Tensor) -> Tensor:
        """Latents [n, latent] to rows [n, width]."""
        return self.decoder(self.out(latent))


def sample(posterior: tuple[Tensor, Tensor], batch: Batch) -> Tensor:
    """One draw from each posterior of a batch."""
    return reparameterise(*posterior, batch.noise(posterior[0]))


def kl(*posteriors: tuple[Tensor, Tensor]) -> Tensor:
    """The sum of the divergences of posteriors from N(0, I), each a mean over the batch."""
    return torch.stack([kl_to_standard_normal(*posterior) for posterior in posteriors]).sum()


def classify_samples(
    latent: Tensor, posterior: tuple[Tensor, Tensor], *, samples: int, steps: int, learning_rate: float, seed: int
) -> Tensor:
    """p(class | latent) [n, k] by a softmax classifier, trained here on samples of each class's posterior.

    latent [n, r]; posterior: mean and log-variance [k, r]. The samples are drawn once; full-batch Adam from zero.
    """
    generator = torch.Generator().manual_seed(seed)
    columns = torch.arange(len(posterior[0])).repeat(samples)
    mean, log_variance = posterior[0][columns], posterior[1][columns]
    drawn = reparameterise(mean, log_variance, torch.randn(mean.shape, generator=generator))
    weight = torch.zeros(len(posterior[0]), latent.shape[1], requires_grad=True)
    bias = torch.zeros(len(posterior[0]), requires_grad=True)
    optimiser = torch.optim.Adam([weight, bias], lr=learning_rate)
    with torch.enable_grad():
        for _ in range(steps):
            optimiser.zero_grad()
            functional.cross_entropy(functional.linear(drawn, weight, bias), columns).backward()
            optimiser.step()
    return torch.softmax(functional.linear(latent, weight, bias), 1).detach()
