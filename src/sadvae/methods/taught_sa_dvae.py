"""SA-DVAE taught by composed movements (taught.py says why). Reads top to bottom: lessons, training, decision.

A share of every batch is composed movements, nothing else of SA-DVAE's training changes, and hubs are put right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sadvae.lessons import Lessons
from sadvae.methods.hubs import anchor_rows, corrected
from sadvae.methods.protocol import Trained, Watch
from sadvae.methods.sa_dvae import decision_seed, new_training, raw_data, train_epoch
from sadvae.methods.settings import SADVAESettings, TaughtSADVAESettings
from sadvae.methods.taught import lessons_of
from sadvae.methods.trained_sa_dvae import TrainedSADVAE
from sadvae.methods.training import TrainingData
from sadvae.methods.unseen import decoded_cosine, generated_cosine
from sadvae.task import ZeroShotTask
from sadvae.types import FloatArray


@dataclass(frozen=True)
class TaughtSADVAE:
    """The method: its settings, which can be fitted."""

    settings: TaughtSADVAESettings
    name: str = "taught_sa_dvae"

    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedTaughtSADVAE:
        """Train on task.train, the texts of its seen classes, and task.lessons.

        Raises SadvaeError where the task has no lessons, and when the loss stops being a number.
        """
        settings = self.settings
        own, lessons = raw_data(task), lessons_of(task, settings.lesson_share, self.name)
        anchors = torch.from_numpy(task.train.features[anchor_rows(task.train.labels)])
        generator = torch.Generator().manual_seed(seed)
        trainer, data, weights = new_training(joined(own, lessons), settings, generator)

        def trained(epoch: int) -> TrainedTaughtSADVAE:
            return TrainedTaughtSADVAE.of(settings, {**weights(), "anchors": anchors}, decision_seed(seed, epoch))

        for epoch in range(settings.epochs):
            count = len(own.columns)
            batches = mixed_batches(count, len(data.columns) - count, settings, generator)
            losses = train_epoch(trainer, data, epoch, generator, batches)
            if watch is not None:
                watch(epoch, trained(epoch), losses)
        return trained(settings.epochs - 1)


def joined(own: TrainingData, lessons: Lessons | None) -> TrainingData:
    """Clips of a task, then lessons, which are brought to the task's means, and their texts to its spread too.

    Composed bodies differ from recorded ones, and their sentences from a data set's, in ways that are the same for all
    of them; what is left says how movements and words go together.
    """
    if lessons is None:
        return own
    features, texts = torch.from_numpy(lessons.features), torch.from_numpy(lessons.texts)
    text_mean = own.classes.mean(0)
    spread = (own.classes - text_mean).square().mean().sqrt()
    centred = texts - texts.mean(0)
    told = text_mean + centred * spread / centred.square().mean().sqrt()
    shown = features - features.mean(0) + own.skeleton.mean(0)
    return TrainingData(
        torch.cat([own.skeleton, shown]),
        torch.cat([own.columns, torch.from_numpy(lessons.movements) + len(own.classes)]),
        torch.cat([own.classes, told]),
    )


def mixed_batches(count: int, lessons: int, settings: TaughtSADVAESettings, generator: torch.Generator) -> list[Tensor]:
    """One epoch's row indices: every batch has its share of lessons (rows from count on) and of own clips."""
    taught = settings.lessons_per_batch if lessons else 0
    own = settings.batch_size - taught
    steps = settings.iterations_per_epoch or -(-count // own)
    clips = _repeated(count, steps * own, generator).split(own)
    if not taught:
        return list(clips)
    told = (_repeated(lessons, steps * taught, generator) + count).split(taught)
    return [torch.cat(pair) for pair in zip(clips, told, strict=True)]


def _repeated(count: int, wanted: int, generator: torch.Generator) -> Tensor:
    """`wanted` indices below count in random order, none twice more often than another."""
    passes = -(-wanted // count)
    return torch.cat([torch.randperm(count, generator=generator) for _ in range(passes)])[:wanted]


@dataclass(frozen=True, eq=False)
class TrainedTaughtSADVAE(TrainedSADVAE):
    """See Trained. anchors: features of training clips, float32 [a, d]."""

    settings: TaughtSADVAESettings
    anchors: Tensor

    @staticmethod
    def of(settings: SADVAESettings, weights: dict[str, Tensor], seed: int) -> TrainedTaughtSADVAE:
        """A snapshot of networks' weights and anchors: a copy that later steps leave alone."""
        if not isinstance(settings, TaughtSADVAESettings):
            raise TypeError("settings of the preset taught_sa_dvae are wanted")
        rest = {name: value for name, value in weights.items() if name != "anchors"}
        plain = TrainedSADVAE.of(settings, rest, seed)
        return TrainedTaughtSADVAE(settings, plain.networks, seed, weights["anchors"].clone())

    @staticmethod
    def restore(about: dict[str, Any], weights: dict[str, Tensor]) -> Trained:
        """The trained method that describe() and weights() were taken from."""
        settings = TaughtSADVAESettings.model_validate(about["settings"])
        trained = TrainedTaughtSADVAE.of(settings, weights, int(about["seed"]))
        found, width = tuple(trained.anchors.shape), len(trained.networks.skeleton_scaling.mean)
        if found != (len(trained.anchors), width):
            raise ValueError(f"anchors have shape {found}; expected [a, {width}]")
        return trained

    def unseen_probabilities(self, features: FloatArray, class_vectors: FloatArray) -> FloatArray:
        """See Trained."""
        self._check_widths(features.shape[1], class_vectors.shape[1])
        return self.probabilities(torch.from_numpy(features), torch.from_numpy(class_vectors)).numpy()

    def probabilities(self, features: Tensor, vectors: Tensor) -> Tensor:
        """p(class | clip) [n, k] of features [n, d] and text vectors [k, e], both as they come.

        The sum of both similarities, from clip to text and from text to clip (unseen.py), softmax over a temperature.
        """
        networks = self.networks
        clips, texts = networks.skeleton_scaling(features), networks.text_scaling(vectors)
        told = decoded_cosine(networks, networks.skeleton_encoder.mean(clips)[:, : networks.latent], texts)
        shown = generated_cosine(networks, clips, texts)
        if self.settings.hub_correction:
            anchors = networks.skeleton_scaling(self.anchors)
            usual = networks.skeleton_encoder.mean(anchors)[:, : networks.latent]
            told = corrected(told, decoded_cosine(networks, usual, texts))
            shown = corrected(shown, generated_cosine(networks, anchors, texts))
        return torch.softmax((told + shown) / self.settings.temperature, dim=1)

    def describe(self) -> dict[str, Any]:
        """See Trained."""
        return {**super().describe(), "method": "taught_sa_dvae"}

    def weights(self) -> dict[str, Tensor]:
        """See Trained."""
        return {**super().weights(), "anchors": self.anchors}
