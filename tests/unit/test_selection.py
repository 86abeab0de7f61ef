"""Selection rules pick what they say, and nothing but the oracle looks at test clips."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.evaluation.evaluate import calibrate_gate
from sadvae.evaluation.selection import (
    HeldOutClasses,
    LastStep,
    OracleTest,
    Selection,
    TrainedLevels,
    selection_by_name,
    train_levels,
    train_under_rules,
    zsl_accuracy,
)
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.gate import GATES, gate_to_json
from sadvae.methods.protocol import Method
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import published, sadvae
from sadvae.task import ZeroShotTask
from sadvae.types import FeatureSet

CURVE = st.lists(st.floats(0, 1), min_size=1, max_size=12)
QUICK: dict[str, Any] = {"latent": 6, "style": 2, "epochs": 3, "iterations_per_epoch": 8}
METHODS: dict[str, Method] = {
    "sadvae": SADVAE(sadvae(**QUICK)),
    "published": SADVAE(published(**QUICK, classifier_samples=5, classifier_steps=20)),
    "ridge": RidgeNearestText(),
}
HONEST: tuple[Selection, ...] = (LastStep(), HeldOutClasses())


@given(CURVE)
def test_rules_pick_what_they_say(curve: list[float]) -> None:
    epochs = len(curve)
    latest = max(i for i, value in enumerate(curve) if value == max(curve))
    noise = [1 - value for value in curve]
    assert LastStep().pick(noise, noise, epochs) == epochs - 1
    assert HeldOutClasses().pick(curve, noise, epochs) == latest
    assert OracleTest().pick(noise, curve, epochs) == latest


def test_rules_by_name() -> None:
    assert [selection_by_name(rule.name) for rule in (*HONEST, OracleTest())] == [*HONEST, OracleTest()]
    with pytest.raises(SadvaeError, match="unknown selection 'best'; expected one of last_step, held_out_classes"):
        selection_by_name("best")


def test_held_out_classes_needs_a_calibration_level() -> None:
    with pytest.raises(SadvaeError, match="needs a calibration level"):
        train_levels(METHODS["ridge"], replace(trivial_task(), calibration=None), 0, HeldOutClasses())


def test_accuracy_is_among_unseen_classes_alone() -> None:
    task = trivial_task()
    trained = RidgeNearestText().fit(task, 0)
    p = trained.unseen_probabilities(task.test_unseen.features, task.classes.of(task.split.unseen))
    right = [task.split.unseen[row.argmax()] == label for row, label in zip(p, task.test_unseen.labels, strict=True)]
    assert zsl_accuracy(trained, task) == pytest.approx(sum(right) / len(right))


def test_levels_carry_the_picked_epoch_of_both_trainings() -> None:
    task, heard = trivial_task(), []
    levels = train_levels(METHODS["sadvae"], task, 0, HeldOutClasses(), lambda epoch, _: heard.append(epoch))
    assert heard == [0, 1, 2]
    assert [entry["epoch"] for entry in levels.history] == [0, 1, 2]
    assert len(levels.held_out) == 3
    assert task.calibration is not None
    assert levels.calibration is not None
    assert zsl_accuracy(levels.calibration, task.calibration) == levels.held_out[levels.epoch] == max(levels.held_out)
    snapshots: list[Any] = []
    METHODS["sadvae"].fit(task, 0, lambda _e, snapshot, _l: snapshots.append(snapshot))
    assert_same_weights(levels.trained.weights(), snapshots[levels.epoch].weights())


def test_the_gate_level_is_of_the_picked_epoch_too() -> None:
    class First(LastStep):
        def pick(self, held_out: Any, test: Any, epochs: int) -> int:
            return 0

    task, lower = trivial_task(), []
    assert task.calibration is not None
    METHODS["sadvae"].fit(task.calibration, 0, lambda _e, snapshot, _l: lower.append(snapshot))
    levels = train_levels(METHODS["sadvae"], task, 0, First())
    assert levels.calibration is not None
    assert_same_weights(levels.calibration.weights(), lower[0].weights())


def test_fit_returns_what_the_last_epoch_showed_its_decision_included() -> None:
    seen: list[Any] = []
    final = METHODS["published"].fit(trivial_task(), 0, lambda _e, snapshot, _l: seen.append(snapshot))
    assert final.describe() == seen[-1].describe()
    assert_same_weights(final.weights(), seen[-1].weights())


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_several_rules_of_one_training_give_what_each_gives_alone(method: Method) -> None:
    task = trivial_task()
    rules = (*HONEST, OracleTest())
    found = train_under_rules(method, task, 0, rules)
    # A closed form has a single epoch, so that there is nothing to pick.
    assert list(found) == [rule.name for rule in (rules[:1] if method is METHODS["ridge"] else rules)]
    for rule in rules[: len(found)]:
        alone = train_levels(method, task, 0, rule)
        together = found[rule.name]
        assert (together.epoch, together.held_out) == (alone.epoch, alone.held_out)
        assert_same_weights(together.trained.weights(), alone.trained.weights())


class Trap:
    """Stands in for a test part: whoever looks at it, fails."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"test data were read: {name}")

    def __len__(self) -> int:
        raise AssertionError("test data were counted")


def trapped(task: ZeroShotTask) -> ZeroShotTask:
    """The task with traps in place of its test parts, set behind the back of its checks."""
    copy = replace(task)
    for part in ("test_seen", "test_unseen"):
        object.__setattr__(copy, part, Trap())
    return copy


def poisoned(task: ZeroShotTask) -> ZeroShotTask:
    """The task with random features, shuffled labels and no logits in its test parts, and other unseen texts."""
    rng = np.random.default_rng(0)

    def other(part: FeatureSet) -> FeatureSet:
        features = rng.normal(9, 9, part.features.shape).astype(np.float32)
        return replace(part, features=features, labels=rng.permutation(part.labels), seen_logits=None)

    vectors = task.classes.vectors.copy()
    vectors[np.isin(task.classes.ids, task.split.unseen)] *= -3
    classes = replace(task.classes, vectors=vectors)
    return replace(task, test_seen=other(task.test_seen), test_unseen=other(task.test_unseen), classes=classes)


def assert_same_weights(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def train(method: Method, task: ZeroShotTask, rule: Selection, gate: str) -> tuple[TrainedLevels, dict[str, Any]]:
    levels = train_levels(method, task, 0, rule)
    fitted = calibrate_gate(gate, levels, task, 0)
    assert fitted is not None
    return levels, gate_to_json(fitted)


@pytest.mark.parametrize("spoil", [trapped, poisoned])
@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("rule", HONEST, ids=lambda rule: rule.name)
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_training_selection_and_gate_never_read_test_data(
    method: Method, rule: Selection, gate: str, spoil: Any
) -> None:
    sound, sound_gate = train(method, trivial_task(), rule, gate)
    spoilt, spoilt_gate = train(method, spoil(trivial_task()), rule, gate)
    assert_same_weights(sound.trained.weights(), spoilt.trained.weights())
    assert sound.calibration is not None
    assert spoilt.calibration is not None
    assert_same_weights(sound.calibration.weights(), spoilt.calibration.weights())
    assert (sound.epoch, sound.held_out) == (spoilt.epoch, spoilt.held_out)
    assert sound_gate == spoilt_gate


def test_the_oracle_does_read_test_data_so_the_trap_works() -> None:
    with pytest.raises(AssertionError, match="test data were read"):
        train_levels(METHODS["ridge"], trapped(trivial_task()), 0, OracleTest())


def test_without_calibration_or_logits_there_is_no_gate() -> None:
    task = trivial_task()
    alone = replace(task, calibration=None)
    assert calibrate_gate("max_probability", train_levels(METHODS["ridge"], alone, 0, LastStep()), alone, 0) is None
    assert task.calibration is not None
    mute = replace(task.calibration, test_seen=replace(task.calibration.test_seen, seen_logits=None))
    silent = replace(task, calibration=mute)
    assert calibrate_gate("max_probability", train_levels(METHODS["ridge"], silent, 0, LastStep()), silent, 0) is None
