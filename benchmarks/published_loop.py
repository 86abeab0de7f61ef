"""The published training loop, written plainly as docs/method.md describes it: the yardstick of train.py.

Written for this project from that description; the arithmetic is that of tests/reference/plain.py. Nothing is left out
and nothing is sped up: a DataLoader puts batches together clip by clip, all terms are computed also where their weight
is 0, D_T's loss reaches back into the encoders, torch's plain Adam steps one optimiser for both autoencoders and one
for D_T, the loss becomes a Python number at every step, and C_u is trained and scored after every epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

RATE, LATENT, STYLE, BATCH, DISCRIMINATOR_EVERY = 3.389022400898623e-05, 160, 8, 32, 5
CLASSIFIER_SAMPLES, CLASSIFIER_STEPS = 500, 300


class Clips(Dataset):
    """Features and labels, one clip at a time."""

    def __init__(self, features: np.ndarray, labels: np.ndarray) -> None:
        self.features, self.labels = features, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        return self.features[index], int(self.labels[index])


class Encoder(nn.Module):
    """Mean and log-variance, one linear layer each."""

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.mu, self.logvar = nn.Linear(width, latent), nn.Linear(width, latent)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.mu(x), self.logvar(x)


def decoder(latent: int, width: int) -> nn.Module:
    """One linear layer and a ReLU."""
    return nn.Sequential(nn.Linear(latent, width), nn.ReLU())


def sample(mu: Tensor, logvar: Tensor) -> Tensor:
    """One number a clip moves all dimensions."""
    return mu + torch.exp(0.5 * logvar) * torch.randn(len(mu), 1, device=mu.device)


def kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """Sum over dimensions, mean over the batch."""
    return (-0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1)).mean()


@dataclass(frozen=True)
class Schedule:
    """b_x, b_y (also of both total-correlation losses) and l1 of one step."""

    skeleton: float
    text: float
    cross: float

    @staticmethod
    def at(epoch: int, i: int, length: int) -> Schedule:
        slope, late = 3000 * length / 1700, math.floor(0.8 * length)
        text = max(0.0, 0.1 * (i - late) / slope) if epoch >= 2 else 0.0
        return Schedule(max(0.0, 0.1 * (i - 1000 * length / 1700) / slope), text, 1.0 if i > late else 0.0)


class PublishedLoop:
    """The state of one training: networks, optimisers, training data and class texts [class, width].

    On a GPU, batches and permutations come from the CPU one by one; noise is drawn on the GPU.
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, text: np.ndarray, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.data, self.text = Clips(features, labels), torch.from_numpy(text).to(self.device)
        d_skeleton, d_text, both = features.shape[1], text.shape[1], LATENT + STYLE
        self.encode_x, self.encode_y = Encoder(d_skeleton, both), Encoder(d_text, LATENT)
        self.decode_x, self.decode_y = decoder(both, d_skeleton), decoder(LATENT, d_text)
        self.discriminator = nn.Sequential(nn.Linear(both, both // 4), nn.ReLU(), nn.Linear(both // 4, 1), nn.Sigmoid())
        autoencoders = nn.ModuleList([self.encode_x, self.decode_x, self.encode_y, self.decode_y])
        for module in [*autoencoders.modules(), *self.discriminator.modules()]:
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, gain=0.5)
                nn.init.zeros_(module.bias)
        autoencoders.to(self.device)
        self.discriminator.to(self.device)
        self.optimiser = torch.optim.Adam(autoencoders.parameters(), lr=RATE)
        self.discriminator_optimiser = torch.optim.Adam(self.discriminator.parameters(), lr=RATE)

    def epoch(self, epoch: int, iterations: int | None = None) -> float:
        """The mean loss of one epoch: one pass over the data, or that many iterations with a whole schedule."""
        loader = DataLoader(self.data, batch_size=BATCH, shuffle=True)
        length, total = iterations or len(loader), 0.0
        for i, (x, labels) in enumerate(loader):
            if i == length:
                break
            x, labels = x.to(self.device), labels.to(self.device)
            total += self.step(x, self.text[labels], Schedule.at(epoch, i, length), i)
        return total / length

    def step(self, x: Tensor, y: Tensor, weight: Schedule, i: int) -> float:
        """One iteration: D_T's step every n_d-th time, then the autoencoders'."""
        mu, logvar = self.encode_x(x)
        mu_y, logvar_y = self.encode_y(y)
        semantic, style = (mu[:, :LATENT], logvar[:, :LATENT]), (mu[:, LATENT:], logvar[:, LATENT:])
        z_r, z_v, z_y = sample(*semantic), sample(*style), sample(mu_y, logvar_y)
        if (i + 1) % DISCRIMINATOR_EVERY == 0:
            loss = weight.text * self.discriminator_loss(x, y)
            self.discriminator_optimiser.zero_grad()
            loss.backward()
            self.discriminator_optimiser.step()
        reconstruction = functional.mse_loss(self.decode_x(torch.cat([z_r, z_v], 1)), x) + functional.mse_loss(
            self.decode_y(z_y), y
        )
        cross = functional.mse_loss(self.decode_y(z_r), y) + functional.mse_loss(
            self.decode_x(torch.cat([z_y, z_v], 1)), x
        )
        divergence = weight.skeleton * (kl(*semantic) + kl(*style)) + weight.text * kl(mu_y, logvar_y)
        correlation = self.discriminator(torch.cat([z_r, z_v], 1)).mean()
        loss = reconstruction + divergence + weight.cross * cross + weight.text * correlation
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.item()

    def discriminator_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean over both branches, each of joint and of shuffled pairs."""
        mu, logvar = self.encode_x(x)
        style = mu[:, LATENT:], logvar[:, LATENT:]
        losses = []
        for left in ((mu[:, :LATENT], logvar[:, :LATENT]), self.encode_y(y)):
            z, z_v = sample(*left), sample(*style)
            joint = self.discriminator(torch.cat([z, z_v], 1))
            shuffled = self.discriminator(torch.cat([z[torch.randperm(len(z))], z_v[torch.randperm(len(z))]], 1))
            real = functional.binary_cross_entropy(joint, torch.ones_like(joint))
            losses.append((real + functional.binary_cross_entropy(shuffled, torch.zeros_like(shuffled))) / 2)
        return (losses[0] + losses[1]) / 2

    def evaluate(self, features: np.ndarray, text: np.ndarray) -> np.ndarray:
        """Train C_u on samples of the candidates' texts [k, width], and give the answers for features [n, width]."""
        labels = torch.arange(len(text), device=self.device).repeat(CLASSIFIER_SAMPLES)
        with torch.no_grad():
            latents = sample(*self.encode_y(torch.from_numpy(text).to(self.device)[labels]))
        classifier = nn.Sequential(nn.Linear(LATENT, len(text)), nn.ReLU()).to(self.device)
        optimiser = torch.optim.Adam(classifier.parameters(), lr=1e-3)
        for _ in range(CLASSIFIER_STEPS):
            optimiser.zero_grad()
            functional.cross_entropy(classifier(latents), labels).backward()
            optimiser.step()
        with torch.no_grad():
            loader = DataLoader(Clips(features, np.zeros(len(features), np.int64)), batch_size=BATCH)
            found = [classifier(self.encode_x(x.to(self.device))[0][:, :LATENT]).argmax(1) for x, _ in loader]
        return torch.cat(found).cpu().numpy()
