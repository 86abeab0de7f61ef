"""SA-DVAE (Li et al., ECCV 2024): disentangled variational autoencoders, aligned with text through z_r alone.

Reads top to bottom in the paper's order; equation numbers are those of docs/method.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.methods.adam import Adam
from sadvae.methods.affine import Pairs
from sadvae.methods.arrays import (
    Array,
    library,
    numpy_steps,
    one_below_other,
    positive,
    rows_apart,
    rows_in,
    side_by_side,
)
from sadvae.methods.buffer import Buffer
from sadvae.methods.draws import Draws
from sadvae.methods.losses import (
    Weight,
    discrimination_gradient,
    is_used,
    over_rows,
    squared_error,
    total_correlation,
    total_correlation_gradient,
)
from sadvae.methods.networks import Networks
from sadvae.methods.protocol import Watch
from sadvae.methods.repeats import Repeats
from sadvae.methods.schedules import Weights
from sadvae.methods.settings import SADVAESettings, paper, preset, published, sadvae
from sadvae.methods.step_inputs import inputs_of_epoch
from sadvae.methods.text_span import TextSpan
from sadvae.methods.trained_sa_dvae import TrainedSADVAE
from sadvae.methods.training import TrainingData
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
    """The weighted terms of one step's loss, each a number, and their sum `total` (equation 5).

    Of stacked runs (stacked.py), each is a tensor [run].
    """

    reconstruction_skeleton: Array
    kl_skeleton: Array
    reconstruction_text: Array
    kl_text: Array
    cross: Array
    total_correlation: Array
    total: Array


class Posterior:
    """q(z | f) of a batch, draws z from it, and the way back of gradients.

    On the skeleton's side z = [z_r, z_v]; all arrays are [n, dimensions], or [run, n, dimensions] of stacked runs.
    """

    def __init__(self, encoded: Array) -> None:
        width = encoded.shape[-1] // 2
        self.mean, self.log_variance = encoded[..., :width], encoded[..., width:]
        self.deviation = library(encoded).exp(0.5 * self.log_variance)

    @cached_property
    def excess(self) -> Array:
        """The variance less 1."""
        return self.deviation * self.deviation - 1

    def draw(self, noise: Array) -> Array:
        """mean + standard deviation * noise (Kingma and Welling 2014); the second is remembered for `gradient`."""
        self.moved = self.deviation * noise
        return self.mean + self.moved

    def part(self, dimensions: slice, noise: Array) -> Array:
        """Another draw, of some dimensions, from which no gradient comes back."""
        return self.mean[..., dimensions] + self.deviation[..., dimensions] * noise

    def kl(self) -> Array:
        """KL(q || N(0, I)), summed over dimensions, mean over the batch; kl_to_standard_normal without a second exp."""
        each = self.excess - self.log_variance + self.mean * self.mean
        return each.sum((-2, -1)) * (0.5 / self.mean.shape[-2])

    def gradient(self, of_draw: Array, kl_weight: Weight) -> Array:
        """The gradient of [mean, log-variance] [n, 2 d] from that of the draw and from kl_weight * KL."""
        mean, log_variance = of_draw, of_draw * self.moved
        log_variance *= 0.5
        if is_used(kl_weight):
            share = over_rows(kl_weight) / of_draw.shape[-2]
            mean = mean + share * self.mean
            log_variance += (0.5 * share) * self.excess
        return side_by_side(mean, log_variance)


class Trainer:
    """The state of one training: networks, what moves them, and the settings; one method call is one step.

    Every term below stands with its gradient. text_width: what a mean over the text's dimensions divides by, where the
    networks' own text width is smaller (text_span.py).
    """

    def __init__(self, settings: SADVAESettings, networks: Networks, text_width: int | None = None) -> None:
        self.settings = settings
        self.networks = networks
        encoder_x, encoder_y = networks.skeleton_encoder, networks.text_encoder
        self.buffer = Buffer(
            {
                # What a step used last moves first, and what it moves last the next one uses first.
                "D_y": (networks.text_decoder.linear,),
                "D_x": (networks.skeleton_decoder.linear,),
                "E_x": (encoder_x.mean, encoder_x.log_variance),
                "E_y": (encoder_y.mean, encoder_y.log_variance),
            },
            Adam(settings.learning_rate),
        )
        self.layers = self.buffer.layers
        self.widths = {"D_x": encoder_x.mean.in_features, "D_y": text_width or encoder_y.mean.in_features}
        judge = networks.discriminator
        self.judge = Buffer({"hidden": (judge.hidden,), "output": (judge.output,)}, Adam(settings.learning_rate))
        # What a term that is not computed amounts to.
        self.nothing: Array = 0.0

    def step(
        self,
        skeleton: Array,
        text: Array,
        weights: Weights,
        draws: Draws,
        iteration: int,
        repeats: Repeats | None = None,
    ) -> Terms:
        """One iteration (from 0) on features [n, d_x] and texts [n, d_y] in numpy; in torch, [run, n, d] of stacks.

        Sample, step D_T every n_d-th time, then step both autoencoders. repeats: has E_y encode a text once, whose
        clips are several.
        """
        self.buffer.forget()
        self.judge.forget()
        told = text if repeats is None else repeats.texts()
        encoded = self.layers["E_y"](told)
        clip = Posterior(self.layers["E_x"](skeleton))
        words = Posterior(encoded if repeats is None else repeats.spread(encoded))
        z_x, z_y = clip.draw(self._skeleton_noise(clip, draws)), words.draw(draws.noise(words.mean))
        if self.networks.style and (iteration + 1) % self.settings.discriminator_every == 0:
            self._discriminator_step(clip, words, weights.discriminator, draws)
        terms, of_x, of_y = self._terms((skeleton, text), (clip, words), (z_x, z_y), weights, draws)
        self.layers["E_x"].learn(skeleton, clip.gradient(of_x, weights.kl_skeleton))
        of_words = words.gradient(of_y, weights.kl_text)
        self.layers["E_y"].learn(told, of_words if repeats is None else repeats.summed(of_words))
        self.buffer.step()
        return terms

    def _skeleton_noise(self, clip: Posterior, draws: Draws) -> Array:
        """Noise of z_r, then of z_v, side by side."""
        noise, r = library(clip.mean).empty_like(clip.mean), self.networks.latent
        for dimensions in (slice(r), slice(r, None)):
            noise[..., dimensions] = draws.noise(clip.mean[..., dimensions])
        return noise

    def _terms(
        self,
        wanted: tuple[Array, Array],
        posteriors: tuple[Posterior, Posterior],
        draw: tuple[Array, Array],
        weights: Weights,
        draws: Draws,
    ) -> tuple[Terms, Array, Array]:
        """The terms of the loss, and the gradients of z_x = [z_r, z_v] and z_y; decoders learn on the way."""
        (skeleton, text), (clip, words), (z_x, z_y), r = wanted, posteriors, draw, self.networks.latent
        none, crossed = self.nothing, is_used(weights.cross)
        # A decoder decodes at once what equations 1 to 3 ask of it.
        shown = [z_x, side_by_side(z_y, z_x[..., r:])] if crossed else [z_x]
        told = [z_y, z_x[..., :r]] if crossed else [z_y]
        (error_x, *cross_x), (of_x, *of_shown) = self._errors("D_x", shown, skeleton, [1.0, weights.cross])
        (error_y, *cross_y), (of_y, *of_told) = self._errors("D_y", told, text, [1.0, weights.cross])
        # Equation 1: the skeleton's evidence lower bound, negated. The KL's gradient is in Posterior.gradient.
        reconstruction_skeleton = error_x
        kl_skeleton = weights.kl_skeleton * clip.kl() if is_used(weights.kl_skeleton) else none
        # Equation 2: the text's.
        reconstruction_text = error_y
        kl_text = weights.kl_text * words.kl() if is_used(weights.kl_text) else none
        # Equation 3: cross alignment, through z_r and z_y alone.
        cross = none
        if crossed:
            cross = cross_y[0] + cross_x[0]
            of_x[..., :r] += of_told[0]
            of_x[..., r:] += of_shown[0][..., r:]
            of_y += of_shown[0][..., :r]
        # Equation 4: total correlation, which the encoder lowers.
        correlation = none
        if is_used(weights.total_correlation) and self.networks.style:
            correlation, of_pair = self._total_correlation(z_x, weights.total_correlation, draws)
            of_x += of_pair
        # Equation 5; another order of summation rounds differently, and a training multiplies such differences.
        total = (reconstruction_skeleton + reconstruction_text) + (kl_skeleton + kl_text) + cross + correlation
        terms = Terms(reconstruction_skeleton, kl_skeleton, reconstruction_text, kl_text, cross, correlation, total)
        return terms, of_x, of_y

    def _errors(
        self, decoder: str, latents: Sequence[Array], wanted: Array, weights: Sequence[Weight]
    ) -> tuple[list[Array], list[Array]]:
        """Of each of some latents [n, d], weight * a decoder's squared error, and its gradient; the decoder learns."""
        layer, relu, n = self.layers[decoder], self.settings.decoder_output == "relu", wanted.shape[-2]
        latent = one_below_other(*latents)
        found = layer(latent)
        shown = positive(found) if relu else None
        if relu:
            found *= shown
        parts, width = rows_apart(found, n), self.widths[decoder]
        # The errors' gradients take their places in `found`.
        errors = [
            squared_error(self.settings.squared_error, part, wanted, weight, width)[0]
            for part, weight in zip(parts, weights, strict=False)
        ]
        if relu:
            found *= shown
        layer.learn(latent, found)
        return errors, rows_apart(layer.back(found), n)

    def _total_correlation(self, z_x: Array, weight: Weight, draws: Draws) -> tuple[Array, Array]:
        """weight * the encoder's part of equation 4, and the gradient of z_x [n, r + v]; D_T learns nothing."""
        kind, r = self.settings.total_correlation, self.networks.latent
        joint = Pairs(self.judge.layers, z_x)
        if kind != "paper":
            of_joint, _ = total_correlation_gradient(kind, joint.logits, None)
            return weight * total_correlation(kind, joint.logits, None), joint.back(over_rows(weight) * of_joint)
        order = draws.permutation(z_x.shape[-2])
        shuffled = Pairs(self.judge.layers, side_by_side(z_x[..., :r], rows_in(order, z_x[..., r:])))
        of_joint, of_shuffled = total_correlation_gradient(kind, joint.logits, shuffled.logits)
        each = over_rows(weight)
        of_x, of_pair = joint.back(each * of_joint), shuffled.back(each * of_shuffled)
        of_x[..., :r] += of_pair[..., :r]
        of_x[..., r:] += rows_in(order.argsort(-1), of_pair[..., r:])
        return weight * total_correlation(kind, joint.logits, shuffled.logits), of_x

    def _discriminator_step(self, clip: Posterior, words: Posterior, weight: Weight, draws: Draws) -> None:
        """Train D_T to tell joint from shuffled pairs; noise is drawn anew, and no gradient reaches the encoders."""
        r, count = self.networks.latent, clip.mean.shape[-2]
        semantic, style = slice(r), slice(r, None)
        sides = [clip, words] if self.settings.discriminator_text_branch else [clip]
        noise = [[draws.noise(whose.mean[..., d]) for whose, d in ((side, semantic), (clip, style))] for side in sides]
        orders = [(draws.permutation(count), draws.permutation(count)) for _ in sides]
        if is_used(weight):
            share = over_rows(weight / len(sides))
            for side, (of_left, of_right), (first, second) in zip(sides, noise, orders, strict=True):
                left, right = side.part(semantic, of_left), clip.part(style, of_right)
                joint = Pairs(self.judge.layers, side_by_side(left, right))
                shuffled = Pairs(self.judge.layers, side_by_side(rows_in(first, left), rows_in(second, right)))
                of_joint, of_shuffled = discrimination_gradient(joint.logits, shuffled.logits)
                joint.learn(of_joint * share)
                shuffled.learn(of_shuffled * share)
        self.judge.step()


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
        trainer, data, weights = new_training(raw_data(task), settings, generator)
        for epoch in range(settings.epochs):
            losses = train_epoch(trainer, data, epoch, generator)
            if watch is not None:
                watch(epoch, TrainedSADVAE.of(settings, weights(), decision_seed(seed, epoch)), losses)
        return TrainedSADVAE.of(settings, weights(), decision_seed(seed, settings.epochs - 1))


def aligned_vae(**changes: Any) -> SADVAE:
    """The preset `sadvae` without z_v, and so without disentanglement and total correlation: the paper's ablation."""
    return SADVAE(sadvae(**({"style": 0} | changes)), "aligned_vae")


def decision_seed(seed: int, epoch: int) -> int:
    """The seed of the unseen decision after an epoch: no epoch and no network shares its start with another one.

    A classifier with ReLU logits can start with classes that never fire, so its start must not repeat over epochs.
    """
    return int(np.random.SeedSequence([abs(seed), epoch]).generate_state(1)[0])


def raw_data(task: ZeroShotTask) -> TrainingData:
    """The training clips of a task and the texts of their classes as they come; features are not copied."""
    classes, columns = np.unique(task.train.labels, return_inverse=True)
    text = torch.from_numpy(task.classes.of(classes.tolist()))
    return TrainingData(torch.from_numpy(task.train.features), torch.from_numpy(columns), text)


def new_training(
    raw: TrainingData, settings: SADVAESettings, generator: torch.Generator, like: Networks | None = None
) -> tuple[Trainer, TrainingData, Callable[[], dict[str, Tensor]]]:
    """What a training starts with: a trainer, its data as it takes them, and a look at the networks' weights.

    raw: features [n, d_x], which may be mapped and are not copied, and class texts [c, d_y], as they come. like:
    networks of another training on the same data, whose statistics of the features are taken over.
    """
    d_skeleton, d_text = raw.skeleton.shape[1], raw.classes.shape[1]
    relu = settings.decoder_output == "relu"
    networks = Networks(d_skeleton, d_text, settings.latent, settings.style, relu=relu)
    networks.initialise(generator)
    if settings.standardise:
        if like is None:
            networks.skeleton_scaling.fit(raw.skeleton)
        else:
            networks.skeleton_scaling.load_state_dict(like.skeleton_scaling.state_dict())
        networks.text_scaling.fit(raw.classes)
    classes = networks.text_scaling(raw.classes)
    scaling = networks.skeleton_scaling if settings.standardise else None
    if not settings.narrows_text:
        data = TrainingData(raw.skeleton, raw.columns, classes, scaling)
        return Trainer(settings, networks), data, networks.state_dict
    span = TextSpan.of(networks, classes)
    data = TrainingData(raw.skeleton, raw.columns, span.coordinates(classes), scaling)
    return Trainer(settings, span.narrow, d_text), data, span.widen


def epoch_order(count: int, settings: SADVAESettings, generator: torch.Generator) -> Tensor:
    """One epoch's row indices: one pass over the data, or iterations_per_epoch batches of the data repeated."""
    if settings.iterations_per_epoch is None:
        return torch.randperm(count, generator=generator)
    wanted = settings.iterations_per_epoch * settings.batch_size
    repeats = -(-wanted // count)
    return torch.randperm(count * repeats, generator=generator)[:wanted] % count


def train_epoch(
    trainer: Trainer,
    data: TrainingData,
    epoch: int,
    generator: torch.Generator,
    batches: list[Tensor] | None = None,
) -> dict[str, float]:
    """One epoch (from 0); the means of the loss terms over its steps.

    batches: rows of each step (default: those of epoch_order). Raises SadvaeError when the loss stops being a number.
    """
    settings = trainer.settings
    batches = batches or list(epoch_order(len(data.skeleton), settings, generator).split(settings.batch_size))
    rows = [batch.numpy() for batch in batches]
    dtype, found = trainer.buffer.parameters.dtype, list[list[float]]()
    with numpy_steps():
        for iteration, inputs in enumerate(inputs_of_epoch(settings, data, epoch, rows, generator, dtype)):
            skeleton, text = data.array_batch(inputs.rows)
            terms = trainer.step(skeleton, text, inputs.weights, inputs.draws, iteration, inputs.repeats)
            found.append(list(vars(terms).values()))
        means = np.mean(found, 0)
    return named_means(means.tolist(), epoch, settings, "SA-DVAE")


def named_means(means: list[float], epoch: int, settings: SADVAESettings, name: str) -> dict[str, float]:
    """Mean loss terms of an epoch (from 0) by name. Raises SadvaeError that names the training for no number."""
    found = dict(zip((field.name for field in fields(Terms)), means, strict=True))
    if not math.isfinite(found["total"]):
        raise SadvaeError(
            f"the loss of {name} is not a number in epoch {epoch + 1}; lower learning_rate "
            f"(now {settings.learning_rate:g}) or check the features' scale."
        )
    return found
