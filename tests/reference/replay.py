"""Replay a recording of the published code: `python tests/reference/replay.py FILE.npz`.

Drives the training step of sadvae itself with the recorded weights, batches, noise and permutations, compares the loss
of every iteration and every parameter after each epoch, and then the unseen classifier. Prints the largest relative
deviation of each part; exit code 1 if any is above 1e-4.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sadvae.files import read_arrays
from sadvae.methods.networks import Networks
from sadvae.methods.sa_dvae import Trainer
from sadvae.methods.schedules import weights_at
from sadvae.methods.settings import SADVAESettings, published
from sadvae.methods.unseen import UnseenClassifier, train_classifier

TOLERANCE = 1e-4
# Names of the recording beside ours.
PARAMETERS = {
    "skeleton_encoder.mu.0": "skeleton_encoder.mean",
    "skeleton_encoder.logvar.0": "skeleton_encoder.log_variance",
    "skeleton_decoder.model.0": "skeleton_decoder.linear",
    "text_encoder.mu.0": "text_encoder.mean",
    "text_encoder.logvar.0": "text_encoder.log_variance",
    "text_decoder.model.0": "text_decoder.linear",
    "discriminator.net.0": "discriminator.hidden",
    "discriminator.net.2": "discriminator.output",
}


class RecordedDraws:
    """Noise and permutations in the order in which they were recorded."""

    def __init__(self, noise: np.ndarray, permutations: np.ndarray) -> None:
        self._noise = iter(torch.from_numpy(noise))
        self._permutations = iter(torch.from_numpy(permutations.reshape(-1, permutations.shape[-1])))

    def noise(self, like: Tensor) -> Tensor:
        drawn = next(self._noise)
        assert drawn.shape[0] == like.shape[0], f"recorded noise for {drawn.shape[0]} rows, asked for {like.shape[0]}"
        return drawn

    def permutation(self, count: int) -> Tensor:
        drawn = next(self._permutations)
        assert drawn.shape[0] == count
        return drawn


@dataclass
class Deviations:
    """The largest relative deviation seen, and where."""

    largest: float = 0.0
    where: str = "nowhere"
    parts: dict[str, float] = field(default_factory=dict)

    def compare(self, part: str, where: str, found: Any, recorded: Any) -> None:
        found, recorded = np.asarray(found, np.float64), np.asarray(recorded, np.float64)
        scale = max(float(np.abs(recorded).max()), 1e-12)
        deviation = float(np.abs(found - recorded).max()) / scale
        if not np.isfinite(deviation):
            deviation = float("inf")
        self.parts[part] = max(self.parts.get(part, 0.0), deviation)
        if deviation > self.largest:
            self.largest, self.where = deviation, where


def replay(path: Path) -> Deviations:
    """Replay training and unseen classifier of a recording."""
    arrays = read_arrays(path)
    config = json.loads(str(arrays["config"]))
    settings = settings_of(config)
    networks = networks_of(arrays, config, "initial.")
    deviations = Deviations()
    replay_training(arrays, config, settings, networks, deviations)
    if "classifier.noise" in arrays:
        replay_classifier(arrays, config, settings, networks, deviations)
    return deviations


def settings_of(config: dict[str, Any]) -> SADVAESettings:
    return published(
        latent=config["latent"],
        style=config["style"],
        batch_size=config["batch"],
        epochs=config["epochs"],
        learning_rate=config["lr"],
        discriminator_every=config["dis_step"],
    )


def networks_of(arrays: dict[str, np.ndarray], config: dict[str, Any], prefix: str) -> Networks:
    networks = Networks(config["d_skeleton"], config["d_text"], config["latent"], config["style"], relu=True)
    weights = {
        f"{ours}.{kind}": torch.from_numpy(arrays[f"{prefix}{theirs}.{kind}"].copy())
        for theirs, ours in PARAMETERS.items()
        for kind in ("weight", "bias")
    }
    networks.load_state_dict(networks.state_dict() | weights)
    return networks


def replay_training(
    arrays: dict[str, np.ndarray],
    config: dict[str, Any],
    settings: SADVAESettings,
    networks: Networks,
    deviations: Deviations,
) -> None:
    draws = RecordedDraws(arrays["noise"], arrays["permutations"])
    trainer = Trainer(settings, networks)
    text = torch.from_numpy(arrays["text_embeddings"])
    features, labels = torch.from_numpy(arrays["features"]), torch.from_numpy(arrays["labels"])
    iterations = features.shape[1]
    for epoch in range(features.shape[0]):
        for i in range(iterations):
            weights = weights_at(settings, epoch, i, iterations)
            terms = trainer.step(features[epoch, i], text[labels[epoch, i]], weights, draws, i)
            where = f"loss of epoch {epoch}, iteration {i}"
            deviations.compare("losses", where, terms.total.item(), arrays["losses"][epoch, i])
        state = networks.state_dict()
        for theirs, ours in PARAMETERS.items():
            for kind in ("weight", "bias"):
                name = f"after_epoch_{epoch}.{theirs}.{kind}"
                deviations.compare("parameters", name, state[f"{ours}.{kind}"].numpy(), arrays[name])


def replay_classifier(
    arrays: dict[str, np.ndarray],
    config: dict[str, Any],
    settings: SADVAESettings,
    networks: Networks,
    deviations: Deviations,
) -> None:
    unseen = arrays["unseen_classes"]
    text = torch.from_numpy(arrays["text_embeddings"][unseen])
    noise = arrays["classifier.noise"]
    classifier = UnseenClassifier(config["latent"], len(unseen), relu=True)
    initial = {
        f"linear.{k}": torch.from_numpy(arrays[f"classifier.initial.model.0.{k}"].copy()) for k in ("weight", "bias")
    }
    classifier.load_state_dict(initial)
    draws = RecordedDraws(noise[None], np.zeros((0, 1), np.int64))
    samples = settings.model_copy(update={"classifier_samples": len(noise) // len(unseen)})
    train_classifier(classifier, networks, text, samples, draws)
    for kind in ("weight", "bias"):
        name = f"classifier.final.model.0.{kind}"
        deviations.compare("classifier", name, classifier.state_dict()[f"linear.{kind}"].numpy(), arrays[name])
    mean, _ = networks.skeleton_encoder(torch.from_numpy(arrays["classifier.features"]))
    probabilities = classifier.probabilities(mean[:, : config["latent"]]).detach().numpy()
    deviations.compare("classifier", "classifier.probabilities", probabilities, arrays["classifier.probabilities"])
    accuracy = np.mean(unseen[probabilities.argmax(axis=1)] == arrays["classifier.labels"])
    deviations.compare("classifier", "classifier.accuracy", accuracy, arrays["classifier.accuracy"])


def main() -> int:
    deviations = replay(Path(sys.argv[1]))
    for part, value in deviations.parts.items():
        print(f"{part}: largest relative deviation {value:.3g}")
    print(f"largest relative deviation {deviations.largest:.3g} ({deviations.where}); tolerance {TOLERANCE:g}")
    return int(deviations.largest > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
