"""Every kind of leakage is refused: each test builds one poisoned task from a sound one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sadvae.errors import LeakageError, SadvaeError
from sadvae.task import ClipTask, ZeroShotTask
from sadvae.types import ClassEmbeddings, EncoderTrace, FeatureSet
from tests.conftest import SPLIT, make_clips, make_embeddings, make_features

TRACE = EncoderTrace("encoder", (0, 1, 2, 3), ("1", "3"), ("train0", "train1"))
LOWER_TRACE = EncoderTrace("lower", (0, 1), ("1",), ("train0",))


def sound(**changes) -> ZeroShotTask:
    parts = {
        "split": SPLIT,
        "train": make_features([0, 1, 2, 3], prefix="train", subjects=["1", "3", "1", "3"], trace=TRACE),
        "test_seen": make_features([0, 1], prefix="seen", subjects=["2", "4"], trace=TRACE),
        "test_unseen": make_features([4, 5], prefix="unseen", subjects=["2", "4"], trace=TRACE),
        "classes": make_embeddings(),
        "calibration": calibration(),
    }
    return ZeroShotTask(**(parts | changes))


def calibration(**changes) -> ZeroShotTask:
    parts = {
        "split": SPLIT.hold_out(),
        "train": make_features([0, 1], prefix="train", subjects=["1", "1"], trace=LOWER_TRACE, seed=1),
        "test_seen": make_features([0, 1], prefix="held", subjects=["3", "3"], trace=LOWER_TRACE, seed=1),
        "test_unseen": make_features([2, 3], prefix="heldout", subjects=["3", "3"], trace=LOWER_TRACE, seed=1),
        "classes": make_embeddings(),
    }
    return ZeroShotTask(**(parts | changes))


def test_a_sound_task_is_accepted() -> None:
    assert sound().calibration is not None


def test_an_unseen_label_in_training_is_refused() -> None:
    with pytest.raises(LeakageError, match="class 4"):
        sound(train=make_features([0, 4], prefix="train", subjects=["1", "3"], trace=TRACE))


def test_a_seen_label_among_the_unseen_test_clips_is_refused() -> None:
    with pytest.raises(LeakageError, match="class 3"):
        sound(test_unseen=make_features([4, 3], prefix="unseen", subjects=["2", "4"], trace=TRACE))


def test_an_unseen_label_among_the_seen_test_clips_is_refused() -> None:
    with pytest.raises(LeakageError, match="class 5"):
        sound(test_seen=make_features([0, 5], prefix="seen", subjects=["2", "4"], trace=TRACE))


@pytest.mark.parametrize("part", ["test_seen", "test_unseen"])
def test_a_clip_in_training_and_test_is_refused(part: str) -> None:
    good = getattr(sound(), part)
    with pytest.raises(LeakageError, match="train1"):
        sound(**{part: replace(good, clip_ids=("train1", "other"))})


def test_a_clip_in_both_test_sets_is_refused() -> None:
    with pytest.raises(LeakageError, match="seen0"):
        sound(test_unseen=replace(sound().test_unseen, clip_ids=("seen0", "other")))


@pytest.mark.parametrize("part", ["test_seen", "test_unseen"])
def test_a_subject_in_training_and_test_is_refused_unless_allowed(part: str) -> None:
    poisoned = replace(getattr(sound(), part), subjects=("3", "4"))
    with pytest.raises(LeakageError, match="subject 3"):
        sound(**{part: poisoned})
    assert "shared_subjects" in sound(**{part: poisoned}, allow=("shared_subjects",)).allow


@pytest.mark.parametrize("part", ["test_seen", "test_unseen"])
def test_a_shared_subject_is_refused_where_no_encoder_names_subjects(part: str) -> None:
    trace = replace(TRACE, subjects=())
    parts = {name: replace(getattr(sound(), name), encoder=trace) for name in ("train", "test_seen", "test_unseen")}
    parts[part] = replace(parts[part], subjects=("3", "4"))
    with pytest.raises(LeakageError, match="subject 3 is in training"):
        sound(**parts, calibration=None)


def test_a_training_clip_under_another_name_is_refused() -> None:
    task = sound()
    features = np.stack([task.train.features[2], task.test_unseen.features[1]])
    poisoned = replace(task.test_unseen, features=features)
    with pytest.raises(LeakageError, match="unseen0"):
        sound(test_unseen=poisoned)
    assert sound(test_unseen=poisoned, allow=("equal_rows",)).allow == ("equal_rows",)


@pytest.mark.parametrize("part", ["train", "test_seen", "test_unseen"])
@pytest.mark.parametrize("test", ["test_seen", "test_unseen"])
def test_a_test_clip_under_another_name_in_calibration_is_refused(part: str, test: str) -> None:
    own = getattr(calibration(), part)
    features = np.stack([own.features[0], getattr(sound(), test).features[1]])
    lower = calibration(**{part: replace(own, features=features)})
    with pytest.raises(LeakageError, match=r"seen1 .* features of a calibration clip"):
        sound(calibration=lower)
    assert sound(calibration=lower, allow=("equal_rows",)).calibration is lower


def test_calibration_of_an_encoder_of_another_width_has_no_rows_to_compare() -> None:
    parts = {}
    for name, part in zip(("train", "test_seen", "test_unseen"), calibration().parts, strict=True):
        parts[name] = replace(part, features=part.features[:, :3])
    assert sound(calibration=calibration(**parts)).calibration is not None


@pytest.mark.parametrize("part", ["train", "test_seen", "test_unseen"])
def test_an_encoder_that_saw_an_unseen_class_is_refused(part: str) -> None:
    poisoned = replace(getattr(sound(), part), encoder=replace(TRACE, classes=(0, 1, 2, 3, 4)))
    with pytest.raises(LeakageError, match="trained on class 4"):
        sound(**{part: poisoned})


def test_an_encoder_that_saw_a_test_clip_is_refused() -> None:
    poisoned = replace(sound().train, encoder=replace(TRACE, clip_ids=("train0", "seen1")))
    with pytest.raises(LeakageError, match="test clip seen1"):
        sound(train=poisoned)


def test_an_encoder_that_saw_a_test_subject_is_refused() -> None:
    poisoned = replace(sound().train, encoder=replace(TRACE, subjects=("1", "2")))
    with pytest.raises(LeakageError, match="test subject 2"):
        sound(train=poisoned)


def test_an_encoder_of_unknown_training_is_refused_unless_allowed() -> None:
    unknown = replace(sound().train, encoder=None)
    with pytest.raises(LeakageError, match="allow unknown_encoder"):
        sound(train=unknown)
    assert sound(train=unknown, allow=("unknown_encoder",)).allow == ("unknown_encoder",)


def test_calibration_on_a_test_class_is_refused() -> None:
    held = make_features([2, 4], prefix="heldout", subjects=["3", "3"], trace=LOWER_TRACE)
    lower = calibration(split=replace(SPLIT.hold_out(), unseen=(2, 3, 4)), test_unseen=held)
    with pytest.raises(LeakageError, match="calibration uses class 4"):
        sound(calibration=lower)


@pytest.mark.parametrize("part", ["train", "test_seen", "test_unseen"])
def test_calibration_on_a_test_clip_is_refused(part: str) -> None:
    poisoned = replace(getattr(calibration(), part), clip_ids=("seen0", "x"))
    with pytest.raises(LeakageError, match="seen0"):
        sound(calibration=calibration(**{part: poisoned}))


def test_calibration_on_a_test_subject_is_refused() -> None:
    poisoned = replace(calibration().test_seen, subjects=("3", "2"))
    with pytest.raises(LeakageError, match="subject 2"):
        sound(calibration=calibration(test_seen=poisoned))


@pytest.mark.parametrize("part", ["test_seen", "test_unseen"])
def test_a_subject_of_one_test_part_alone_is_kept_from_encoder_and_calibration(part: str) -> None:
    tests = {part: replace(getattr(sound(), part), subjects=("6", "6"))}
    saw = replace(sound().train, encoder=replace(TRACE, subjects=("1", "6")))
    with pytest.raises(LeakageError, match="encoder was trained on test subject 6"):
        sound(**tests, train=saw)
    lower = calibration(test_seen=replace(calibration().test_seen, subjects=("3", "6")))
    with pytest.raises(LeakageError, match="calibration uses test subject 6"):
        sound(**tests, calibration=lower)


def test_a_calibration_encoder_that_saw_a_held_out_class_is_refused() -> None:
    poisoned = replace(calibration().train, encoder=replace(LOWER_TRACE, classes=(0, 1, 2)))
    with pytest.raises(LeakageError, match="class 2"):
        calibration(train=poisoned)


@pytest.mark.parametrize("changes", [{"clip_ids": ("unseen0",)}, {"subjects": ("4",)}])
def test_a_calibration_encoder_that_saw_the_test_side_is_refused(changes: dict) -> None:
    poisoned = replace(calibration().train, encoder=replace(LOWER_TRACE, **changes))
    with pytest.raises(LeakageError, match=r"test (clip|subject)"):
        sound(calibration=calibration(train=poisoned))


def test_a_class_without_text_is_refused() -> None:
    few = ClassEmbeddings((0, 1, 2, 3, 4), make_embeddings(5).vectors, "random", "none")
    with pytest.raises(SadvaeError, match="class \\[5\\]"):
        sound(classes=few)


def test_differing_feature_widths_are_refused() -> None:
    good = sound().test_seen
    wide = FeatureSet(np.ones((2, 9), np.float32), good.labels, good.clip_ids, good.subjects, None, TRACE)
    with pytest.raises(SadvaeError, match="widths"):
        sound(test_seen=wide)


def test_logits_without_a_column_for_the_last_seen_class_are_refused() -> None:
    parts = {name: getattr(sound(), name) for name in ("train", "test_seen", "test_unseen")}
    short = {n: replace(part, seen_logits=np.zeros((len(part.labels), 3), np.float32)) for n, part in parts.items()}
    with pytest.raises(SadvaeError, match="have 3 columns, and split 'test' has seen class 3"):
        sound(**short)


def test_an_unknown_allowance_is_refused() -> None:
    with pytest.raises(SadvaeError, match="unknown allowance"):
        sound(allow=("everything",))


def clip_parts() -> dict[str, Any]:
    clips = make_clips(classes=6)
    trains = [clip.subject in ("1", "3") for clip in clips.clips]
    return {
        "split": SPLIT,
        "train": clips.where(t and (c.label or 0) < 4 for t, c in zip(trains, clips.clips, strict=True)),
        "test_seen": clips.where(not t and (c.label or 0) < 4 for t, c in zip(trains, clips.clips, strict=True)),
        "test_unseen": clips.where(not t and (c.label or 0) >= 4 for t, c in zip(trains, clips.clips, strict=True)),
    }


def clip_task(**changes: Any) -> ClipTask:
    return ClipTask(**(clip_parts() | changes))


def test_a_sound_clip_task_traces_what_its_encoder_will_see() -> None:
    trace = clip_task().trace
    assert trace.classes == (0, 1, 2, 3)
    assert trace.subjects == ("1", "3")
    assert len(trace.clip_ids) == 16


def test_clip_tasks_refuse_unseen_classes_shared_clips_and_shared_subjects() -> None:
    everything = make_clips(classes=6)
    with pytest.raises(LeakageError, match="class 4"):
        clip_task(train=everything)
    seen_only = everything.where((c.label or 0) < 4 for c in everything.clips)
    with pytest.raises(LeakageError, match="in training and in the seen"):
        clip_task(test_seen=seen_only)
    unseen = everything.where((c.label or 0) >= 4 for c in everything.clips)
    with pytest.raises(LeakageError, match="subject 1"):
        clip_task(test_unseen=unseen)
