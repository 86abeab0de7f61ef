"""The published training loop once more, written plainly and apart from sadvae, as a second oracle.

Follows the description of the published code number by number (docs/method.md, "What the published code does
differently") with torch and NumPy alone, one function per thing, no settings, no classes of sadvae. `record` draws all
inputs at random and writes down the numbers in the format of the golden recordings; `train` repeats the training of any
such recording.

    python tests/reference/plain.py OUT.npz --latent 12 --style 3 --dis-step 4 --epochs 4 --seed 1
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

Arrays = dict[str, np.ndarray]
Weights = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Config:
    """The sizes and rates of a recording."""

    d_skeleton: int = 20
    d_text: int = 28
    latent: int = 9
    style: int = 4
    batch: int = 8
    iterations: int = 20
    epochs: int = 3
    dis_step: int = 3
    classes: int = 8
    unseen: int = 3
    samples: int = 500
    lr: float = 1e-3
    seed: int = 0


def layer_sizes(c: Config) -> dict[str, tuple[int, int]]:
    """(inputs, outputs) of every linear layer."""
    both = c.latent + c.style
    return {
        "skeleton_encoder.mu.0": (c.d_skeleton, both),
        "skeleton_encoder.logvar.0": (c.d_skeleton, both),
        "skeleton_decoder.model.0": (both, c.d_skeleton),
        "text_encoder.mu.0": (c.d_text, c.latent),
        "text_encoder.logvar.0": (c.d_text, c.latent),
        "text_decoder.model.0": (c.latent, c.d_text),
        "discriminator.net.0": (both, both // 4),
        "discriminator.net.2": (both // 4, 1),
    }


def initial_weights(sizes: dict[str, tuple[int, int]], rng: np.random.Generator) -> Arrays:
    """Xavier-uniform weights with gain 0.5, zero biases."""
    weights: Arrays = {}
    for name, (inputs, outputs) in sizes.items():
        limit = 0.5 * math.sqrt(6 / (inputs + outputs))
        weights[f"{name}.weight"] = rng.uniform(-limit, limit, (outputs, inputs)).astype(np.float32)
        weights[f"{name}.bias"] = np.zeros(outputs, np.float32)
    return weights


def linear(p: Weights, name: str, x: torch.Tensor) -> torch.Tensor:
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def discriminate(p: Weights, z: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(linear(p, "discriminator.net.2", torch.relu(linear(p, "discriminator.net.0", z))))


def kl(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """Sum over dimensions, mean over the batch (number 2)."""
    return 0.5 * (mu**2 + torch.exp(logvar) - logvar - 1).sum(dim=1).mean()


def mean_square(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Mean over all elements (number 2)."""
    return ((x - y) ** 2).mean()


class Tape:
    """Draws in their recorded order."""

    def __init__(self, arrays: Arrays) -> None:
        self.noise = torch.from_numpy(arrays["noise"])
        self.permutations = torch.from_numpy(arrays["permutations"])
        self.noise_at = self.permutation_at = 0

    def sample(self, mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
        """One scalar a sample for all dimensions (number 3)."""
        self.noise_at += 1
        return mu + torch.exp(logvar / 2) * self.noise[self.noise_at - 1]

    def pair(self) -> tuple[torch.Tensor, torch.Tensor]:
        self.permutation_at += 1
        first, second = self.permutations[self.permutation_at - 1]
        return first, second


def schedule(epoch: int, i: int, iterations: int) -> tuple[float, float, float]:
    """b_x, b_y (also the weight of both total-correlation losses) and l1 (number 1)."""
    b_x = max(0.0, 0.1 * (i - 1000 * iterations / 1700) / (3000 * iterations / 1700))
    b_y = 0.0 if epoch < 2 else max(0.0, 0.1 * (i - math.floor(0.8 * iterations)) / (3000 * iterations / 1700))
    return b_x, b_y, 1.0 if i > math.floor(0.8 * iterations) else 0.0


def discriminator_loss(p: Weights, x: torch.Tensor, y: torch.Tensor, r: int, tape: Tape) -> torch.Tensor:
    """The mean of both branches; gradients are left in the encoders too, and cleared by the caller (number 6)."""
    mu, logvar = linear(p, "skeleton_encoder.mu.0", x), linear(p, "skeleton_encoder.logvar.0", x)
    mu_y, logvar_y = linear(p, "text_encoder.mu.0", y), linear(p, "text_encoder.logvar.0", y)
    branches = []
    for left in ((mu[:, :r], logvar[:, :r]), (mu_y, logvar_y)):
        z_left = tape.sample(*left)
        z_v = tape.sample(mu[:, r:], logvar[:, r:])
        first, second = tape.pair()
        joint = discriminate(p, torch.cat([z_left, z_v], dim=1))
        shuffled = discriminate(p, torch.cat([z_left[first], z_v[second]], dim=1))
        branches.append((-torch.log(joint).mean() - torch.log(1 - shuffled).mean()) / 2)
    return (branches[0] + branches[1]) / 2


def train(arrays: Arrays) -> Arrays:
    """Repeat the training of a recording: its `losses` and `after_epoch_E.*`."""
    config = json.loads(str(arrays["config"]))
    p = {k.removeprefix("initial."): torch.tensor(v) for k, v in arrays.items() if k.startswith("initial.")}
    for value in p.values():
        value.requires_grad_()
    of_discriminator = [v for k, v in p.items() if k.startswith("discriminator")]
    of_autoencoders = [v for k, v in p.items() if not k.startswith("discriminator")]
    adam = torch.optim.Adam(of_autoencoders, lr=config["lr"])
    adam_discriminator = torch.optim.Adam(of_discriminator, lr=config["lr"])
    text, r = torch.from_numpy(arrays["text_embeddings"]), p["text_encoder.mu.0.bias"].shape[0]
    tape, found = Tape(arrays), {"losses": np.zeros(arrays["features"].shape[:2])}
    for epoch, (xs, labels) in enumerate(zip(arrays["features"], arrays["labels"], strict=True)):
        for i, (batch, ids) in enumerate(zip(xs, labels, strict=True)):
            x, y = torch.from_numpy(batch), text[torch.from_numpy(ids)]
            b_x, b_y, l1 = schedule(epoch, i, len(xs))
            mu, logvar = linear(p, "skeleton_encoder.mu.0", x), linear(p, "skeleton_encoder.logvar.0", x)
            mu_y, logvar_y = linear(p, "text_encoder.mu.0", y), linear(p, "text_encoder.logvar.0", y)
            z_r, z_v = tape.sample(mu[:, :r], logvar[:, :r]), tape.sample(mu[:, r:], logvar[:, r:])
            z_y = tape.sample(mu_y, logvar_y)
            if (i + 1) % config["dis_step"] == 0:
                adam_discriminator.zero_grad()
                (b_y * discriminator_loss(p, x, y, r, tape)).backward()
                adam_discriminator.step()
            loss = (
                mean_square(decode(p, "skeleton", torch.cat([z_r, z_v], dim=1)), x)
                + mean_square(decode(p, "text", z_y), y)
                + b_x * (kl(mu[:, :r], logvar[:, :r]) + kl(mu[:, r:], logvar[:, r:]))
                + b_y * kl(mu_y, logvar_y)
                + l1 * mean_square(decode(p, "text", z_r), y)
                + l1 * mean_square(decode(p, "skeleton", torch.cat([z_y, z_v], dim=1)), x)
                + b_y * discriminate(p, torch.cat([z_r, z_v], dim=1)).mean()
            )
            adam.zero_grad()
            loss.backward()
            adam.step()
            found["losses"][epoch, i] = loss.item()
        found |= {f"after_epoch_{epoch}.{k}": v.detach().numpy().copy() for k, v in p.items()}
    assert tape.noise_at == len(tape.noise)
    assert tape.permutation_at == len(tape.permutations)
    return found


def decode(p: Weights, side: str, z: torch.Tensor) -> torch.Tensor:
    """One linear layer and a ReLU (number 4)."""
    return torch.relu(linear(p, f"{side}_decoder.model.0", z))


def train_classifier(arrays: Arrays, final: Arrays, steps: int = 300) -> Arrays:
    """C_u of a recording on the text encoder of `final` (weights by name, without prefix)."""
    text = torch.from_numpy(arrays["text_embeddings"][arrays["unseen_classes"]])
    p = {name: torch.from_numpy(value) for name, value in final.items()}
    noise, count = torch.from_numpy(arrays["classifier.noise"]), len(text)
    labels = torch.arange(len(noise)) % count
    mu, logvar = linear(p, "text_encoder.mu.0", text), linear(p, "text_encoder.logvar.0", text)
    z = mu[labels] + torch.exp(logvar[labels] / 2) * noise
    weight = torch.tensor(arrays["classifier.initial.model.0.weight"], requires_grad=True)
    bias = torch.tensor(arrays["classifier.initial.model.0.bias"], requires_grad=True)
    adam = torch.optim.Adam([weight, bias], lr=1e-3)
    for _ in range(steps):
        adam.zero_grad()
        F.nll_loss(torch.log_softmax(torch.relu(z @ weight.T + bias), dim=1), labels).backward()
        adam.step()
    z_r = linear(p, "skeleton_encoder.mu.0", torch.from_numpy(arrays["classifier.features"]))[:, : weight.shape[1]]
    with torch.no_grad():
        probabilities = torch.softmax(torch.relu(z_r @ weight.T + bias), dim=1).numpy()
    right = arrays["unseen_classes"][probabilities.argmax(axis=1)] == arrays["classifier.labels"]
    return {
        "classifier.final.model.0.weight": weight.detach().numpy(),
        "classifier.final.model.0.bias": bias.detach().numpy(),
        "classifier.probabilities": probabilities,
        "classifier.accuracy": np.array(right.mean()),
    }


def record(c: Config, *, classifier: bool = True) -> Arrays:
    """A recording of that configuration on random inputs; without its classifier part if that is not wanted."""
    rng = np.random.default_rng(c.seed)
    stepped = c.iterations // c.dis_step
    draws = [3 * c.iterations + 4 * stepped] * c.epochs
    centres = rng.uniform(0, 1, (c.classes, c.d_skeleton))
    text = rng.normal(size=(c.classes, c.d_text))
    labels = rng.integers(0, c.classes - c.unseen, (c.epochs, c.iterations, c.batch))
    arrays: Arrays = {f"initial.{k}": v for k, v in initial_weights(layer_sizes(c), rng).items()}
    arrays |= {
        "config": np.array(json.dumps(asdict(c) | {"noise_draws_per_epoch": draws})),
        "text_embeddings": (text / np.linalg.norm(text, axis=1, keepdims=True)).astype(np.float32),
        "labels": labels,
        "features": np.abs(centres[labels] + rng.normal(0, 0.3, (*labels.shape, c.d_skeleton))).astype(np.float32),
        "noise": rng.normal(size=(sum(draws), c.batch, 1)).astype(np.float32),
        "permutations": np.array(
            [[rng.permutation(c.batch) for _ in range(2)] for _ in range(2 * stepped * c.epochs)], np.int64
        ).reshape(-1, 2, c.batch),
    }
    arrays |= train(arrays)
    return arrays | record_classifier(c, arrays, centres, rng) if classifier else arrays


def record_classifier(c: Config, arrays: Arrays, centres: np.ndarray, rng: np.random.Generator) -> Arrays:
    """The classifier part of a recording."""
    unseen = np.arange(c.classes - c.unseen, c.classes)
    start = initial_weights({"classifier.initial.model.0": (c.latent, c.unseen)}, rng)
    labels = rng.choice(unseen, 40)
    inputs: Arrays = start | {
        "unseen_classes": unseen,
        "classifier.noise": rng.normal(size=(c.samples * c.unseen, 1)).astype(np.float32),
        "classifier.labels": labels,
        "classifier.features": np.abs(centres[labels] + rng.normal(0, 0.3, (40, c.d_skeleton))).astype(np.float32),
    }
    return inputs | train_classifier(arrays | inputs, final_weights(arrays))


def final_weights(arrays: Arrays) -> Arrays:
    """The weights after the last epoch of a recording, by name."""
    prefix = f"after_epoch_{len(arrays['features']) - 1}."
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name, default in asdict(Config()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    given = vars(parser.parse_args())
    out = given.pop("out")
    np.savez_compressed(out, **record(Config(**given)))  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
