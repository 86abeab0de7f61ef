"""Dividing clips into levels leaks nothing, whatever the split, the subjects and the rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.protocol import Division, divide, hold_out, training_subjects
from sadvae.splits.reader import build_split
from sadvae.types import ClipSet, SkeletonClip
from tests.conftest import SPLIT, make_clips


@settings(deadline=None, max_examples=40)
@given(
    unseen=st.sets(st.integers(0, 7), min_size=1, max_size=4),
    subjects=st.integers(4, 8),
    unseen_from=st.sampled_from(["held_out_subjects", "training_subjects"]),
)
def test_levels_share_no_clip_no_test_subject_and_no_unseen_class(unseen: set[int], subjects: int, unseen_from) -> None:
    clips = make_clips(classes=8, subjects=subjects, repetitions=1)
    division = Division(split=build_split("s", sorted(unseen), 8), unseen_from=unseen_from)
    levels = division.levels(clips)
    assert levels.calibration is not None
    test_side = {c.clip_id for part in (levels.test.test_seen, levels.test.test_unseen) for c in part.clips}
    test_subjects = {c.subject for part in (levels.test.test_seen, levels.test.test_unseen) for c in part.clips}
    lower = levels.calibration
    for part in (levels.test.train, lower.train, lower.test_seen, lower.test_unseen):
        assert not {c.clip_id for c in part.clips} & test_side
        assert not {c.subject for c in part.clips} & test_subjects
        assert not {c.label for c in part.clips} & unseen
    assert not {c.label for c in lower.train.clips} & set(division.split.validation_unseen)
    assert ("shared_subjects" in lower.allow) == (unseen_from == "training_subjects")


def test_nothing_is_lost_at_the_test_level() -> None:
    clips = make_clips(classes=6)
    task = divide(clips, SPLIT)
    unseen_training = sum(c.label in (4, 5) and c.subject in ("1", "3") for c in clips.clips)
    counted = sum(len(part.clips) for part in (task.train, task.test_seen, task.test_unseen))
    assert counted + unseen_training == len(clips.clips)


def test_clips_without_subjects_are_divided_by_clips_and_say_so() -> None:
    named = make_clips(classes=6, repetitions=4)
    clips = ClipSet(
        "x",
        named.layout,
        tuple(SkeletonClip(c.joints, c.layout, c.clip_id, c.label) for c in named.clips),
        named.class_names,
    )
    with pytest.raises(SadvaeError, match="names no subject"):
        divide(clips, SPLIT)
    task = divide(clips, SPLIT, "clips")
    assert task.allow == ("shared_subjects",)
    assert len(task.train.clips) == 4 * 8
    lower = hold_out(task)
    assert {c.label for c in lower.test_unseen.clips} == {2, 3}
    assert not {c.clip_id for c in lower.test_seen.clips} & {c.clip_id for c in lower.train.clips}


def test_by_clips_the_first_of_a_class_trains_then_every_second() -> None:
    task = divide(make_clips(classes=6, subjects=1, repetitions=5), SPLIT, "clips")
    assert {c.clip_id[-1] for c in task.train.clips} == {"0", "2", "4"}
    assert {c.clip_id[-1] for c in (*task.test_seen.clips, *task.test_unseen.clips)} == {"1", "3"}


def test_the_last_quarter_of_the_training_subjects_by_number_is_held_out() -> None:
    lower = hold_out(divide(make_clips(classes=6, subjects=22, repetitions=1), SPLIT))
    assert {c.subject for part in (lower.test_seen, lower.test_unseen) for c in part.clips} == {"19", "21"}


def test_subject_rules() -> None:
    clips = make_clips(subjects=5)
    assert training_subjects("odd", clips) == {"1", "3", "5"}
    assert training_subjects("even", clips) == {"2", "4"}
    assert training_subjects("1, 4", clips) == {"1", "4"}
    assert training_subjects("ntu60-xsub", clips) == {"1", "2", "4", "5"}
    with pytest.raises(SadvaeError, match="'9' does not occur"):
        training_subjects("1,9", clips)


def test_the_last_number_of_a_name_says_odd_or_even() -> None:
    clips = make_clips(subjects=2)
    people = {"1": "lab2-p1", "2": "lab2-p2"}
    named = replace(clips, clips=tuple(replace(c, subject=people[c.subject or ""]) for c in clips.clips))
    assert training_subjects("odd", named) == {"lab2-p1"}


def test_names_of_training_subjects_may_have_blanks_inside() -> None:
    clips = make_clips(subjects=2)
    people = {"1": "ann lee", "2": "bob"}
    named = replace(clips, clips=tuple(replace(c, subject=people[c.subject or ""]) for c in clips.clips))
    for rule, found in (("ann lee", {"ann lee"}), ("bob , ann lee", {"ann lee", "bob"})):
        assert training_subjects(rule, named) == found
    with pytest.raises(SadvaeError, match="'annlee' does not occur"):
        training_subjects("annlee", named)


def test_splits_that_do_not_fit_the_clips_are_refused() -> None:
    with pytest.raises(SadvaeError, match="class 4; sticks has classes 0 to 3"):
        divide(make_clips(classes=4), SPLIT)
    clips = make_clips(classes=6)
    with pytest.raises(SadvaeError, match="needs clips of action 5"):
        divide(clips.where(c.label != 5 for c in clips.clips), SPLIT)
    with pytest.raises(SadvaeError, match="'2' is not a training subject"):
        hold_out(divide(clips, SPLIT), held_subjects=["2"])
    for rule, why in (("clips", "the same people train and test"), ("1", "fewer than two people train")):
        with pytest.raises(SadvaeError, match=f"held_out_subjects names 1, but {why}, so clips are held out by turn"):
            hold_out(divide(clips, SPLIT, rule), held_subjects=["1"])


def without(clips: ClipSet, classes: set[int], subjects: set[str]) -> ClipSet:
    """The clips without those of some classes by some people."""
    return clips.where(c.label not in classes or c.subject not in subjects for c in clips.clips)


def test_levels_where_nobody_is_left_to_test_are_refused() -> None:
    """Clips of every class are there, but none of them by the people who test."""
    clips = make_clips(classes=6)
    with pytest.raises(SadvaeError, match=r"'test' has no test clip of its unseen classes \(action 4, action 5\)"):
        divide(without(clips, {4, 5}, {"2", "4"}), SPLIT)
    with pytest.raises(SadvaeError, match=r"seen classes \(action 0, action 1, action 2, ...\) by .* \(2, 4\)"):
        divide(without(clips, {0, 1, 2, 3}, {"2", "4"}), SPLIT)
    with pytest.raises(SadvaeError, match=r"seen classes .* by the 0 clips that test; change the training subjects"):
        divide(clips, SPLIT, "1,2,3,4")
    with pytest.raises(SadvaeError, match=r"calibration' has no test clip of its unseen classes \(action 2, .*\(3\)"):
        hold_out(divide(without(clips, {2, 3}, {"3"}), SPLIT))
    with pytest.raises(SadvaeError, match=r"calibration' has no test clip of its seen .* \(3\); name other held"):
        hold_out(divide(without(clips, {0, 1}, {"3"}), SPLIT))
    whole = divide(without(clips, {2, 3}, {"3"}), SPLIT)
    assert hold_out(whole, unseen_from="training_subjects").test_unseen.clips


# Spelt as it is published.
LIST = "Training videos: \n0001-L, 0001-M, 0002-L,\nValidataion videos: \n0003-L, 0003-R, {more}\n"


def pku_clips() -> ClipSet:
    """Two clips of each class in every video; the subject is the number of the recording, as the reader gives it."""
    named = make_clips(classes=6, subjects=1, repetitions=10)
    videos = ("0001-L", "0001-M", "0002-L", "0003-L", "0003-R")
    clips = tuple(
        SkeletonClip(c.joints, c.layout, f"{videos[i % 5]}_{i:03d}", c.label, videos[i % 5][:4])
        for i, c in enumerate(named.clips)
    )
    return ClipSet("pku51", named.layout, clips, named.class_names)


def test_published_lists_of_videos_divide_clips(tmp_path: Path) -> None:
    path = tmp_path / "cross-subject.txt"
    path.write_text(LIST.format(more=""))
    task = divide(pku_clips(), SPLIT, str(path))
    assert {c.clip_id[:6] for c in task.train.clips} == {"0001-L", "0001-M", "0002-L"}
    assert {c.clip_id[:6] for c in (*task.test_seen.clips, *task.test_unseen.clips)} == {"0003-L", "0003-R"}
    assert task.allow == ()


def test_lists_that_share_a_recording_say_so_and_faulty_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "cross-view.txt"
    path.write_text("Training videos:\n0001-M 0002-L 0003-R\nValidation videos:\n0001-L 0003-L\n")
    assert divide(pku_clips(), SPLIT, str(path)).allow == ("shared_subjects",)
    for text, said in (("0001-L", "no training"), (LIST.format(more="0001-L"), "in both")):
        path.write_text(text)
        with pytest.raises(SadvaeError, match=f"cross-view.txt.*{said}"):
            divide(pku_clips(), SPLIT, str(path))
    path.write_text(LIST.format(more="").replace("0003-R", ""))
    with pytest.raises(SadvaeError, match="'0003-R_004' is of no video"):
        divide(pku_clips(), SPLIT, str(path))
