"""SA-DVAE (Li et al., ECCV 2024): disentangled variational autoencoders, aligned with text through z_r alone.

Reads top to bottom in the paper's order; equation numbers are those of docs/method.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.methods.draws import Draws, RandomDraws
from sadvae.methods.losses import (
    discrimination_loss,
    kl_to_standard_normal,
    reparameterise,
    squared_error,
    total_correlation,
)
from sadvae.methods.networks import Networks
from sadvae.methods.protocol import Watch
from sadvae.methods.schedules import Weights, weights_at
from sadvae.methods.settings import SADVAESettings, paper, preset, published, sadvae
from sadvae.methods.trained_sa_dvae import TrainedSADVAE
from sadvae.task import ZeroShotTask

__all__ = [
    "SADVAE",
    "SADVAESettings",
    "TrainedSADVAE",
    "Trainer",
    "aligned_vae",
    "paper",
    "preset",
    "published",
    "sadvae",
]


@dataclass(frozen=True)
class Terms:
    """The weighted terms of one step's loss, each a scalar tensor, and their sum `total` (equation 5)."""

    reconstruction_skeleton: Tensor
    kl_skeleton: Tensor
    reconstruction_text: Tensor
    kl_text: Tensor
    cross: Tensor
    total_correlation: Tensor
    total: Tensor


@dataclass(frozen=True)
class Posterior:
    """q(z_r | f_x), q(z_v | f_x) and q(z_y | f_y) of a batch: (mean, log-variance) each."""

    semantic: tuple[Tensor, Tensor]
    style: tuple[Tensor, Tensor]
    text: tuple[Tensor, Tensor]


def encode(networks: Networks, skeleton: Tensor, text: Tensor) -> Posterior:
    """The three posteriors of skeleton features [n, d_x] and text features [n, d_y]."""
    mean, log_variance = networks.skeleton_encoder(skeleton)
    r = networks.latent
    semantic = mean[:, :r], log_variance[:, :r]
    return Posterior(semantic, (mean[:, r:], log_variance[:, r:]), networks.text_encoder(text))


def sample(posterior: tuple[Tensor, Tensor], draws: Draws) -> Tensor:
    """One draw from a posterior."""
    return reparameterise(*posterior, draws.noise(posterior[0]))


def _weighted(weight: float, term: Callable[[], Tensor]) -> Tensor:
    """weight * term(); a term of weight 0 is not computed, as neither its value nor its gradient would count."""
    return weight * term() if weight else torch.zeros(())


class Trainer:
    """The state of one training: networks, their two optimisers, and the settings; one method call is one step."""

    def __init__(self, settings: SADVAESettings, networks: Networks) -> None:
        self.settings = settings
        self.networks = networks
        rate = settings.learning_rate
        self.autoencoder_optimiser = torch.optim.Adam(networks.autoencoder_parameters(), lr=rate)
        self.discriminator_optimiser = torch.optim.Adam(networks.discriminator.parameters(), lr=rate)

    def step(self, skeleton: Tensor, text: Tensor, weights: Weights, draws: Draws, iteration: int) -> Terms:
        """One iteration (from 0): sample, step D_T every n_d-th time, then step both autoencoders."""
        networks = self.networks
        posterior = encode(networks, skeleton, text)
        z_r, z_v = sample(posterior.semantic, draws), sample(posterior.style, draws)
        z_y = sample(posterior.text, draws)
        if networks.style and (iteration + 1) % self.settings.discriminator_every == 0:
            self._discriminator_step(posterior, weights.discriminator, draws)
        terms = self._terms(skeleton, text, posterior, (z_r, z_v, z_y), weights, draws)
        self.autoencoder_optimiser.zero_grad()
        terms.total.backward()
        self.autoencoder_optimiser.step()
        return terms

    def _terms(
        self,
        skeleton: Tensor,
        text: Tensor,
        posterior: Posterior,
        latents: tuple[Tensor, Tensor, Tensor],
        weights: Weights,
        draws: Draws,
    ) -> Terms:
        networks, error = self.networks, partial(squared_error, self.settings.squared_error)
        z_r, z_v, z_y = latents
        # Equation 1: the skeleton's evidence lower bound, negated.
        reconstruction_skeleton = error(networks.skeleton_decoder(torch.cat([z_r, z_v], 1)), skeleton)
        kl_skeleton = _weighted(
            weights.kl_skeleton,
            lambda: kl_to_standard_normal(*posterior.semantic) + kl_to_standard_normal(*posterior.style),
        )
        # Equation 2: the text's.
        reconstruction_text = error(networks.text_decoder(z_y), text)
        kl_text = _weighted(weights.kl_text, lambda: kl_to_standard_normal(*posterior.text))
        # Equation 3: cross alignment, through z_r and z_y alone.
        cross = _weighted(
            weights.cross,
            lambda: (
                error(networks.text_decoder(z_r), text)
                + error(networks.skeleton_decoder(torch.cat([z_y, z_v], 1)), skeleton)
            ),
        )
        # Equation 4: total correlation, which the encoder lowers.
        weight = weights.total_correlation if networks.style else 0.0
        correlation = _weighted(weight, lambda: self._total_correlation(z_r, z_v, draws))
        # Equation 5; another order of summation rounds differently, and a training multiplies such differences.
        total = (reconstruction_skeleton + reconstruction_text) + (kl_skeleton + kl_text) + cross + correlation
        return Terms(reconstruction_skeleton, kl_skeleton, reconstruction_text, kl_text, cross, correlation, total)

    def _total_correlation(self, z_r: Tensor, z_v: Tensor, draws: Draws) -> Tensor:
        kind, discriminator = self.settings.total_correlation, self.networks.discriminator
        shuffled = None
        if kind == "paper":
            shuffled = discriminator(torch.cat([z_r, z_v[draws.permutation(len(z_v))]], 1))
        return total_correlation(kind, discriminator(torch.cat([z_r, z_v], 1)), shuffled)

    def _discriminator_step(self, posterior: Posterior, weight: float, draws: Draws) -> None:
        """Train D_T to tell joint from shuffled pairs; noise is drawn anew, and no gradient reaches the encoders."""
        with torch.no_grad():
            pairs = [(sample(posterior.semantic, draws), sample(posterior.style, draws))]
            if self.settings.discriminator_text_branch:
                pairs.append((sample(posterior.text, draws), sample(posterior.style, draws)))
        losses = [self._discrimination(left, right, draws) for left, right in pairs]
        loss = weight * sum(losses[1:], losses[0]) / len(losses)
        self.discriminator_optimiser.zero_grad()
        loss.backward()
        self.discriminator_optimiser.step()

    def _discrimination(self, left: Tensor, right: Tensor, draws: Draws) -> Tensor:
        discriminator = self.networks.discriminator
        first, second = draws.permutation(len(left)), draws.permutation(len(right))
        joint = discriminator(torch.cat([left, right], 1))
        return discrimination_loss(joint, discriminator(torch.cat([left[first], right[second]], 1)))


@dataclass(frozen=True)
class SADVAE:
    """The method: its settings, which can be fitted."""

    settings: SADVAESettings
    name: str = "sa_dvae"

    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedSADVAE:
        """Train on task.train and the texts of its seen classes.

        Raises SadvaeError when the loss stops being a number.
        """
        settings = self.settings
        generator = torch.Generator().manual_seed(seed)
        networks = _new_networks(task, settings, generator)
        skeleton, text = _training_tensors(task, networks)
        trainer = Trainer(settings, networks)
        draws = RandomDraws(settings.noise, generator)
        for epoch in range(settings.epochs):
            losses = _epoch(trainer, skeleton, text, epoch, draws, generator)
            if watch is not None:
                watch(epoch, TrainedSADVAE.of(settings, networks, _decision_seed(seed, epoch)), losses)
        return TrainedSADVAE.of(settings, networks, _decision_seed(seed, settings.epochs - 1))


def aligned_vae(**changes: Any) -> SADVAE:
    """The preset `sadvae` without z_v, and so without disentanglement and total correlation: the paper's ablation."""
    return SADVAE(sadvae(**({"style": 0} | changes)), "aligned_vae")


def _decision_seed(seed: int, epoch: int) -> int:
    """The seed of the unseen decision after an epoch: no epoch and no network shares its start with another one.

    A classifier with ReLU logits can start with classes that never fire, so its start must not repeat over epochs.
    """
    return int(np.random.SeedSequence([abs(seed), epoch]).generate_state(1)[0])


def _new_networks(task: ZeroShotTask, settings: SADVAESettings, generator: torch.Generator) -> Networks:
    d_skeleton, d_text = task.train.features.shape[1], task.classes.vectors.shape[1]
    relu = settings.decoder_output == "relu"
    networks = Networks(d_skeleton, d_text, settings.latent, settings.style, relu=relu)
    networks.initialise(generator)
    if settings.standardise:
        networks.skeleton_scaling.fit(torch.from_numpy(task.train.features))
        networks.text_scaling.fit(torch.from_numpy(task.classes.of(np.unique(task.train.labels).tolist())))
    return networks


def _training_tensors(task: ZeroShotTask, networks: Networks) -> tuple[Tensor, Tensor]:
    """Standardised features [n, d_x] and the standardised text of each clip's class [n, d_y]."""
    text = task.classes.of(task.train.labels.tolist())
    return networks.skeleton_scaling(torch.from_numpy(task.train.features)), networks.text_scaling(
        torch.from_numpy(text)
    )


def _batches(count: int, settings: SADVAESettings, generator: torch.Generator) -> list[Tensor]:
    """One epoch's row indices: one pass over the data, or iterations_per_epoch batches of the data repeated."""
    size = settings.batch_size
    if settings.iterations_per_epoch is None:
        return list(torch.randperm(count, generator=generator).split(size))
    wanted = settings.iterations_per_epoch * size
    repeats = -(-wanted // count)
    return list((torch.randperm(count * repeats, generator=generator)[:wanted] % count).split(size))


def _epoch(
    trainer: Trainer, skeleton: Tensor, text: Tensor, epoch: int, draws: Draws, generator: torch.Generator
) -> dict[str, float]:
    batches = _batches(len(skeleton), trainer.settings, generator)
    sums: dict[str, Tensor] = {}
    for iteration, rows in enumerate(batches):
        weights = weights_at(trainer.settings, epoch, iteration, len(batches))
        terms = trainer.step(skeleton[rows], text[rows], weights, draws, iteration)
        for name, value in vars(terms).items():
            sums[name] = sums.get(name, torch.zeros(())) + value.detach()
    means = {name: float(value) / len(batches) for name, value in sums.items()}
    if not math.isfinite(means["total"]):
        raise SadvaeError(
            f"the loss of SA-DVAE is not a number in epoch {epoch + 1}; lower learning_rate "
            f"(now {trainer.settings.learning_rate:g}) or check the features' scale."
        )
    return means
