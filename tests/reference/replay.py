"""Replay recordings of the published code's training: `python tests/reference/replay.py FILE.npz`.

Drives sadvae's own training step with the recorded weights, batches, noise and permutations, and compares the loss of
every iteration, every parameter after each epoch and, where it is recorded, the unseen classifier. Prints the largest
relative deviation of each part. Exit code 0: all within the tolerance; 1: not; 2: the file is no such recording.

The classifier is another matter than the rest: its ReLU makes gradients jump, and Adam multiplies what rounding leaves
of them, so that 300 steps can turn the last bit of a float32 into the third digit of a weight. Where the classifier is
off by more than the tolerance, it is trained again a few times on noise that is changed by one rounding step, and each
recorded number has to lie within the tolerance of what those trainings give, plus five of their standard deviations.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.files import read_arrays
from sadvae.methods.networks import Networks
from sadvae.methods.sa_dvae import Trainer
from sadvae.methods.schedules import weights_at
from sadvae.methods.settings import SADVAESettings, published
from sadvae.methods.unseen import UnseenClassifier, train_classifier

TOLERANCE = 1e-4
RERUNS, STANDARD_DEVIATIONS = 16, 5
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
NAMES = {f"{theirs}.{k}": f"{ours}.{k}" for theirs, ours in PARAMETERS.items() for k in ("weight", "bias")}


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording: its arrays by name (see the golden README), and its configuration."""

    path: Path
    arrays: dict[str, np.ndarray]
    config: dict[str, Any]

    @staticmethod
    def read(path: Path) -> Recording:
        """Read a recording. Raises SadvaeError where the file is missing, broken or not one."""
        arrays = read_arrays(path)
        needed = ("config", "features", "labels", "text_embeddings", "noise", "losses", *(f"initial.{n}" for n in NAMES))
        missing = [name for name in needed if name not in arrays]
        if missing:
            raise SadvaeError(f"{path} is no recording of a training: it lacks {missing[0]!r}; see the golden README.")
        try:
            config = json.loads(str(arrays["config"]))
            int(config["dis_step"]), float(config["lr"])
        except (ValueError, KeyError, TypeError) as error:
            raise SadvaeError(f"{path}: config is not JSON with numbers 'dis_step' and 'lr' ({error}).") from error
        recording = Recording(path, arrays, config)
        recording._check_shapes()
        return recording

    def _check_shapes(self) -> None:
        features, labels, losses = (self.arrays[name].shape for name in ("features", "labels", "losses"))
        if len(features) != 4 or labels != features[:3] or losses != features[:2] or 0 in features:
            raise SadvaeError(
                f"{self.path}: features {list(features)}, labels {list(labels)} and losses {list(losses)} do not fit; "
                "expected [epoch, iteration, batch, d], [epoch, iteration, batch] and [epoch, iteration]."
            )

    def tensor(self, name: str) -> Tensor:
        """An array as a tensor, floats as float32. Raises SadvaeError if it is not there."""
        if name not in self.arrays:
            raise SadvaeError(f"{self.path} lacks {name!r}.")
        array = torch.from_numpy(np.array(self.arrays[name]))
        return array.float() if array.is_floating_point() else array.long()

    @property
    def latent(self) -> int:
        """r, the width of z_r."""
        return self.arrays["initial.text_encoder.mu.0.weight"].shape[0]

    @property
    def style(self) -> int:
        """v, the width of z_v."""
        return self.arrays["initial.skeleton_encoder.mu.0.weight"].shape[0] - self.latent

    @property
    def settings(self) -> SADVAESettings:
        """The published preset with the recording's sizes and rates."""
        epochs, iterations, batch, _ = self.arrays["features"].shape
        return published(
            latent=self.latent,
            style=self.style,
            batch_size=batch,
            epochs=epochs,
            iterations_per_epoch=iterations,
            learning_rate=float(self.config["lr"]),
            discriminator_every=int(self.config["dis_step"]),
        )


class RecordedDraws:
    """Noise and permutations in the order in which they were recorded."""

    def __init__(self, path: Path, noise: Tensor, permutations: Tensor) -> None:
        self._path = path
        self._left: dict[str, Iterator[Tensor]] = {"noise": iter(noise), "permutations": iter(permutations)}

    def noise(self, like: Tensor) -> Tensor:
        return self._next("noise", len(like))

    def permutation(self, count: int) -> Tensor:
        return self._next("permutations", count)

    def _next(self, kind: str, count: int) -> Tensor:
        drawn = next(self._left[kind], None)
        if drawn is None or len(drawn) != count:
            held = "no more" if drawn is None else f"{len(drawn)} numbers"
            raise SadvaeError(f"{self._path}: the training draws {kind} for {count} rows; the recording has {held}.")
        return drawn

    def check_used_up(self) -> None:
        """Raise SadvaeError if the recording holds more draws than the training took."""
        for kind, left in self._left.items():
            if next(left, None) is not None:
                raise SadvaeError(f"{self._path}: {kind} of the recording are left over after the last iteration.")


@dataclass
class Deviations:
    """The largest relative deviation by part, where it is, and whether all of it is accounted for."""

    parts: dict[str, float] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def compare(self, part: str, where: str, found: Any, recorded: Any) -> None:
        """Note max |found - recorded| / max |recorded|."""
        deviation = relative_deviation(found, recorded)
        if part not in self.parts or deviation > self.parts[part]:
            self.parts[part], self.where[part] = deviation, where

    def within(self, tolerance: float) -> bool:
        """Whether every part is within the tolerance, or excused by a note."""
        return all(value <= tolerance or part in self.notes for part, value in self.parts.items())


def relative_deviation(found: Any, recorded: Any) -> float:
    """max |found - recorded| / max |recorded|; infinite where shapes differ or a number is not finite."""
    found, recorded = np.asarray(found, np.float64), np.asarray(recorded, np.float64)
    if found.shape != recorded.shape:
        return float("inf")
    deviation = float(np.abs(found - recorded).max()) / max(float(np.abs(recorded).max()), 1e-12)
    return deviation if np.isfinite(deviation) else float("inf")


def replay(path: Path) -> Deviations:
    """Replay a recording's training and, where it is there, its unseen classifier."""
    recording = Recording.read(path)
    deviations = Deviations()
    networks = initial_networks(recording)
    replay_training(recording, networks, deviations)
    if "classifier.noise" in recording.arrays:
        replay_classifier(recording, networks, deviations)
    return deviations


def initial_networks(recording: Recording) -> Networks:
    d_skeleton, d_text = (recording.arrays[name].shape[-1] for name in ("features", "text_embeddings"))
    networks = Networks(d_skeleton, d_text, recording.latent, recording.style, relu=True)
    weights = {ours: recording.tensor(f"initial.{theirs}") for theirs, ours in NAMES.items()}
    try:
        networks.load_state_dict(networks.state_dict() | weights)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise SadvaeError(f"{recording.path}: initial weights do not fit the sizes of the data: {reason}") from error
    return networks


def new_trainer(recording: Recording, networks: Networks) -> Trainer:
    trainer = Trainer(recording.settings, networks)
    for optimiser in (trainer.autoencoder_optimiser, trainer.discriminator_optimiser):
        for group in optimiser.param_groups:
            group["betas"] = tuple(recording.config.get("adam_betas", group["betas"]))
            group["eps"] = recording.config.get("adam_eps", group["eps"])
    return trainer


def replay_training(recording: Recording, networks: Networks, deviations: Deviations) -> None:
    features, labels, text = (recording.tensor(name) for name in ("features", "labels", "text_embeddings"))
    epochs, iterations, batch, _ = features.shape
    permutations = recording.tensor("permutations") if "permutations" in recording.arrays else torch.zeros(0).long()
    draws = RecordedDraws(
        recording.path, recording.tensor("noise").reshape(-1, batch, 1), permutations.reshape(-1, batch)
    )
    trainer = new_trainer(recording, networks)
    for epoch in range(epochs):
        for i in range(iterations):
            weights = weights_at(trainer.settings, epoch, i, iterations)
            terms = trainer.step(features[epoch, i], text[labels[epoch, i]], weights, draws, i)
            where = f"epoch {epoch}, iteration {i}"
            deviations.compare("losses", where, terms.total.item(), recording.arrays["losses"][epoch, i])
        for theirs, ours in NAMES.items():
            name = f"after_epoch_{epoch}.{theirs}"
            if name in recording.arrays:
                deviations.compare("parameters", name, networks.get_parameter(ours).detach(), recording.arrays[name])
    draws.check_used_up()
    if "parameters" not in deviations.parts:
        raise SadvaeError(f"{recording.path} lacks parameters after an epoch (after_epoch_0.skeleton_encoder...).")


def replay_classifier(recording: Recording, networks: Networks, deviations: Deviations) -> None:
    noise = recording.tensor("classifier.noise").reshape(-1, 1)
    found = train_and_apply(recording, networks, noise)
    for name, value in found.items():
        deviations.compare("classifier", name, value, recording.arrays[name])
    if deviations.parts["classifier"] > TOLERANCE:
        rounding = torch.Generator().manual_seed(0)
        step = torch.finfo(torch.float32).eps
        nudged = [noise * (1 + step * torch.randn(noise.shape, generator=rounding)) for _ in range(RERUNS)]
        reruns = [found, *(train_and_apply(recording, networks, other) for other in nudged)]
        if all(within_rounding(recording.arrays[name], [r[name] for r in reruns]) for name in found):
            spread = max(relative_deviation(r[name], found[name]) for r in reruns for name in found)
            deviations.notes["classifier"] = f"within rounding, which alone moves this training by {spread:.3g}"


def within_rounding(recorded: np.ndarray, reruns: list[np.ndarray]) -> bool:
    """Whether each recorded number lies where trainings that differ by one rounding step lie."""
    values = np.stack([np.asarray(r, np.float64) for r in reruns])
    if values.shape[1:] != recorded.shape:
        return False
    allowed = TOLERANCE * np.abs(recorded).max() + STANDARD_DEVIATIONS * values.std(axis=0, ddof=1)
    return bool((np.abs(recorded - values.mean(axis=0)) <= allowed).all())


def train_and_apply(recording: Recording, networks: Networks, noise: Tensor) -> dict[str, np.ndarray]:
    """Train the unseen classifier; its numbers by the recording's names."""
    unseen = recording.tensor("unseen_classes")
    if len(unseen) == 0 or len(noise) % len(unseen):
        raise SadvaeError(f"{recording.path}: {len(noise)} classifier.noise are no multiple of {len(unseen)} classes.")
    classifier = UnseenClassifier(recording.latent, len(unseen), relu=True)
    initial = {f"linear.{k}": recording.tensor(f"classifier.initial.model.0.{k}") for k in ("weight", "bias")}
    classifier.load_state_dict(initial)
    settings = recording.settings.model_copy(update={"classifier_samples": len(noise) // len(unseen)})
    draws = RecordedDraws(recording.path, noise[None], torch.zeros(0, 1).long())
    train_classifier(classifier, networks, recording.tensor("text_embeddings")[unseen], settings, draws)
    found = {f"classifier.final.model.0.{k}": classifier.get_parameter(f"linear.{k}") for k in ("weight", "bias")}
    if "classifier.features" in recording.arrays:
        mean, _ = networks.skeleton_encoder(recording.tensor("classifier.features"))
        probabilities = classifier.probabilities(mean[:, : recording.latent])
        answers = unseen[probabilities.argmax(dim=1)]
        right = (answers == recording.tensor("classifier.labels")).double().mean()
        found |= {"classifier.probabilities": probabilities, "classifier.accuracy": right}
    return {name: value.detach().numpy() for name, value in found.items() if name in recording.arrays}


def report(path: Path) -> bool:
    """Replay a file, print what came out, and say whether it holds."""
    deviations = replay(path)
    for part, value in deviations.parts.items():
        note = f"; {deviations.notes[part]}" if part in deviations.notes else ""
        print(f"{part}: largest relative deviation {value:.3g} ({deviations.where[part]}){note}")
    holds = deviations.within(TOLERANCE)
    print(f"{path}: {'holds' if holds else 'DOES NOT HOLD'} (tolerance {TOLERANCE:g})")
    return holds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.npz", help="a recording of the published code")
    try:
        return 0 if all([report(path) for path in parser.parse_args().files]) else 1
    except (SadvaeError, IndexError, RuntimeError) as error:
        # torch says with IndexError and RuntimeError that labels or weights of a recording do not fit its other arrays.
        print(f"error: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
