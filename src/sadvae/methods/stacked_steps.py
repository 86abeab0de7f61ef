"""The steps of stacked runs: one after the other, or on a GPU recorded once and played back without launch gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sadvae.methods.drawn import steps_discriminator
from sadvae.methods.losses import is_used
from sadvae.methods.schedules import Weights
from sadvae.methods.settings import SADVAESettings
from sadvae.methods.stacked_draws import StackedDrawn
from sadvae.methods.stacked_layers import StackedTrainer
from sadvae.methods.training import TrainingData


@dataclass(frozen=True, eq=False)
class StackedData:
    """The training data of stacked runs, on a device: one entry for neighbours that share them, with their number."""

    parts: tuple[tuple[TrainingData, int], ...]

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised features [run, n, d] and texts [run, n, e] of the rows [run, n] of each run."""
        chosen = rows.split([runs for _, runs in self.parts])
        found = [data.batch(some.reshape(-1)) for (data, _), some in zip(self.parts, chosen, strict=True)]
        skeleton, text = (torch.cat(tensors) for tensors in zip(*found, strict=True))
        return skeleton.unflatten(0, rows.shape), text.unflatten(0, rows.shape)


@dataclass(frozen=True, eq=False)
class StepInputs:
    """All that differs between steps: rows [run, n] of the batches, weights, and draws."""

    rows: Tensor
    weights: Weights
    drawn: tuple[Tensor, ...]

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors, in an order that steps of one kind share."""
        weights = [value for value in vars(self.weights).values() if isinstance(value, Tensor)]
        return [self.rows, *weights, *self.drawn]

    def copied(self) -> StepInputs:
        """The same in memory of its own."""
        own = {name: value.clone() for name, value in vars(self.weights).items() if isinstance(value, Tensor)}
        return StepInputs(self.rows.clone(), replace(self.weights, **own), tuple(one.clone() for one in self.drawn))


Step = Callable[[StepInputs, int], Tensor]
# Records what a call does, and gives back a call that does the same again on whatever its inputs then hold.
Record = Callable[[Callable[[], Tensor]], Callable[[], Tensor]]


def plain_steps(trainer: StackedTrainer, data: StackedData) -> Step:
    """A step of inputs in an iteration (from 0), which gives the terms [term, run] of the loss."""

    def step(inputs: StepInputs, iteration: int) -> Tensor:
        skeleton, text = data.batch(inputs.rows)
        terms = trainer.step(skeleton, text, inputs.weights, StackedDrawn(iter(inputs.drawn)), iteration)
        return torch.stack(list(vars(terms).values()))

    return step


class RecordedSteps:
    """Steps of one kind do the same operations, so each kind is recorded once and then played back.

    The first step of a kind is an ordinary one: it sets up what cannot be recorded, such as Adam's moments. What a step
    returns is overwritten by the next one.
    """

    def __init__(self, step: Step, settings: SADVAESettings, record: Record) -> None:
        self._step, self._settings, self._record = step, settings, record
        self._met: set[object] = set()
        self._recorded: dict[object, tuple[StepInputs, Callable[[], Tensor]]] = {}

    def __call__(self, inputs: StepInputs, iteration: int) -> Tensor:
        """See plain_steps."""
        kind = self._kind(inputs, iteration)
        if kind not in self._met:
            self._met.add(kind)
            return self._step(inputs, iteration)
        if kind not in self._recorded:
            own = inputs.copied()
            self._recorded[kind] = own, self._record(lambda: self._step(own, iteration))
        own, play = self._recorded[kind]
        for place, value in zip(own.tensors, inputs.tensors, strict=True):
            place.copy_(value)
        return play()

    def _kind(self, inputs: StepInputs, iteration: int) -> object:
        used = tuple(is_used(weight) for weight in vars(inputs.weights).values())
        return steps_discriminator(self._settings, iteration), used, inputs.rows.shape


def cuda_graphs() -> Record:
    """Recording as CUDA graphs that share their memory: none needs another one's once its result is added up."""
    pool = torch.cuda.graph_pool_handle()

    def record(run: Callable[[], Tensor]) -> Callable[[], Tensor]:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):
            result = run()

        def play() -> Tensor:
            graph.replay()
            return result

        return play

    return record
