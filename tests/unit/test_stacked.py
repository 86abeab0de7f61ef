"""Many runs trained as one, against each of them trained alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods import stacked, stacked_blocks
from sadvae.methods.protocol import Trained
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import SADVAESettings, paper, published, sadvae
from sadvae.methods.stacked import StackedRun, fit_stacked
from sadvae.methods.stacked_draws import StackedDraws, Taken
from sadvae.methods.stacked_layers import StackedTrainer
from sadvae.methods.stacked_shape import RunShape, device_bytes, host_bytes, parts_that_fit
from sadvae.methods.stacked_steps import RecordedSteps
from sadvae.task import ZeroShotTask

SMALL: dict[str, Any] = {"latent": 12, "style": 3, "epochs": 3, "iterations_per_epoch": 30, "batch_size": 16}
# The first split is that of the first two runs, which share its data.
RUNS: list[tuple[int, int, dict[str, Any]]] = [
    (0, 5, {}),
    (0, 6, {"learning_rate": 3e-3}),
    (1, 5, {"noise": "per_sample", "cross_weight": 0.5, "learning_rate": 3e-3}),
    (0, 7, {"kl_weight": 0.0, "total_correlation_weight": 0.0, "schedule": "constant"}),
]
PRESETS = pytest.mark.parametrize("preset", [sadvae, published, paper])


def as_doubles(task: ZeroShotTask) -> ZeroShotTask:
    parts = {
        name: replace(part, features=part.features.astype(np.float64))
        for name, part in zip(("train", "test_seen", "test_unseen"), task.parts, strict=True)
    }
    return replace(task, **parts, classes=replace(task.classes, vectors=task.classes.vectors.astype(np.float64)))


@pytest.fixture
def doubles() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def some_runs(preset: Any, *, double: bool = False, **changes: Any) -> list[StackedRun]:
    tasks = [as_doubles(trivial_task(n)) if double else trivial_task(n) for n in range(2)]
    return [StackedRun(tasks[n], preset(**(SMALL | changes | own)), seed) for n, seed, own in RUNS]


def check(runs: list[StackedRun], found: list[Any], heard: list[tuple[int, int, float]], tolerance: float) -> None:
    """Weights and losses of all runs are those of separate trainings."""
    for number, (run, trained) in enumerate(zip(runs, found, strict=True)):
        losses: list[float] = []

        def watch(epoch: int, snapshot: Trained, terms: dict[str, float], losses: list[float] = losses) -> None:
            losses.append(terms["total"])

        alone = SADVAE(run.settings).fit(run.task, run.seed, watch)
        assert [(n, epoch) for n, epoch, _ in heard if n == number] == [(number, e) for e in range(len(losses))]
        assert [loss for n, _, loss in heard if n == number] == pytest.approx(losses, rel=tolerance, abs=tolerance)
        assert (trained.seed, trained.settings) == (alone.seed, alone.settings)
        for name, weight in alone.weights().items():
            torch.testing.assert_close(trained.weights()[name], weight, rtol=tolerance, atol=tolerance)


def fitted(runs: list[StackedRun], **how: Any) -> tuple[list[Any], list[tuple[int, int, float]]]:
    heard: list[tuple[int, int, float]] = []
    return fit_stacked(runs, watch=lambda n, epoch, _, terms: heard.append((n, epoch, terms["total"])), **how), heard


@PRESETS
def test_a_stack_gives_what_separate_trainings_give(preset: Any) -> None:
    runs = some_runs(preset, epochs=4)
    check(runs, *fitted(runs), tolerance=1e-5)


@PRESETS
@pytest.mark.usefixtures("doubles")
def test_in_double_precision_too(preset: Any) -> None:
    runs = some_runs(preset, double=True)
    check(runs, *fitted(runs), tolerance=1e-10)


def test_the_last_batch_of_a_pass_may_be_smaller() -> None:
    runs = some_runs(sadvae, iterations_per_epoch=None, epochs=2)
    assert len(runs[0].task.train.labels) % 80
    runs = [replace(run, settings=run.settings.model_copy(update={"batch_size": 80})) for run in runs]
    check(runs, *fitted(runs), tolerance=1e-5)


@pytest.mark.parametrize("changes", [{"style": 0}, {"latent": 5}, {"batch_size": 7, "latent": 5, "style": 1}])
def test_draws_of_other_widths_are_those_of_separate_trainings(changes: dict[str, Any]) -> None:
    """Among them widths of which torch draws no whole groups, and none at all."""
    runs = some_runs(sadvae, **changes)
    check(runs, *fitted(runs), tolerance=1e-5)
    runs = some_runs(published, **changes)
    check(runs, *fitted(runs), tolerance=1e-5)


def test_blocks_of_any_length_give_the_same_training(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = some_runs(paper, iterations_per_epoch=None, epochs=2)
    whole = fit_stacked(runs)
    for steps, numbers in ((1, 2**22), (4, 2**22), (100, 1)):
        monkeypatch.setattr(stacked_blocks, "_STEPS", steps)
        monkeypatch.setattr(stacked_blocks, "_NUMBERS", numbers)
        for one, other in zip(whole, fit_stacked(runs), strict=True):
            assert all(torch.equal(weight, other.weights()[name]) for name, weight in one.weights().items())


def test_threads_draw_what_one_draws_in_turn() -> None:
    settings = sadvae(latent=256, style=8)

    def taken(threads: ThreadPoolExecutor | None) -> Taken:
        generators = [torch.Generator().manual_seed(seed) for seed in range(9)]
        draws = StackedDraws([settings], [0] * 9, generators, torch.float32, torch.device("cpu"), threads)
        return draws.take([[[256, 8, 256], [256, 8, 256, 256, 8, None, None]]], [32, 32])

    with ThreadPoolExecutor(4) as threads:
        one, other = taken(None), taken(threads)
    assert torch.equal(one.noise, other.noise)
    assert torch.equal(one.permutations, other.permutations)
    assert one.permutations.view(9, 2, 32).sort(-1).values.equal(torch.arange(32).expand(9, 2, 32))


def test_a_stack_that_does_not_fit_trains_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    class Counted(StackedTrainer):
        def __init__(self, trainers: list[Any], device: torch.device) -> None:
            sizes.append(len(trainers))
            super().__init__(trainers, device)

    monkeypatch.setattr(stacked, "StackedTrainer", Counted)
    runs = some_runs(sadvae, epochs=2)
    shape = RunShape.of(runs[0])
    each = device_bytes(shape) + host_bytes(shape)
    check(runs, *fitted(runs, budget=3 * each), tolerance=1e-5)
    assert sizes == [3, 1]
    with pytest.raises(SadvaeError, match="MiB are there; raise the budget"):
        fit_stacked(runs, budget=each - 1)


def test_parts_count_data_that_runs_share_once() -> None:
    def parts(data: list[int], budget: int) -> list[tuple[int, int]]:
        return [(part.start, part.stop) for part in parts_that_fit(10, data, budget)]

    assert parts([50, 0, 0, 0], 100) == [(0, 4)]
    assert parts([50, 0, 0, 0], 75) == [(0, 2), (2, 4)]
    assert parts([50, 0, 50, 0], 100) == [(0, 2), (2, 4)]
    assert parts([50, 0, 20, 0], 105) == [(0, 3), (3, 4)]
    with pytest.raises(SadvaeError, match="one run takes"):
        parts([5, 0, 50, 0], 59)


def test_recorded_steps_are_played_with_the_inputs_of_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, but a recording is the call itself: it sees only what was put into its own inputs."""
    recorded: list[int] = []

    def record(run: Any) -> Any:
        recorded.append(1)
        return run

    plain = stacked.plain_steps

    def recording(trainer: StackedTrainer, data: Any) -> RecordedSteps:
        return RecordedSteps(plain(trainer, data), trainer.settings, record)

    monkeypatch.setattr(stacked, "plain_steps", recording)
    runs = some_runs(published, iterations_per_epoch=None, epochs=4, learning_rate=3e-3)
    check(runs, *fitted(runs), tolerance=1e-5)
    assert 4 <= len(recorded) <= 12


def test_the_stated_memory_of_parameters_is_what_they_take() -> None:
    """Texts of the trivial task span fewer dimensions than its classes allow, so the text keeps its full width here."""
    run = some_runs(sadvae, text_space="full")[0]
    shape = RunShape.of(run)
    member = stacked._members([run], [0])[0]
    trainer = member.trainer
    counts = [buffer.parameters.numel() for buffer in (trainer.buffer, trainer.judge)]
    assert shape.parameters(shape.text_space) == shape.parameters(shape.texts) == sum(counts)
    assert shape.text_space == shape.texts == 12
    assert RunShape.of(some_runs(sadvae)[0]).text_space == 12
    assert 4 * 4 * sum(counts) < device_bytes(shape) < 4 * 4 * sum(counts) + 4 * 16 * 1000


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"latent": 13}, "run 1 has latent 13, run 0 has 12; runs train as one only where their shapes are equal"),
        ({"decoder_output": "relu"}, "run 1 has decoder_output relu, run 0 has linear"),
        ({"epochs": 4}, "run 1 has epochs 4, run 0 has 3"),
        ({"iterations_per_epoch": None}, "run 1 has iterations_per_epoch None, run 0 has 30"),
    ],
)
def test_other_shapes_are_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    task = trivial_task()
    runs = [StackedRun(task, sadvae(**SMALL), 0), StackedRun(task, sadvae(**(SMALL | changes)), 0)]
    with pytest.raises(SadvaeError, match=sentence):
        fit_stacked(runs)


def test_other_numbers_of_clips_are_refused_where_they_make_other_steps() -> None:
    settings = sadvae(**(SMALL | {"iterations_per_epoch": None}))
    runs = [StackedRun(trivial_task(clips=n), settings, 0) for n in (12, 13)]
    with pytest.raises(SadvaeError, match="the number of steps an epoch 13, run 0 has 12"):
        fit_stacked(runs)
    fit_stacked([replace(run, settings=sadvae(**SMALL)) for run in runs])


def test_texts_that_span_fewer_dimensions_are_refused() -> None:
    task = trivial_task()
    flat = task.classes.vectors.copy()
    flat[:, 1:] = 0
    other = replace(task, classes=replace(task.classes, vectors=flat))
    with pytest.raises(SadvaeError, match="the training texts of run 1 span 1 dimensions, those of run 0 4"):
        fit_stacked([StackedRun(t, sadvae(**SMALL), 0) for t in (task, other)])


def test_a_loss_that_is_no_number_names_its_run() -> None:
    task = trivial_task()
    settings: list[SADVAESettings] = [sadvae(**SMALL), sadvae(**SMALL, kl_weight=1.0, cross_weight=1e38)]
    with pytest.raises(SadvaeError, match="the loss of run 1 is not a number in epoch 1"):
        fit_stacked([StackedRun(task, one, 0) for one in settings])


@pytest.mark.parametrize("device", ["tpu9", "meta"])
def test_an_unknown_device_is_one_sentence(device: str) -> None:
    with pytest.raises(SadvaeError, match="cpu or cuda"):
        fit_stacked([], device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_one_sentence() -> None:
    with pytest.raises(SadvaeError, match="this torch finds no GPU"):
        fit_stacked([], "cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@PRESETS
@pytest.mark.usefixtures("doubles")
def test_on_a_gpu_in_double_precision_too(preset: Any) -> None:
    runs = some_runs(preset, double=True)
    check(runs, *fitted(runs, device="cuda"), tolerance=1e-10)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@PRESETS
def test_on_a_gpu_a_stack_gives_what_separate_trainings_give(preset: Any) -> None:
    runs = some_runs(preset)
    check(runs, *fitted(runs, device="cuda"), tolerance=1e-5)
    for trained in fit_stacked(runs, "cuda"):
        assert all(isinstance(weight, Tensor) and not weight.is_cuda for weight in trained.weights().values())
