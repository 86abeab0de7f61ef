"""Many runs at once: SA-DVAE with other seeds, splits and settings of equal shape, trained as one stacked model.

Every run takes the draws that it would take alone, and its result is that of SADVAE.fit to rounding. On a GPU, where a
single run's kernels are too small to keep it busy, this is the way to train many. On a CPU it gains nothing over one
process a core, as `sadvae bench` has it.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import torch
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.methods.sa_dvae import Trainer, decision_seed, epoch_order, named_means, new_training, raw_data
from sadvae.methods.stacked_blocks import Blocks
from sadvae.methods.stacked_draws import StackedDraws
from sadvae.methods.stacked_layers import StackedTrainer
from sadvae.methods.stacked_shape import (
    RunShape,
    StackedRun,
    check_equal_shapes,
    device_bytes,
    host_bytes,
    parts_that_fit,
)
from sadvae.methods.stacked_steps import (
    RecordedSteps,
    StackedData,
    Step,
    cuda_graphs,
    plain_steps,
)
from sadvae.methods.trained_sa_dvae import TrainedSADVAE
from sadvae.methods.training import TrainingData

__all__ = ["Stack", "StackedRun", "fit_stacked", "free_bytes", "known_device"]

# Hears the number of a run, an epoch, the trained snapshot and its mean loss terms.
WatchRuns = Callable[[int, int, TrainedSADVAE, dict[str, float]], None]
# The share of free memory that a stack may take.
_SHARE = 0.7


def fit_stacked(
    runs: Sequence[StackedRun], device: str = "cpu", budget: int | None = None, watch: WatchRuns | None = None
) -> list[TrainedSADVAE]:
    """Train runs of equal shape as one; the trained methods in the order of the runs.

    device: "cpu", or "cuda" with a number or without. budget: bytes on the device that training may take (default: most
    of what is free); the stack splits itself into parts that fit. watch: hears every run after each epoch.
    Raises SadvaeError where shapes differ, a run does not fit, or a loss stops being a number.
    """
    where = known_device(device)
    trained: dict[int, TrainedSADVAE] = {}
    for numbers in _parts(runs, where, budget) if runs else ():
        found = Stack([runs[number] for number in numbers], numbers, where).train(watch)
        trained |= dict(zip(numbers, found, strict=True))
    return [trained[number] for number in range(len(runs))]


def _parts(runs: Sequence[StackedRun], device: torch.device, budget: int | None) -> list[list[int]]:
    """The numbers of the runs that train together.

    Neighbours share what they can: one copy of the data of a task, one pass of Adam for a learning rate.
    """
    shapes = [RunShape.of(run) for run in runs]
    check_equal_shapes(shapes)
    tasks = list({id(run.task): None for run in runs})
    order = sorted(range(len(runs)), key=lambda n: (tasks.index(id(runs[n].task)), runs[n].settings.learning_rate))
    each = device_bytes(shapes[0]) + (host_bytes(shapes[0]) if device.type == "cpu" else 0)
    data, last = [], None
    for number in order:
        task = runs[number].task
        # On a CPU the data stay where the task has them.
        data.append(
            0 if device.type == "cpu" or task is last else task.train.features.nbytes + task.train.labels.nbytes
        )
        last = task
    room = free_bytes(device) if budget is None else budget
    return [order[part] for part in parts_that_fit(each, data, room)]


def free_bytes(device: torch.device) -> int:
    """How much memory a stack may take on a device: most of what is free now."""
    if device.type == "cuda":
        return int(_SHARE * torch.cuda.mem_get_info(device)[0])
    known = Path("/proc/meminfo")
    lines = known.read_text(encoding="ascii").splitlines() if known.is_file() else []
    free = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return int(_SHARE * (free[0] if free else os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2))


def known_device(name: str) -> torch.device:
    """The device of a name. Raises SadvaeError for one that is neither cpu nor cuda, or not there."""
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SadvaeError(f"unknown device {name!r}; expected cpu or cuda.") from error
    if device.type not in ("cpu", "cuda"):
        raise SadvaeError(f"stacked runs train on cpu or cuda, not on {name!r}.")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SadvaeError("this torch finds no GPU; take device cpu, or install a torch with CUDA.")
    return device


@dataclass(frozen=True, eq=False)
class _Member:
    """One run: its own trainer, which holds its start and in the end its result, and its own draws."""

    run: StackedRun
    trainer: Trainer
    data: TrainingData
    weights: Callable[[], dict[str, Tensor]]
    generator: torch.Generator

    def snapshot(self, epoch: int) -> TrainedSADVAE:
        """See TrainedSADVAE.of."""
        return TrainedSADVAE.of(self.run.settings, self.weights(), decision_seed(self.run.seed, epoch))


def _members(runs: Sequence[StackedRun], numbers: Sequence[int]) -> list[_Member]:
    """Runs as they start; neighbours of one task share its data and their statistics.

    Raises SadvaeError where the texts of one span fewer dimensions than those of another.
    """
    members: list[_Member] = []
    raw, last = None, None
    for run, number in zip(runs, numbers, strict=True):
        if raw is None or last is None or last.run.task is not run.task:
            raw, last = raw_data(run.task), None
        generator = torch.Generator().manual_seed(run.seed)
        like = None if last is None else last.trainer.networks
        trainer, data, weights = new_training(raw, run.settings, generator, like)
        last = _Member(run, trainer, data if last is None else last.data, weights, generator)
        members.append(last)
        width, first = (member.data.classes.shape[1] for member in (last, members[0]))
        if width != first:
            raise SadvaeError(
                f"the training texts of run {number} span {width} dimensions, those of run {numbers[0]} {first}; fit "
                'them apart, or with text_space "full".'
            )
    return members


def _on_device(members: Sequence[_Member], device: torch.device) -> StackedData:
    parts = []
    for _, same in groupby(members, key=lambda member: id(member.data)):
        found = list(same)
        data = found[0].data
        scaling = None if data.scaling is None else copy.deepcopy(data.scaling).to(device)
        skeleton, columns, classes = (tensor.to(device) for tensor in (data.skeleton, data.columns, data.classes))
        parts.append((TrainingData(skeleton, columns, classes, scaling), len(found)))
    return StackedData(tuple(parts))


class Stack:
    """Runs of one shape that train together on a device, all of them in memory; what fit_stacked works with.

    numbers: of the runs, for sentences and for those who watch.
    """

    def __init__(self, runs: Sequence[StackedRun], numbers: Sequence[int], device: torch.device) -> None:
        self.numbers, self.device = numbers, device
        self.members = _members(runs, numbers)
        self.trainer = StackedTrainer([member.trainer for member in self.members], device)
        step = plain_steps(self.trainer, _on_device(self.members, device))
        on_gpu = device.type == "cuda"
        self.step: Step = RecordedSteps(step, self.trainer.settings, cuda_graphs()) if on_gpu else step
        # Threads end with the stack.
        threads = ThreadPoolExecutor() if on_gpu else None
        settings = [member.run.settings for member in self.members]
        kinds = list(dict.fromkeys(settings))
        generators = [member.generator for member in self.members]
        dtype = self.trainer.buffer.parameters.dtype
        draws = StackedDraws(kinds, [kinds.index(own) for own in settings], generators, dtype, device, threads)
        self.blocks = Blocks(draws)

    def train(self, watch: WatchRuns | None) -> list[TrainedSADVAE]:
        """Train all epochs; the trained methods in the order of the runs."""
        epochs = self.trainer.settings.epochs
        for epoch in range(epochs):
            means = self.epoch(epoch)
            if watch is not None:
                self._tell(watch, epoch, means)
        self.trainer.give_back()
        return [member.snapshot(epochs - 1) for member in self.members]

    def epoch(self, epoch: int) -> list[dict[str, float]]:
        """One epoch (from 0); mean loss terms of every run. Raises SadvaeError where a loss is not a number."""
        orders = torch.stack([epoch_order(len(m.data.columns), m.run.settings, m.generator) for m in self.members])
        sums, steps = torch.zeros((), device=self.device), 0
        for iteration, inputs in enumerate(self.blocks.of_epoch(epoch, orders)):
            sums, steps = sums + self.step(inputs, iteration), iteration + 1
        return [
            named_means(means, epoch, member.run.settings, f"run {number}")
            for means, member, number in zip((sums / steps).T.tolist(), self.members, self.numbers, strict=True)
        ]

    def _tell(self, watch: WatchRuns, epoch: int, means: Sequence[dict[str, float]]) -> None:
        self.trainer.give_back()
        for number, member, losses in zip(self.numbers, self.members, means, strict=True):
            watch(number, epoch, member.snapshot(epoch), losses)
