"""The state of one pretraining: network, optimiser and the moving average of weights; one method call is one step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sadvae.encoders.architectures import Network
from sadvae.encoders.fusion import sum_of_losses
from sadvae.encoders.settings import EncoderSettings


class Training:
    """AdamW with a warm-up and a cosine down to zero (Loshchilov and Hutter 2017, 2019), over `iterations` an epoch."""

    def __init__(self, network: Network, settings: EncoderSettings, iterations: int) -> None:
        self.network, self.settings, self.iterations = network.train(), settings, iterations
        self.steps = 0
        self.average = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        decays = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]
        groups = [{"params": decays, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate)

    def step(self, streams: Tensor, clip_of_body: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One step on a batch of bodies; returns its loss and the number of right answers."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate()
        self.optimiser.zero_grad()
        output = self.network(streams, clip_of_body, len(labels))
        loss = sum_of_losses(output, labels, self.settings.label_smoothing)
        loss.backward()
        self.optimiser.step()
        self.steps += 1
        self._average()
        return loss.detach(), (output.logits.argmax(1) == labels).sum()

    def learning_rate(self) -> float:
        """The rate of the next step."""
        total = self.settings.epochs * self.iterations
        warm = self.settings.warm_up * total
        if self.steps < warm:
            return self.settings.learning_rate * (self.steps + 1) / warm
        return self.settings.learning_rate * (1 + math.cos(math.pi * (self.steps - warm) / max(total - warm, 1))) / 2

    def _average(self) -> None:
        decay = self.settings.averaging ** (1 / self.iterations) if self.settings.averaging else 0.0
        for name, tensor in self.network.state_dict().items():
            if tensor.is_floating_point():
                self.average[name].lerp_(tensor, 1 - decay)
            else:
                self.average[name].copy_(tensor)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state_dict() of an equal training."""
        self.network.load_state_dict(state["network"])
        self.average = {name: tensor.clone() for name, tensor in state["average"].items()}
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps = int(state["steps"])


@contextmanager
def seeded(*seed: int) -> Iterator[torch.Generator]:
    """A generator of that seed, and torch's own generator (dropout, initial weights) seeded with it in the block.

    What follows in an epoch depends on these numbers alone, so a resumed training draws what an unbroken one draws.
    """
    value = int(np.random.SeedSequence([abs(s) for s in seed]).generate_state(1)[0])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(value)
        yield torch.Generator().manual_seed(value)
