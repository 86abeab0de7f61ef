"""The inputs of stacked steps: rows, weights and draws, made on the CPU for several steps and sent to a device at once.

So nothing waits for a GPU: it works on the steps of one block while the CPU makes the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

import torch
from torch import Tensor

from sadvae.methods.drawn import noise_width, step_needs
from sadvae.methods.schedules import Weights, weights_at
from sadvae.methods.stacked_draws import StackedDraws, sent
from sadvae.methods.stacked_steps import StepInputs

# Of a block: at most so many steps, and about so many numbers.
_STEPS, _NUMBERS = 100, 2**22


@dataclass(frozen=True, eq=False)
class Blocks:
    """Makes the inputs of runs whose draws these are, on the device of the draws."""

    draws: StackedDraws

    def of_epoch(self, epoch: int, orders: Tensor) -> Iterator[StepInputs]:
        """The inputs of every step of an epoch (from 0); orders: int64 [run, clip], the rows as each run takes them."""
        size = self.draws.kinds[0].batch_size
        rows = orders.split(size, 1)
        weights = [[weights_at(kind, epoch, i, len(rows)) for i in range(len(rows))] for kind in self.draws.kinds]
        length = self._length(size)
        for first in range(0, len(rows), length):
            steps = range(first, min(first + length, len(rows)))
            yield from self._block(rows[first : steps.stop], [own[first : steps.stop] for own in weights], steps)

    def _length(self, clips: int) -> int:
        """How many steps make a block."""
        settings, runs = self.draws.kinds[0], len(self.draws.generators)
        numbers = runs * clips * noise_width(settings, self.draws.wide)
        return max(1, min(_STEPS, _NUMBERS // numbers))

    def _block(self, rows: Sequence[Tensor], weights: list[list[Weights]], steps: range) -> Iterator[StepInputs]:
        draws, clips = self.draws, [one.shape[1] for one in rows]
        needs = [
            [step_needs(kind, weight, step) for weight, step in zip(own, steps, strict=True)]
            for kind, own in zip(draws.kinds, weights, strict=True)
        ]
        drawn = draws.take(needs, clips).on(draws.device)
        chosen = sent(torch.cat(list(rows), 1), draws.device).split(clips, 1)
        for inputs in zip(chosen, self._stacked(weights), drawn, strict=True):
            yield StepInputs(*inputs)

    def _stacked(self, weights: list[list[Weights]]) -> list[Weights]:
        """Of every step, the weights of all runs: tensors [run], or 0 where all are 0. weights: by kind and step."""
        table = torch.tensor([[astuple(weight) for weight in own] for own in weights], dtype=torch.float64)
        used = (table != 0).any(0).tolist()
        by_run = table[list(self.draws.of_run)].permute(1, 2, 0).to(self.draws.dtype).contiguous()
        return [
            Weights(*(values if any_run else 0.0 for values, any_run in zip(row.unbind(), some, strict=True)))
            for row, some in zip(sent(by_run, self.draws.device).unbind(), used, strict=True)
        ]
