"""Trainings done ahead as stacks, and the method that plays them back where it is fitted.

So whoever fits and scores one method after the other need not know that some of them trained together.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sadvae.errors import SadvaeError
from sadvae.methods.protocol import Method, Trained, Watch
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import SADVAESettings
from sadvae.methods.stacked import StackedRun, fit_stacked
from sadvae.methods.stacked_shape import RunShape
from sadvae.task import ZeroShotTask

# Hears epochs done and in all, over all trainings.
Hear = Callable[[int, int], None]
_Key = tuple[int, SADVAESettings, int]


@dataclass(frozen=True, eq=False)
class _Training:
    """The snapshots and mean loss terms after each epoch. task: kept, as its identity is part of the key."""

    task: ZeroShotTask
    epochs: list[tuple[Trained, dict[str, float]]]
    seconds: float


class TrainedAhead:
    """Trainings that were done before anybody asks for them.

    device, budget: see fit_stacked.
    """

    def __init__(self, device: str = "cpu", budget: int | None = None) -> None:
        self._device, self._budget = device, budget
        self._found: dict[_Key, _Training] = {}

    def train(self, runs: Sequence[StackedRun], hear: Hear) -> list[str]:
        """Train runs of equal shape together, each once; a sentence for each stack that failed.

        A run of a shape of its own, and the runs of a stack that failed, are left to train where they are fitted: there
        the one that fails is named.
        """
        shapes: dict[RunShape, list[StackedRun]] = {}
        for run in {_key(run.task, run.settings, run.seed): run for run in runs}.values():
            shapes.setdefault(RunShape.of(run), []).append(run)
        stacks = [stack for stack in shapes.values() if len(stack) > 1]
        total = sum(run.settings.epochs for stack in stacks for run in stack)
        done = itertools.count(1)
        return [
            f"{len(stack)} trainings do not train together, and are done one by one: {error}"
            for stack in stacks
            if (error := self._train(stack, lambda: hear(next(done), total)))
        ]

    def _train(self, stack: Sequence[StackedRun], hear: Callable[[], None]) -> SadvaeError | None:
        epochs: list[list[tuple[Trained, dict[str, float]]]] = [[] for _ in stack]
        start = time.perf_counter()

        def watch(number: int, epoch: int, trained: Trained, losses: dict[str, float]) -> None:
            epochs[number].append((trained, losses))
            hear()

        try:
            fit_stacked(stack, self._device, self._budget, watch)
        except SadvaeError as error:
            return error
        seconds = (time.perf_counter() - start) / len(stack)
        for run, found in zip(stack, epochs, strict=True):
            self._found[_key(run.task, run.settings, run.seed)] = _Training(run.task, found, seconds)
        return None

    def seconds(self, runs: Sequence[StackedRun]) -> float:
        """The runs' shares of the time of the stacks that they trained in."""
        keys = {_key(run.task, run.settings, run.seed) for run in runs}
        return sum(self._found[key].seconds for key in keys if key in self._found)

    def method(self, method: Method) -> Method:
        """A method that gives what was trained ahead, and trains what was not."""
        return _PlayedBack(method, self._found) if isinstance(method, SADVAE) else method


@dataclass(frozen=True, eq=False)
class _PlayedBack:
    method: SADVAE
    found: dict[_Key, _Training]

    @property
    def name(self) -> str:
        return self.method.name

    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> Trained:
        """See Method."""
        training = self.found.get(_key(task, self.method.settings, seed))
        if training is None:
            return self.method.fit(task, seed, watch)
        for epoch, (trained, losses) in enumerate(training.epochs):
            if watch is not None:
                watch(epoch, trained, losses)
        return training.epochs[-1][0]


def _key(task: ZeroShotTask, settings: SADVAESettings, seed: int) -> _Key:
    return id(task), settings, seed
