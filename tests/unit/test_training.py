"""How an encoder is trained: optimiser, schedule, mirrored clips, numbers, validation, signs of trouble."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sadvae.encoders.augment import mirrored
from sadvae.encoders.course import Course
from sadvae.encoders.optimiser import learning_rate, new_optimiser
from sadvae.encoders.precision import Numbers, matrix_products
from sadvae.encoders.pretrain import pretrain
from sadvae.encoders.processes import ALONE, Processes, joined
from sadvae.encoders.samples import Samples, batches
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.sides import names_a_side, twins
from sadvae.encoders.trained import TrainedEncoder
from sadvae.encoders.training_report import EpochReport, picked_epoch
from sadvae.encoders.trouble import blind_loss, check_alive
from sadvae.encoders.validation import TrainingParts, training_parts
from sadvae.errors import LeakageError, SadvaeError
from sadvae.skeleton.canonical import canonicalise
from sadvae.text.class_lists import class_texts, dataset_names
from sadvae.types import ClipSet
from tests.conftest import STICK, make_clips
from tests.unit.test_pretrain import CLIPS, SMALL, TASK, same_weights


def changed(**changes: object) -> EncoderSettings:
    return EncoderSettings.model_validate(SMALL.model_dump() | changes)


def test_rates_by_hand() -> None:
    step = changed(epochs=10, warm_up=0.2, learning_rate=0.5, schedule="step", drops=(5, 8))
    rates = [learning_rate(step, s, 2) for s in range(20)]
    np.testing.assert_allclose(rates, [0.125, 0.25, 0.375, 0.5, *[0.5] * 6, *[0.05] * 6, *[0.005] * 4])
    cosine = changed(epochs=10, warm_up=0.0, learning_rate=0.5)
    np.testing.assert_allclose([learning_rate(cosine, s, 1) for s in (0, 5)], [0.5, 0.25])
    assert 0 < learning_rate(cosine, 9, 1) < 0.5 * 0.03
    # A warm-up of 1.5 steps is over within the second.
    short = changed(epochs=10, warm_up=0.15, learning_rate=0.5)
    np.testing.assert_allclose([learning_rate(short, s, 1) for s in (0, 1)], [0.5 / 1.5, 0.5])


@pytest.mark.parametrize("changes", [{"drops": (2,)}, {"schedule": "step"}, {"schedule": "step", "drops": (4,)}])
def test_drops_go_with_the_step_schedule_and_lie_within_the_training(changes: dict) -> None:
    with pytest.raises(ValueError, match="drops are epochs between 0 and epochs"):
        changed(**changes)


def test_sgd_is_nesterov_by_hand() -> None:
    layer = nn.Linear(1, 1)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.fill_(1.0)
    optimiser = new_optimiser(layer, changed(optimiser="sgd", learning_rate=0.1, weight_decay=0.5))
    weight, bias, speeds = 1.0, 1.0, [0.0, 0.0]
    for _ in range(3):
        layer.weight.grad, layer.bias.grad = torch.ones(1, 1), torch.ones(1)
        optimiser.step()
        gradients = [1.0 + 0.5 * weight, 1.0]
        speeds = [0.9 * v + g for v, g in zip(speeds, gradients, strict=True)]
        weight -= 0.1 * (gradients[0] + 0.9 * speeds[0])
        bias -= 0.1 * (gradients[1] + 0.9 * speeds[1])
    assert layer.weight.item() == pytest.approx(weight)
    assert layer.bias.item() == pytest.approx(bias)


def test_sgd_with_steps_learns_too() -> None:
    chosen = changed(optimiser="sgd", learning_rate=0.1, schedule="step", drops=(20,), epochs=30, widths=(16, 32))
    report = pretrain(TASK, 6, chosen, 0).report
    assert report is not None
    assert report.epochs[-1].loss < 0.7 * report.epochs[0].loss


@pytest.mark.parametrize(
    ("name", "sided"),
    [
        ("swipe left", True),
        ("Draw circle (counter clockwise)", True),
        ("swipeRight", True),
        ("RIGHT_HAND_WAVE", True),
        ("lefthand wave", True),
        ("circle (CCW)", True),
        ("wave the left hand", True),
        ("stand upright", False),
        ("clever bright idea", False),
        ("lefts", False),
    ],
)
def test_class_names_that_name_a_side(name: str, sided: bool) -> None:
    assert names_a_side(name) == sided


def test_sided_classes_of_the_known_data_sets_are_those_that_the_page_lists() -> None:
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
    for dataset in dataset_names():
        for name in filter(names_a_side, class_texts(dataset).names):
            assert dataset == "generated" or name in page


def test_a_mirrored_body_is_the_body_frame_of_the_mirrored_person() -> None:
    raw = np.random.default_rng(0).normal(size=(1, 6, 5, 3)).astype(np.float32)
    swapped = raw[:, :, list(STICK.mirror)] * np.array([-1, 1, 1], np.float32)
    assert STICK.mirror == twins(STICK) == (1, 0, 2, 4, 3)
    ours = mirrored(torch.from_numpy(canonicalise(raw, STICK)), torch.tensor([True]), torch.tensor(twins(STICK)))
    np.testing.assert_allclose(ours.numpy(), canonicalise(swapped, STICK), atol=1e-5)
    twice = mirrored(ours, torch.tensor([True]), torch.tensor(twins(STICK)))
    np.testing.assert_allclose(twice.numpy(), canonicalise(raw, STICK))


def test_clips_of_classes_that_name_a_side_stay_as_they_are() -> None:
    names = ("swipe left", *CLIPS.class_names[1:])
    plain = {"mirror": 1.0, "rotation_degrees": 0, "scale": 0, "noise": 0, "joint_dropout": 0, "crop": 1}
    samples = Samples.of(replace(CLIPS, class_names=names), changed(**plain), ALONE)
    every = torch.arange(len(CLIPS.clips))
    drawn, whole = samples.random(every, torch.Generator().manual_seed(0)), samples.plain(every)
    same = [bool(torch.equal(a, b)) for a, b in zip(drawn.streams, whole.streams, strict=True)]
    assert same == [clip.label == 0 for clip in CLIPS.clips]
    assert bool(torch.equal(drawn.labels, whole.labels))


def test_clips_keep_their_own_chance_of_a_mirror_in_any_order() -> None:
    names = ("swipe left", *CLIPS.class_names[1:])
    plain = {"mirror": 1.0, "rotation_degrees": 0, "scale": 0, "noise": 0, "joint_dropout": 0, "crop": 1}
    samples = Samples.of(replace(CLIPS, class_names=names), changed(**plain), ALONE)
    order = torch.arange(len(CLIPS.clips)).roll(5)
    drawn, whole = samples.random(order, torch.Generator().manual_seed(0)), samples.plain(order)
    same = [bool(torch.equal(a, b)) for a, b in zip(drawn.streams, whole.streams, strict=True)]
    assert same == (drawn.labels[drawn.clip_of_body] == 0).tolist()


def test_a_layout_without_sides_cannot_be_mirrored() -> None:
    bare = replace(STICK, name="bare", joints=("a", "b", "c", "d", "e"))
    clips = replace(CLIPS, layout=bare, clips=tuple(replace(clip, layout=bare) for clip in CLIPS.clips))
    Samples.of(clips, SMALL, ALONE)
    with pytest.raises(SadvaeError, match="layout 'bare' does not name the sides of its joints"):
        Samples.of(clips, changed(mirror=0.5), ALONE)


def test_a_layout_that_names_the_sides_of_some_joints_alone_cannot_be_mirrored() -> None:
    joints = (*STICK.joints, "l hand", "r hand")
    half = replace(STICK, joints=joints, bones=(*STICK.bones, (3, 5), (4, 6)))
    with pytest.raises(SadvaeError, match=r"joins 'shoulder left' and 'l hand'; in a mirror .* 'shoulder right' "):
        twins(half)
    assert twins(replace(half, joints=(*STICK.joints, "left hand", "right hand"))) == (1, 0, 2, 4, 3, 6, 5)


def test_mirroring_changes_the_training_and_none_changes_nothing() -> None:
    assert not same_weights(pretrain(TASK, 6, SMALL, 0), pretrain(TASK, 6, changed(mirror=0.5), 0))


def test_bfloat16_trains_much_like_float32() -> None:
    if not torch.cpu._is_avx512_bf16_supported():
        with pytest.raises(SadvaeError, match="no bfloat16 units"):
            pretrain(TASK, 6, changed(precision="bfloat16"), 0)
        return
    one, other = (pretrain(TASK, 6, changed(precision=p, epochs=8), 0).report for p in ("float32", "bfloat16"))
    assert one is not None
    assert other is not None
    losses = [[epoch.loss for epoch in report.epochs] for report in (one, other)]
    np.testing.assert_allclose(*losses, rtol=0.05)
    assert losses[0] != losses[1]
    assert (one.numbers, other.numbers) == ("float32", "bfloat16")


def test_what_a_machine_cannot_do_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SadvaeError, match="TF32 needs an NVIDIA GPU"):
        pretrain(TASK, 6, changed(precision="tf32"), 0)
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(SadvaeError, match=r"no C\+\+ compiler here \(no-such-compiler\)"):
        pretrain(TASK, 6, changed(compile=True), 0)
    with pytest.raises(SadvaeError, match="unknown device 'tpu'"), joined("tpu"):
        pass
    if not torch.cuda.is_available():
        with pytest.raises(SadvaeError, match="finds no CUDA device"), joined("cuda"):
            pass


def test_steps_go_through_the_compiled_network(monkeypatch: pytest.MonkeyPatch) -> None:
    # A real compilation takes half a minute; what it stands for here calls the network and counts.
    calls: list[int] = []

    def stand_in(network: nn.Module, dynamic: bool) -> Callable[..., Any]:
        def call(*inputs: Any) -> Any:
            calls.append(len(inputs[0]))
            return network(*inputs)

        return call

    monkeypatch.setenv("CXX", "true")
    monkeypatch.setattr(torch, "compile", stand_in)
    one, other = (pretrain(TASK, 6, changed(compile=c, epochs=1), 0) for c in (False, True))
    assert calls == [8, 8, 4]
    assert same_weights(one, other)


@given(st.integers(0, 200), st.integers(1, 9))
def test_parts_of_processes_make_the_whole(total: int, count: int) -> None:
    parts = [Processes(rank, count).part(total) for rank in range(count)]
    assert [i for part in parts for i in part] == list(range(total))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_validation_keeps_whole_people_and_picks_the_latest_of_the_best_epochs(tmp_path: Path) -> None:
    encoder = pretrain(TASK, 6, changed(validation=0.5, epochs=6), 0)
    report = encoder.report
    assert report is not None
    assert report.validation_subjects == ("3",)
    assert report.validation_clips == 10
    curve = [epoch.validation for epoch in report.epochs]
    best = max(v for v in curve if v is not None)
    assert report.picked == max(i for i, v in enumerate(curve) if v == best)
    encoder.save(tmp_path / "e")
    assert TrainedEncoder.load(tmp_path / "e").report == report
    assert encoder.trace == TASK.trace


def test_validation_asks_for_float32_whatever_the_training_is_in(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(numbers: Numbers, device: torch.device) -> AbstractContextManager[None]:
        asked.append(numbers)
        return matrix_products(numbers, device)

    monkeypatch.setattr("sadvae.encoders.pretrain.matrix_products", noted)
    monkeypatch.setattr("sadvae.encoders.training.numbers", lambda *_: "tf32")
    pretrain(TASK, 6, changed(validation=0.5, epochs=2), 0)
    assert asked == ["tf32", "float32", "float32"]


def test_picked_weights_are_those_of_their_epoch() -> None:
    course, network = Course(), nn.Linear(1, 1)
    for epoch, validation in enumerate((0.4, 0.5, 0.5, 0.3)):
        with torch.no_grad():
            network.weight.fill_(epoch)
        course.add(EpochReport(epoch, 1.0, 1.0, validation), network)
    assert course.weights["weight"].item() == 2
    again = Course.of(course.state_dict())
    assert again.epochs == course.epochs
    again.add(EpochReport(4, 1.0, 1.0, 0.5), network)
    assert again.weights["weight"].item() == 3


def test_the_last_epoch_counts_without_validation() -> None:
    epochs = tuple(EpochReport(i, 1.0, 0.9 - i / 10) for i in range(3))
    assert picked_epoch(epochs) == 2
    assert picked_epoch(tuple(replace(e, validation=v) for e, v in zip(epochs, (0.5, 0.5, 0.2), strict=True))) == 1
    assert picked_epoch(tuple(replace(e, validation=0.0) for e in epochs)) == 2


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 9), st.floats(0.01, 0.99), st.booleans())
def test_parts_share_nobody_and_lose_nobody(subjects: int, share: float, named: bool) -> None:
    clips = make_clips(classes=2, subjects=subjects, repetitions=100)
    if not named:
        clips = replace(clips, clips=tuple(replace(clip, subject=None) for clip in clips.clips))
    parts = training_parts(clips, share)
    both = [clip.clip_id for part in (parts.train, parts.validation) for clip in part.clips]
    assert sorted(both) == sorted(clip.clip_id for clip in clips.clips)
    assert parts.validation.clips
    people = [{clip.subject for clip in part.clips} for part in (parts.train, parts.validation)]
    assert (not people[0] & people[1]) == (named and subjects > 1)


def test_parts_that_cannot_be_are_refused() -> None:
    def only(clips: ClipSet, *subjects: str) -> ClipSet:
        return clips.where(clip.subject in subjects for clip in clips.clips)

    with pytest.raises(LeakageError, match="both trains and validates; a clip"):
        TrainingParts(CLIPS, only(CLIPS, "1"))
    one = CLIPS.where(clip.clip_id.endswith("r0") for clip in CLIPS.clips)
    two = CLIPS.where(clip.clip_id.endswith("r1") for clip in CLIPS.clips)
    with pytest.raises(LeakageError, match="subject '2' both trains and validates"):
        TrainingParts(one, two, ("2", "4"))
    lost = CLIPS.where(clip.label != 0 or clip.subject == "4" for clip in CLIPS.clips)
    with pytest.raises(SadvaeError, match="class 'action 0' has no training clip after 12 clips were kept"):
        training_parts(lost, 0.25)
    unnamed = replace(CLIPS, clips=tuple(replace(clip, subject=None) for clip in CLIPS.clips))
    with pytest.raises(SadvaeError, match=r"validation 0\.02 keeps no clip"):
        training_parts(unnamed, 0.02)


def test_a_blind_answer_cannot_do_better_than_the_blind_loss() -> None:
    labels = [0] * 5 + [1] * 3 + [2] * 2
    answer = torch.zeros(4, requires_grad=True)
    optimiser = torch.optim.LBFGS([answer], max_iter=200)
    truth = torch.tensor(labels)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(answer.expand(len(labels), 4), truth, label_smoothing=0.1)
        loss.backward()
        return loss

    optimiser.step(closure)  # type: ignore[arg-type]
    assert blind_loss(labels, 4, 0.1) == pytest.approx(closure().item(), abs=1e-4)
    assert blind_loss([0, 1, 2, 3], 4, 0.3) == pytest.approx(math.log(4))


def test_clips_that_tell_nothing_stop_the_training(tmp_path: Path) -> None:
    first = CLIPS.clips[0]
    equal = TASK.train.where([True] * len(TASK.train.clips))
    equal = replace(equal, clips=tuple(replace(clip, joints=first.joints) for clip in equal.clips))
    chosen = changed(epochs=12, batch_size=2, warm_up=0.0)
    path = tmp_path / "run.checkpoint"
    with pytest.raises(SadvaeError, match=r"learns nothing: after epoch 10 its loss"):
        pretrain(replace(TASK, train=equal), 6, chosen, 0, checkpoint=path)
    assert not path.exists()
    pretrain(TASK, 6, chosen, 0)


def test_a_slow_training_is_not_taken_for_a_dead_one() -> None:
    labels, chosen = [c for c in range(10) for _ in range(20)], changed(epochs=40, warm_up=0.1)
    blind = blind_loss(labels, 10, 0.1)

    def course(losses: list[float], accuracy: float = 0.1) -> list[EpochReport]:
        return [EpochReport(i, loss, accuracy) for i, loss in enumerate(losses)]

    with pytest.raises(SadvaeError, match="learns nothing"):
        check_alive(course([blind + 0.02] * 10), 20, labels, 10, chosen)
    check_alive(course([blind + 0.02] * 6), 20, labels, 10, chosen)
    check_alive(course([blind + 0.02] * 10), 10, labels, 10, chosen)
    check_alive(course([blind + 0.02] * 9 + [blind * 0.98]), 20, labels, 10, chosen)
    check_alive(course([blind + 0.5] * 10, accuracy=0.2), 20, labels, 10, chosen)
    # A class alone needs no look at a clip, so that a training of it is never dead.
    check_alive(course([blind_loss([0] * 9, 10, 0.1)] * 10, accuracy=1.0), 20, [0] * 9, 10, chosen)
    # Numbers of movement have one classifier, whatever is said of streams.
    late = changed(architecture="kinematics", fusion="late", epochs=40, warm_up=0.1)
    with pytest.raises(SadvaeError, match="learns nothing"):
        check_alive(course([blind + 0.02] * 10), 20, labels, 10, late)


def test_weights_that_broke_in_the_last_step_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    once = changed(epochs=1, batch_size=1000, warm_up=0.0, learning_rate=1e30, weight_decay=1e30)
    with pytest.raises(SadvaeError, match="weights are not finite after epoch 1; lower learning_rate"):
        pretrain(TASK, 6, once, 0, checkpoint=path)
    assert not path.exists()


def test_a_last_clip_alone_joins_the_batch_before() -> None:
    assert [len(batch) for batch in batches(5, 2)] == [2, 3]
    assert [len(batch) for batch in batches(6, 4)] == [4, 2]
    assert [len(batch) for batch in batches(5, 4)] == [5]


def test_a_resumed_training_under_other_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    pretrain(TASK, 6, SMALL, 0, checkpoint=path)
    with pytest.raises(SadvaeError, match=r"other settings \(mirror: 0\.0 there, 0\.5 here\)"):
        pretrain(TASK, 6, changed(mirror=0.5), 0, checkpoint=path)


def test_a_batch_that_cannot_be_shared_is_said() -> None:
    with pytest.raises(SadvaeError, match="a batch of 4 clips cannot be shared by 9 processes"):
        pretrain(TASK, 6, SMALL, 0, processes=Processes(0, 9))
    with pytest.raises(SadvaeError, match="compile works in a single process"):
        pretrain(TASK, 6, changed(compile=True), 0, processes=Processes(0, 2))
