"""The clips that pick an encoder's epoch come from the level's training clips, and never train it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.encoders.pretrain import pretrain
from sadvae.encoders.validation import training_parts
from sadvae.protocol import Division, divide
from sadvae.splits.reader import build_split
from sadvae.types import ClipSet
from tests.conftest import make_clips
from tests.unit.test_pretrain import CLIPS, SMALL, TASK, same_weights

SETTINGS = SMALL.model_copy(update={"validation": 0.4, "epochs": 8, "learning_rate": 0.02, "averaging": 0.0})


def poisoned(clips: ClipSet, *subjects: str) -> ClipSet:
    """The clips of some subjects turned upside down and blown up."""
    return replace(
        clips,
        clips=tuple(replace(c, joints=c.joints * -9) if c.subject in subjects else c for c in clips.clips),
    )


@settings(deadline=None, max_examples=30)
@given(
    unseen=st.sets(st.integers(0, 7), min_size=1, max_size=3),
    subjects=st.integers(6, 10),
    share=st.floats(0.05, 0.6),
    rule=st.sampled_from(["odd", "even", "clips"]),
)
def test_validation_lies_within_the_training_clips_of_its_level(
    unseen: set[int], subjects: int, share: float, rule: str
) -> None:
    clips = make_clips(classes=8, subjects=subjects, repetitions=10)
    held = tuple(c for c in range(8) if c not in unseen)[-2:]
    split = build_split("s", sorted(unseen), 8, held)
    for _, task in Division(split=split, train_subjects=rule).levels(clips).items():
        parts = training_parts(task.train, share)
        training = {clip.clip_id for clip in task.train.clips}
        picks = {clip.clip_id for clip in parts.validation.clips}
        assert picks
        assert picks < training
        tests = {clip.clip_id for part in (task.test_seen, task.test_unseen) for clip in part.clips}
        assert not picks & tests
        assert {clip.label for clip in parts.validation.clips} <= set(task.split.seen)


def test_test_clips_move_neither_the_choice_nor_the_weights() -> None:
    task = divide(poisoned(CLIPS, "2", "4"), TASK.split)
    unseen = tuple(replace(clip, joints=np.flip(clip.joints, 1).copy()) for clip in task.test_unseen.clips)
    task = replace(task, test_unseen=replace(task.test_unseen, clips=unseen))
    one, other = pretrain(TASK, 6, SETTINGS, 0), pretrain(task, 6, SETTINGS, 0)
    assert one.report == other.report
    assert same_weights(one, other)


def test_validation_clips_do_not_train() -> None:
    one = pretrain(TASK, 6, SETTINGS, 0).report
    other = pretrain(divide(poisoned(CLIPS, "3"), TASK.split), 6, SETTINGS, 0).report
    assert one is not None
    assert other is not None
    assert one.validation_subjects == ("3",)
    curves = [[(epoch.loss, epoch.accuracy) for epoch in report.epochs] for report in (one, other)]
    assert curves[0] == curves[1]
    assert [epoch.validation for epoch in one.epochs] != [epoch.validation for epoch in other.epochs]


def test_validation_clips_do_not_standardise_numbers_of_movement() -> None:
    numbers = SETTINGS.model_copy(update={"features": "kinematics", "epochs": 1})
    tasks = TASK, divide(poisoned(CLIPS, "3"), TASK.split)
    one, other = (pretrain(task, 6, numbers, 0).network for task in tasks)
    for name in ("kinematics.norm.running_mean", "kinematics.norm.running_var"):
        np.testing.assert_array_equal(one.get_buffer(name), other.get_buffer(name))


def test_people_are_last_by_number_and_a_clip_without_a_person_makes_clips_validate() -> None:
    clips = make_clips(classes=2, subjects=12, repetitions=1)
    assert training_parts(clips, 0.1).subjects == ("12",)
    unnamed = replace(clips, clips=(replace(clips.clips[0], subject=None), *clips.clips[1:]))
    parts = training_parts(unnamed, 0.25)
    assert (parts.subjects, len(parts.validation.clips)) == ((), 6)
