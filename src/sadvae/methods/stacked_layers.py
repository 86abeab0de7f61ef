"""The layers of many runs as one: affine.py with a leading dimension, a run each, and products in batches of runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor

from sadvae.methods.affine import Affine, Buffer
from sadvae.methods.sa_dvae import Trainer, adam


class StackedAffine(Affine):
    """An Affine for each run: weights [run, outputs, inputs], biases [run, outputs], rows [run, n, inputs]."""

    def __call__(self, rows: Tensor) -> Tensor:
        """Rows [run, n, inputs] to [run, n, outputs]."""
        return torch.baddbmm(self.bias.unsqueeze(1), rows, self.weight.transpose(1, 2))

    def learn(self, rows: Tensor, gradient: Tensor) -> None:
        """Add to the layers' gradients what their outputs' gradients [run, n, outputs] give at their rows."""
        beta = 1 if self.begun else 0
        torch.baddbmm(self.weight_gradient, gradient.transpose(1, 2), rows, beta=beta, out=self.weight_gradient)
        if self.begun:
            self.bias_gradient.add_(gradient.sum(1))
        else:
            torch.sum(gradient, 1, out=self.bias_gradient)
        self.begun = True

    def back(self, gradient: Tensor) -> Tensor:
        """The gradients of the rows [run, n, inputs] from the outputs' [run, n, outputs]."""
        return torch.bmm(gradient, self.weight)


class StackedBuffer(Buffer):
    """Copies of the buffers of several runs, one below the other [run, count], on a device."""

    def __init__(self, buffers: Sequence[Buffer], device: torch.device) -> None:
        self.parameters = torch.stack([buffer.parameters for buffer in buffers]).to(device)
        self.parameters.grad = torch.zeros_like(self.parameters)
        self.layers = {name: self._stacked(layer) for name, layer in buffers[0].layers.items()}

    def _stacked(self, layer: Affine) -> StackedAffine:
        assert self.parameters.grad is not None
        (weight, bias), (weight_gradient, bias_gradient) = (
            [
                flat[:, part.storage_offset() :][:, : part.numel()].unflatten(1, part.shape)
                for part in (layer.weight, layer.bias)
            ]
            for flat in (self.parameters, self.parameters.grad)
        )
        return StackedAffine(weight, bias, weight_gradient, bias_gradient)

    def groups(self, rates: Sequence[float]) -> list[dict[str, object]]:
        """Adam's groups of parameters: neighbours of one learning rate are one tensor."""
        assert self.parameters.grad is not None
        groups: list[dict[str, object]] = []
        begin = 0
        for rate, same in groupby(rates):
            end = begin + len(list(same))
            part = self.parameters[begin:end]
            part.grad = self.parameters.grad[begin:end]
            groups.append({"params": [part], "lr": rate})
            begin = end
        return groups

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
        rates = [trainer.settings.learning_rate for trainer in trainers]
        self.buffer = StackedBuffer([trainer.buffer for trainer in trainers], device)
        self.judge = StackedBuffer([trainer.judge for trainer in trainers], device)
        self.layers = self.buffer.layers
        self.autoencoder_optimiser = adam(self.buffer.groups(rates), rates[0])
        self.discriminator_optimiser = adam(self.judge.groups(rates), rates[0])
        self.nothing = torch.zeros(len(trainers), device=device)

    def give_back(self) -> None:
        """Put what was learnt into the trainers."""
        self.buffer.give_back([trainer.buffer for trainer in self.trainers])
        self.judge.give_back([trainer.judge for trainer in self.trainers])
