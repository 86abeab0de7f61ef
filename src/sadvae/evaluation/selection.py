"""Rules that pick the epoch whose weights count: by name, so that every table can say which one was used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.evaluation.metrics import accuracy
from sadvae.methods.protocol import Method, Trained, class_vectors
from sadvae.task import ZeroShotTask

EpochCallback = Callable[[int, dict[str, float]], None]


class Selection(Protocol):
    """A rule that picks an epoch (0-based) from accuracies; `needs` says which curve it reads."""

    @property
    def name(self) -> str: ...

    def pick(self, held_out: Sequence[float], test: Sequence[float], epochs: int) -> int:
        """The epoch, from ZSL accuracies by epoch on held-out classes and on the test's unseen classes."""
        ...


@dataclass(frozen=True)
class LastStep:
    """The last epoch: nothing is picked."""

    name: str = "last_step"

    def pick(self, held_out: Sequence[float], test: Sequence[float], epochs: int) -> int:
        """The last epoch."""
        return epochs - 1


@dataclass(frozen=True)
class HeldOutClasses:
    """The epoch that is best on the calibration level's held-out classes; the latest of equals."""

    name: str = "held_out_classes"

    def pick(self, held_out: Sequence[float], test: Sequence[float], epochs: int) -> int:
        """The best epoch on held-out classes. Raises SadvaeError where there is no calibration level."""
        if not held_out:
            raise SadvaeError("selection held_out_classes needs a calibration level; hold out some seen classes.")
        return _latest_best(held_out)


@dataclass(frozen=True)
class OracleTest:
    """The epoch that is best on the unseen test set, as published numbers have it: an oracle, not a result."""

    name: str = "oracle_test"

    def pick(self, held_out: Sequence[float], test: Sequence[float], epochs: int) -> int:
        """The best epoch on the test set."""
        return _latest_best(test)


def _latest_best(curve: Sequence[float]) -> int:
    values = np.asarray(curve)
    return int(np.flatnonzero(values == values.max())[-1])


def selection_by_name(name: str) -> Selection:
    """The rule of that name. Raises SadvaeError for any other."""
    rules: tuple[Selection, ...] = (LastStep(), HeldOutClasses(), OracleTest())
    for rule in rules:
        if rule.name == name:
            return rule
    raise SadvaeError(f"unknown selection {name!r}; expected one of {', '.join(rule.name for rule in rules)}.")


@dataclass(frozen=True)
class TrainedLevels:
    """A method trained on a task and, where there is one, on its calibration level.

    epoch: the picked one (0-based). held_out: ZSL accuracy on the held-out classes by epoch (empty without
    calibration). history: mean loss terms by epoch of the main training.
    """

    trained: Trained
    calibration: Trained | None
    epoch: int
    held_out: list[float]
    history: list[dict[str, float]]


def zsl_accuracy(trained: Trained, task: ZeroShotTask) -> float:
    """The accuracy on the unseen test clips when the unseen classes are the only candidates, as a fraction."""
    unseen = np.asarray(task.split.unseen)
    texts = class_vectors(trained, task.classes, task.split.unseen)
    probabilities = trained.unseen_probabilities(task.test_unseen.features, texts)
    return accuracy(task.test_unseen.labels, unseen[probabilities.argmax(axis=1)])


def train_levels(
    method: Method, task: ZeroShotTask, seed: int, selection: Selection, on_epoch: EpochCallback | None = None
) -> TrainedLevels:
    """Train a method on a task and its calibration level, and keep the epoch that the selection rule picks.

    Test clips are looked at during training only by OracleTest.
    """
    return train_under_rules(method, task, seed, (selection,), on_epoch)[selection.name]


def train_under_rules(
    method: Method,
    task: ZeroShotTask,
    seed: int,
    selections: Sequence[Selection],
    on_epoch: EpochCallback | None = None,
) -> dict[str, TrainedLevels]:
    """As train_levels, under several rules by name: the method trains once, and each rule picks an epoch of that.

    A method of a single epoch leaves nothing to pick, so it comes under the first rule alone.
    """
    watches_test = any(rule.name == OracleTest.name for rule in selections)
    lower = _fit(method, task.calibration, seed, keep_curve=True) if task.calibration else None
    main = _fit(method, task, seed, keep_curve=watches_test, on_epoch=on_epoch)
    rules = selections if len(main.snapshots) > 1 else selections[:1]
    return {rule.name: _picked(rule, main, lower) for rule in rules}


def _picked(rule: Selection, main: _Fit, lower: _Fit | None) -> TrainedLevels:
    held_out = lower.curve if lower else []
    epoch = rule.pick(held_out, main.curve, len(main.snapshots))
    calibration = lower.snapshots[min(epoch, len(lower.snapshots) - 1)] if lower else None
    return TrainedLevels(main.snapshots[epoch], calibration, epoch, held_out, main.history)


@dataclass(frozen=True)
class _Fit:
    snapshots: list[Trained]
    curve: list[float]
    history: list[dict[str, float]]


def _fit(
    method: Method, task: ZeroShotTask, seed: int, *, keep_curve: bool, on_epoch: EpochCallback | None = None
) -> _Fit:
    kept = _Fit([], [], [])

    def watch(epoch: int, trained: Trained, losses: dict[str, float]) -> None:
        kept.snapshots.append(trained)
        kept.history.append({"epoch": float(epoch), **losses})
        if keep_curve:
            kept.curve.append(zsl_accuracy(trained, task))
        if on_epoch:
            on_epoch(epoch, losses)

    final = method.fit(task, seed, watch)
    if not kept.snapshots:
        watch(0, final, {})
    return kept
