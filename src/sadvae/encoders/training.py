"""The state of one pretraining: network, optimiser and the moving average of weights; one method call is one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sadvae.encoders.architectures import Network
from sadvae.encoders.batch_statistics import SharedStatistics
from sadvae.encoders.fusion import sum_of_losses
from sadvae.encoders.network import EncoderOutput
from sadvae.encoders.optimiser import learning_rate, new_optimiser
from sadvae.encoders.precision import Numbers, compiled, forward_pass, numbers
from sadvae.encoders.processes import ALONE, Processes
from sadvae.encoders.samples import Batch
from sadvae.encoders.settings import EncoderSettings
from sadvae.errors import SadvaeError


class Training:
    """A network that learns step by step, `iterations` an epoch, and `averaged`: the same with averaged weights."""

    def __init__(
        self, network: Network, settings: EncoderSettings, iterations: int, processes: Processes = ALONE
    ) -> None:
        self.network, self.settings, self.iterations, self.processes = network.train(), settings, iterations, processes
        self.numbers: Numbers = numbers(settings, processes.device)
        self.averaged = deepcopy(network).eval().requires_grad_(False)
        self.optimiser = new_optimiser(network, settings)
        self.steps = 0
        self._forward = _forward(network, settings, processes)

    def step(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """One step on a batch of bodies; returns its mean loss and the number of right answers, of all processes."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.settings, self.steps, self.iterations)
        self.optimiser.zero_grad()
        shared = SharedStatistics() if self.processes.count > 1 else nullcontext()
        with shared, forward_pass(self.numbers, self.processes.device):
            output = self._forward(batch.streams, batch.clip_of_body, len(batch.labels))
        loss = sum_of_losses(output, batch.labels, self.settings.label_smoothing) * (len(batch.labels) / batch.whole)
        # Gradients are averaged over processes, and the loss of the whole batch is a sum over them.
        (loss * self.processes.count).backward()
        self.optimiser.step()
        self.steps += 1
        self._average()
        right = (output.logits.argmax(1) == batch.labels).sum()
        found = self.processes.total(torch.stack([loss.detach(), right.to(loss.dtype)]))
        return found[0], found[1]

    def right(self, batch: Batch) -> Tensor:
        """How many clips of a batch the averaged weights name rightly, in all processes."""
        if not len(batch.labels):
            return self.processes.total(torch.zeros((), dtype=torch.int64, device=self.processes.device))
        with torch.no_grad():
            logits = self.averaged(batch.streams, batch.clip_of_body, len(batch.labels)).logits
        return self.processes.total((logits.argmax(1) == batch.labels).sum())

    def _average(self) -> None:
        decay = self.settings.averaging ** (1 / self.iterations) if self.settings.averaging else 0.0
        average = self.averaged.state_dict()
        for name, tensor in self.network.state_dict().items():
            if tensor.is_floating_point():
                average[name].lerp_(tensor, 1 - decay)
            else:
                average[name].copy_(tensor)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {
            "network": self.network.state_dict(),
            "average": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state_dict() of an equal training."""
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps = int(state["steps"])


def _forward(network: Network, settings: EncoderSettings, processes: Processes) -> Callable[..., EncoderOutput]:
    """The network as it is called in training: in step with other processes, or compiled."""
    if processes.count == 1:
        return compiled(network, processes.device) if settings.compile else network
    if settings.compile:
        raise SadvaeError("compile works in a single process; leave it out under torchrun.")
    return nn.parallel.DistributedDataParallel(network)


@contextmanager
def seeded(*seed: int, rank: int = 0) -> Iterator[torch.Generator]:
    """A generator of that seed, and torch's own generators (dropout, initial weights) seeded with it in the block.

    What follows in an epoch depends on these numbers alone, so a resumed training draws what an unbroken one draws.
    Processes share the generator; those of another rank than 0 get a seed of their own for torch's.
    """
    value = _value(*seed)
    devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else ()
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(_value(*seed, rank) if rank else value)
        yield torch.Generator().manual_seed(value)


def _value(*seed: int) -> int:
    return int(np.random.SeedSequence([abs(s) for s in seed]).generate_state(1)[0])
