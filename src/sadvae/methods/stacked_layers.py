"""The layers of many runs as one, in torch: affine.py with a leading dimension, a run each, and batches of products."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor

from sadvae.methods.affine import Affine
from sadvae.methods.buffer import Buffer
from sadvae.methods.sa_dvae import Trainer


class StackedAffine(Affine):
    """An Affine for each run: weights [run, outputs, inputs], biases [run, outputs], rows [run, n, inputs]."""

    def __call__(self, rows: Tensor) -> Tensor:
        """Rows [run, n, inputs] to [run, n, outputs]."""
        return torch.baddbmm(self.bias.unsqueeze(1), rows, self.weight.transpose(1, 2))

    def write_gradient(self, of_weight: Tensor, of_bias: Tensor | None, outputs: slice = slice(None)) -> None:
        """See Affine."""
        biases = [] if of_bias is None else [of_bias]
        if not self.pending:
            for gradient in (of_weight, *biases):
                gradient.zero_()
            return
        rows, gradient = self.all_pending()
        torch.bmm(gradient[..., outputs].transpose(1, 2), rows, out=of_weight)
        for of_bias in biases:
            torch.sum(gradient, 1, out=of_bias)


class StackedBuffer(Buffer):
    """Copies of the buffers of several runs, one below the other [run, count], on a device; one Adam moves all."""

    def __init__(self, buffers: Sequence[Buffer], device: torch.device) -> None:
        self.parameters = torch.stack([buffer.parameters for buffer in buffers]).to(device)
        self.gradient = torch.zeros_like(self.parameters)
        self.places = buffers[0].places
        self.layers = {name: StackedAffine(*place.of(self.parameters)) for name, place in self.places.items()}
        self.views = {name: place.of(self.gradient) for name, place in self.places.items()}
        self.optimiser = torch.optim.Adam(
            self._groups([buffer.adam.learning_rate for buffer in buffers]),
            betas=buffers[0].adam.betas,
            eps=buffers[0].adam.epsilon,
            fused=True,
            # So that its steps can be recorded (stacked_steps.py).
            capturable=device.type == "cuda",
        )

    def _groups(self, rates: Sequence[float]) -> list[dict[str, object]]:
        """Adam's groups of parameters: neighbours of one learning rate are one tensor."""
        groups: list[dict[str, object]] = []
        begin = 0
        for rate, same in groupby(rates):
            end = begin + len(list(same))
            part = self.parameters[begin:end]
            part.grad = self.gradient[begin:end]
            groups.append({"params": [part], "lr": rate})
            begin = end
        return groups

    def step(self) -> None:
        """See Buffer."""
        for name, layer in self.layers.items():
            layer.write_gradient(*self.views[name])
            layer.forget()
        self.optimiser.step()

    def give_back(self, buffers: Sequence[Buffer]) -> None:
        """Copy the parameters of each run into the buffer that they came from."""
        for buffer, found in zip(buffers, self.parameters.cpu(), strict=True):
            buffer.parameters.copy_(found)


class StackedTrainer(Trainer):
    """The trainers of several runs of one shape as one: its steps are those of Trainer, with a leading dimension.

    The trainers themselves do not move until `give_back`.
    """

    def __init__(self, trainers: Sequence[Trainer], device: torch.device) -> None:
        self.trainers = trainers
        self.settings, self.networks, self.widths = trainers[0].settings, trainers[0].networks, trainers[0].widths
        self.buffer = StackedBuffer([trainer.buffer for trainer in trainers], device)
        self.judge = StackedBuffer([trainer.judge for trainer in trainers], device)
        self.layers = self.buffer.layers
        self.nothing = torch.zeros(len(trainers), device=device)

    def give_back(self) -> None:
        """Put what was learnt into the trainers."""
        self.buffer.give_back([trainer.buffer for trainer in self.trainers])
        self.judge.give_back([trainer.judge for trainer in self.trainers])
