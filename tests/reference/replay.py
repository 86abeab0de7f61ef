"""Replay recordings of the published code's training: `python tests/reference/replay.py FILE.npz`.

Drives sadvae's own training step with the recorded weights, batches, noise and permutations, and compares the loss of
every iteration, every parameter after each epoch and, where it is recorded, the unseen classifier, which is trained on
the recorded text encoder. Prints the largest relative deviation of each part. Exit code 0: it holds; 1: it does not; 2:
the file is no such recording, or --kernels cannot be chosen here.

A part holds if it deviates by at most 1e-4. Where a ReLU makes gradients jump or cancels them, Adam magnifies what
rounding leaves of them, and hundreds of steps turn the last bit of a float32 into the third digit of a weight (the
unseen classifier is like that). So where a part deviates by more, the replay is done again with the kernels that MKL,
which the classifier's products take, has for processors of other makers (kernels.py), until all parts hold with one.
Where none is that of the recording, or kernels cannot be chosen, the replay is repeated with the recorded noise changed
by one rounding step, 16 times, and each recorded array has to lie within four times the largest change that this makes.
The output says which of these was needed; --exact leaves out the last.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.files import read_arrays
from sadvae.methods.adam import Adam
from sadvae.methods.arrays import Array, numpy_steps
from sadvae.methods.networks import Networks
from sadvae.methods.repeats import repeats_of
from sadvae.methods.sa_dvae import Trainer
from sadvae.methods.schedules import weights_at
from sadvae.methods.settings import SADVAESettings, published
from sadvae.methods.unseen import UnseenClassifier, train_classifier

if not __package__:
    # As a script it finds what lies beside it alone.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.reference import kernels

TOLERANCE = 1e-4
RERUNS, MARGIN = 16, 4
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
        needed = (
            "config",
            "features",
            "labels",
            "text_embeddings",
            "noise",
            "losses",
            *(f"initial.{n}" for n in NAMES),
        )
        missing = [name for name in needed if name not in arrays]
        if not any(name.startswith("after_epoch_") for name in arrays):
            missing.append("after_epoch_0.skeleton_encoder.mu.0.weight")
        if missing:
            raise SadvaeError(f"{path} is no recording of a training: it lacks {missing[0]!r}; see the golden README.")
        try:
            config = json.loads(str(arrays["config"]))
            config |= {"dis_step": int(config["dis_step"]), "lr": float(config["lr"])}
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
            learning_rate=self.config["lr"],
            discriminator_every=self.config["dis_step"],
        )


class RecordedDraws:
    """Noise and permutations in the order in which they were recorded."""

    def __init__(self, path: Path, noise: Tensor, permutations: Tensor) -> None:
        self._path = path
        self._left: dict[str, Iterator[Tensor]] = {"noise": iter(noise), "permutations": iter(permutations)}

    def noise(self, like: Array) -> Array:
        drawn = self._next("noise", len(like))
        return drawn.numpy() if isinstance(like, np.ndarray) else drawn

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


@dataclass(frozen=True)
class Deviation:
    """How far a part of a recording is from its replay: largest relative deviation, where, and what rounding does."""

    largest: float
    where: str
    rounding: float | None
    holds: bool


def relative_deviation(found: np.ndarray, recorded: np.ndarray, *, each: bool = False) -> float:
    """max |found - recorded| / max |recorded|, or each number relative to itself; infinite where it is no number."""
    if found.shape != recorded.shape:
        return float("inf")
    sizes = np.abs(recorded) if each else np.abs(recorded).max()
    deviation = float((np.abs(found.astype(np.float64) - recorded) / np.maximum(sizes, 1e-12)).max())
    return deviation if np.isfinite(deviation) else float("inf")


def replay(path: Path, *, exact: bool = False) -> dict[str, Deviation]:
    """Replay a recording; the deviation of each of its parts: losses, parameters, classifier.

    exact: allow nothing for rounding.
    """
    recording = Recording.read(path)
    found = numbers(recording, Nudge(None))
    by_name = {
        name: relative_deviation(value, recording.arrays[name], each=name == "losses") for name, value in found.items()
    }
    moved: dict[str, float] = {}
    if max(by_name.values()) > TOLERANCE and not exact:
        reruns = [numbers(recording, Nudge(seed)) for seed in range(RERUNS)]
        moved = {name: max(relative_deviation(r[name], value) for r in reruns) for name, value in found.items()}
    allowed = {name: max(TOLERANCE, MARGIN * moved.get(name, 0.0)) for name in found}
    parts: dict[str, list[str]] = {}
    for name in found:
        parts.setdefault(part_of(name), []).append(name)
    return {part: _deviation(names, by_name, moved, allowed) for part, names in parts.items()}


def _deviation(
    names: list[str], by_name: dict[str, float], moved: dict[str, float], allowed: dict[str, float]
) -> Deviation:
    worst = max(names, key=lambda name: by_name[name])
    holds = all(by_name[name] <= allowed[name] for name in names)
    return Deviation(by_name[worst], worst, moved.get(worst) if by_name[worst] > TOLERANCE else None, holds)


def part_of(name: str) -> str:
    """The part of a recording that an array belongs to."""
    return {"losses": "losses", "classifier": "classifier"}.get(name.split(".")[0], "parameters")


class Nudge:
    """Changes noise by about one rounding step, or not at all where the seed is None."""

    def __init__(self, seed: int | None) -> None:
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def __call__(self, noise: Tensor) -> Tensor:
        if self.generator is None:
            return noise
        return noise * (1 + torch.finfo(noise.dtype).eps * torch.randn(noise.shape, generator=self.generator))


def numbers(recording: Recording, nudge: Nudge) -> dict[str, np.ndarray]:
    """What sadvae gets for each recorded array, by its name in the recording."""
    networks = initial_networks(recording)
    found = replay_training(recording, networks, nudge)
    if "classifier.noise" in recording.arrays:
        found |= replay_classifier(recording, last_networks(recording, networks), nudge)
    return {name: value.detach().numpy() for name, value in found.items() if name in recording.arrays}


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


def last_networks(recording: Recording, trained: Networks) -> Networks:
    """The networks as they were recorded after the last epoch; what was not recorded is as it was trained here."""
    last = f"after_epoch_{len(recording.arrays['features']) - 1}."
    networks, weights = initial_networks(recording), trained.state_dict()
    for theirs, ours in NAMES.items():
        array = recording.arrays.get(last + theirs)
        # One of another shape is found where parameters are compared.
        if array is not None and array.shape == weights[ours].shape:
            weights[ours] = recording.tensor(last + theirs)
    networks.load_state_dict(weights)
    return networks


def new_trainer(recording: Recording, networks: Networks) -> Trainer:
    trainer = Trainer(recording.settings, networks)
    for buffer in (trainer.buffer, trainer.judge):
        first, second = recording.config.get("adam_betas", buffer.adam.betas)
        epsilon = recording.config.get("adam_eps", buffer.adam.epsilon)
        buffer.adam = Adam(buffer.adam.learning_rate, (first, second), epsilon)
    return trainer


def replay_training(recording: Recording, networks: Networks, nudge: Nudge) -> dict[str, Tensor]:
    features, labels, text = (recording.tensor(name) for name in ("features", "labels", "text_embeddings"))
    epochs, iterations, batch, _ = features.shape
    permutations = recording.tensor("permutations") if "permutations" in recording.arrays else torch.zeros(0).long()
    draws = RecordedDraws(
        recording.path, nudge(recording.tensor("noise")).reshape(-1, batch, 1), permutations.reshape(-1, batch)
    )
    trainer = new_trainer(recording, networks)
    losses = torch.zeros(epochs, iterations, dtype=torch.float64)
    found = {"losses": losses}
    for epoch in range(epochs):
        with numpy_steps():
            for i in range(iterations):
                weights = weights_at(trainer.settings, epoch, i, iterations)
                batch_of = features[epoch, i].numpy(), text[labels[epoch, i]].numpy()
                (repeats,) = repeats_of(labels[epoch, i : i + 1].numpy(), text.numpy())
                losses[epoch, i] = float(trainer.step(*batch_of, weights, draws, i, repeats).total)
        found |= {f"after_epoch_{epoch}.{n}": networks.get_parameter(ours).clone() for n, ours in NAMES.items()}
    draws.check_used_up()
    return found


def replay_classifier(recording: Recording, networks: Networks, nudge: Nudge) -> dict[str, Tensor]:
    unseen, noise = recording.tensor("unseen_classes"), nudge(recording.tensor("classifier.noise").reshape(-1, 1))
    if len(unseen) == 0 or len(noise) % len(unseen):
        raise SadvaeError(f"{recording.path}: {len(noise)} classifier.noise are no multiple of {len(unseen)} classes.")
    classifier = UnseenClassifier(recording.latent, len(unseen), relu=True)
    classifier.load_state_dict(
        {f"linear.{k}": recording.tensor(f"classifier.initial.model.0.{k}") for k in ("weight", "bias")}
    )
    settings = recording.settings.model_copy(update={"classifier_samples": len(noise) // len(unseen)})
    draws = RecordedDraws(recording.path, noise[None], torch.zeros(0, 1).long())
    train_classifier(classifier, networks, recording.tensor("text_embeddings")[unseen], settings, draws)
    found: dict[str, Tensor] = {
        f"classifier.final.model.0.{k}": classifier.get_parameter(f"linear.{k}") for k in ("weight", "bias")
    }
    if "classifier.features" not in recording.arrays:
        return found
    mean, _ = networks.skeleton_encoder(recording.tensor("classifier.features"))
    probabilities = classifier.probabilities(mean[:, : recording.latent])
    answers = unseen[probabilities.argmax(dim=1)]
    right = (answers == recording.tensor("classifier.labels")).double().mean()
    return found | {"classifier.probabilities": probabilities, "classifier.accuracy": right}


def report(path: Path, parts: dict[str, Deviation], kernel: str | None = None) -> bool:
    """Print what came out of the replay of a file, and say whether it holds."""
    for part, found in parts.items():
        note = "" if found.rounding is None else f"; rounding alone moves it by {found.rounding:.3g}"
        print(f"{part}: largest relative deviation {found.largest:.3g} ({found.where}{note})")
    holds = all(found.holds for found in parts.values())
    how = f", kernels that MKL takes for {kernel}" if kernel else ""
    print(f"{path}: {'holds' if holds else 'DOES NOT HOLD'} (tolerance {TOLERANCE:g}{how})")
    return holds


def replay_anyhow(path: Path, *, exact: bool) -> bool:
    """Replay a file with this processor's kernels, then with others; only then allow for rounding, unless exact."""
    parts = replay(path, exact=True)
    if all(found.holds for found in parts.values()):
        return report(path, parts)
    for kernel in kernels.KERNELS if kernels.available() else ():
        # MKL chooses once in a process.
        words = (sys.executable, __file__, "--exact", "--kernels", kernel, str(path))
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            largest = max(parts, key=lambda part: parts[part].largest)
            print(
                f"{largest} deviates by {parts[largest].largest:.3g} with the kernels of this processor; with others:"
            )
            print(done.stdout, end="")
            return True
    return report(path, parts if exact else replay(path))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.npz", help="a recording of the published code")
    parser.add_argument("--exact", action="store_true", help="allow nothing for rounding beyond the tolerance")
    parser.add_argument("--kernels", choices=kernels.KERNELS, help="have MKL take these, and no others")
    arguments = parser.parse_args()
    files, kernel, exact = arguments.files, arguments.kernels, arguments.exact
    torch.set_num_threads(1)  # The classifier's sums in one order: a replay gives the same digits each time.
    try:
        if kernel:
            kernels.take(kernel)
            held = [report(path, replay(path, exact=exact), kernel) for path in files]
        else:
            held = [replay_anyhow(path, exact=exact) for path in files]
        return 0 if all(held) else 1
    except (SadvaeError, IndexError, RuntimeError, ValueError) as error:
        # torch and numpy say with these that labels or weights of a recording do not fit its other arrays.
        print(f"error: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
