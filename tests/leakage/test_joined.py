"""Several data sets leak nothing: an unseen class does not come in under another name, nor a test clip or person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.errors import LeakageError, SadvaeError
from sadvae.joined_clips import join_clips
from sadvae.joining import joined_division, joined_split, joined_subjects
from sadvae.protocol import Division, Levels
from sadvae.search.levels import _other
from sadvae.settings import DataSettings, ExperimentSettings, SplitSettings
from sadvae.splits.reader import build_split
from sadvae.text.merging import JoinedClasses, join_classes
from sadvae.types import ClipSet
from tests.conftest import make_clips
from tests.unit.test_merging import listed

# "a" tests. Its classes 4, 5 are unseen, 2, 3 held out. By their words: duck is close to bend, leap of "b" is jump of
# "a", skip of "c" is close to leap, though not to jump; arc is close to the held-out wave, sit and stand to nothing.
A = listed("a", walk=0, clap=40, wave=80, push=120, bend=160, jump=200)
B = listed("b", bend=160, leap=224, duck=175, sit=310, arc=95, wave=80)
C = listed("c", skip=269, stand=330, clap=40)
UNSEEN, HELD = (4, 5), (2, 3)
DATA = DataSettings.model_validate(
    {"dataset": "a", "more": [{"dataset": "b", "train_subjects": "even"}, {"dataset": "c", "train_subjects": "1,2"}]}
)


def clips_of(dataset: str, classes: int, seed: int) -> ClipSet:
    found = make_clips(classes=classes, subjects=6, repetitions=1, seed=seed)
    return replace(found, dataset=dataset)


SETS = [clips_of("a", 6, 1), clips_of("b", 6, 2), clips_of("c", 3, 3)]


def classes_of(**how: list[tuple[str, str]]) -> JoinedClasses:
    return join_classes([A, B, C], 0.9, **how)


def divided(data: DataSettings = DATA, sets: list[ClipSet] = SETS, **how: list[tuple[str, str]]) -> Levels:
    classes = classes_of(**how)
    split = joined_split(build_split("s", list(UNSEEN), 6, HELD), classes, data.joining)
    division = Division(
        split=split,
        held_out_subjects=joined_subjects(data, ("5",)),
        unseen_from="training_subjects",
        joined=joined_division(data, split, classes),
    )
    return Division.model_validate(division.model_dump()).levels(join_clips(sets, classes))


def names(clips: ClipSet) -> set[str]:
    """DATASET:class of the clips, in the words of their own data set."""
    own = {"a": A, "b": B, "c": C}
    found = set()
    for clip in clips.clips:
        dataset, _, rest = clip.clip_id.partition(":")
        found.add(f"{dataset}:{own[dataset].texts.names[int(rest[1 : rest.index('-')])]}")
    return found


def test_unseen_classes_do_not_train_under_any_name() -> None:
    levels = divided()
    seen = {"a:walk", "a:clap", "a:wave", "a:push"}
    assert names(levels.test.train) == seen | {"b:sit", "b:arc", "b:wave", "c:stand", "c:clap"}
    assert names(levels.test.test_unseen) == {"a:bend", "a:jump"}
    assert names(levels.test.test_seen) == seen


def test_held_out_classes_do_not_train_the_calibration_level_under_any_name() -> None:
    lower = divided().calibration
    assert lower is not None
    assert names(lower.train) == {"a:walk", "a:clap", "b:sit", "c:stand", "c:clap"}
    assert names(lower.test_seen) == {"a:walk", "a:clap"}
    assert names(lower.test_unseen) == {"a:wave", "a:push"}


def test_without_strictness_close_classes_train_but_merged_ones_never() -> None:
    """The trap works: what is left out by default is there when a person asks for it."""
    loose = DATA.model_copy(update={"joining": DATA.joining.model_copy(update={"strict": False})})
    trained = names(divided(loose).test.train)
    assert {"b:duck", "c:skip"} <= trained
    assert not {"b:bend", "b:leap"} & trained


def test_a_class_that_a_person_holds_apart_from_an_unseen_one_is_left_out_all_the_same() -> None:
    trained = names(divided(different=[("bend", "bend"), ("leap", "jump")]).test.train)
    assert not {"b:bend", "b:leap", "b:duck"} & trained


def test_an_unseen_class_cannot_be_passed_off_as_a_seen_one() -> None:
    for pair in (("b: bend", "walk"), ("leap", "walk")):
        with pytest.raises(LeakageError, match="by its words it is the unseen class"):
            divided(same=[pair])


def test_test_people_of_every_data_set_stay_out_and_people_of_one_number_are_several() -> None:
    levels = divided()
    train, lower = levels.test.trace, levels.calibration
    assert lower is not None
    assert set(train.subjects) == {"a:1", "a:3", "a:5", "b:2", "b:4", "b:6", "c:1", "c:2"}
    tests = {clip.subject for part in (levels.test.test_seen, levels.test.test_unseen) for clip in part.clips}
    assert tests == {"a:2", "a:4", "a:6"}
    assert set(lower.trace.subjects) == set(train.subjects) - {"a:5"}
    assert {clip.subject for clip in lower.test_seen.clips} == {"a:5"}
    assert levels.test.allow == ()


def test_people_that_others_share_allow_nothing_of_the_data_set_that_tests() -> None:
    parts = [DATA.more[0].model_copy(update={"train_subjects": "clips"}), *DATA.more[1:]]
    levels = divided(DATA.model_copy(update={"more": tuple(parts)}))
    assert levels.test.allow == ()
    assert {c.subject for c in levels.test.train.clips if c.clip_id.startswith("a:")} == {"a:1", "a:3", "a:5"}


def test_what_must_not_train_changes_nothing_when_it_is_poisoned() -> None:
    clean = divided()
    trained = set(clean.test.trace.clip_ids)
    poisoned = [
        replace(
            one,
            clips=tuple(
                clip if f"{one.dataset}:{clip.clip_id}" in trained else replace(clip, joints=clip.joints + 100)
                for clip in one.clips
            ),
        )
        for one in SETS
    ]
    other = divided(sets=poisoned)
    assert clean.calibration is not None
    assert other.calibration is not None
    for before, after in ((clean.test, other.test), (clean.calibration, other.calibration)):
        assert before.trace == after.trace
        for one, two in zip(before.train.clips, after.train.clips, strict=True):
            np.testing.assert_array_equal(one.joints, two.joints)
    assert max(abs(clip.joints).max() for clip in other.test.test_unseen.clips) > 90


@settings(max_examples=30)
@given(st.sets(st.integers(0, 5), min_size=1, max_size=3), st.sampled_from(["odd", "even", "1,2,3"]))
def test_no_split_and_no_rule_lets_an_unseen_class_in(unseen: set[int], rule: str) -> None:
    data = DataSettings.model_validate(
        {"dataset": "a", "train_subjects": rule, "more": [{"dataset": "b"}, {"dataset": "c"}]}
    )
    classes = classes_of()
    split = joined_split(build_split("s", sorted(unseen), 6), classes, data.joining)
    joined = joined_division(data, split, classes)
    levels = Division(split=split, train_subjects=rule, joined=joined, unseen_from="training_subjects").levels(
        join_clips(SETS, classes)
    )
    for _, task in levels.items():
        assert task.split.unseen
        for seen in {clip.label for clip in task.train.clips}:
            assert seen is not None
            assert seen not in task.split.unseen
            # Seen and unseen classes of the data set itself may be alike: that is the protocol.
            assert seen < classes.own or all(classes.likeness(seen, u) < 0.65 for u in task.split.unseen)
        assert all(clip.clip_id.startswith("a:") for part in (task.test_seen, task.test_unseen) for clip in part.clips)


def test_one_recording_in_two_data_sets_is_refused() -> None:
    twin = replace(SETS[1].clips[0], joints=SETS[0].clips[3].joints)
    with pytest.raises(LeakageError, match="'a:c0-s4-r0' and 'b:c0-s1-r0' are the same recording"):
        divided(sets=[SETS[0], replace(SETS[1], clips=(twin, *SETS[1].clips[1:])), SETS[2]])


def test_an_unseen_class_needs_test_clips_of_the_data_set_that_tests() -> None:
    """Clips of another data set's class that was merged with it are no substitute."""
    without = SETS[0].where(clip.label != 4 for clip in SETS[0].clips)
    with pytest.raises(SadvaeError, match="needs clips of bend"):
        divided(sets=[without, *SETS[1:]])


def test_a_held_out_class_needs_clips_of_the_data_set_that_tests() -> None:
    without = SETS[0].where(clip.label != 2 for clip in SETS[0].clips)
    with pytest.raises(SadvaeError, match="needs clips of wave"):
        divided(sets=[without, *SETS[1:]])


def test_a_search_holds_out_classes_of_the_data_set_that_tests_alone() -> None:
    classes = classes_of()
    split = joined_split(build_split("s", list(UNSEEN), 6, HELD), classes, DATA.joining)
    division = Division(split=split, joined=joined_division(DATA, split, classes))
    settings = ExperimentSettings(name="x", data=DATA, split=SplitSettings(name="s"))
    drawn = [_other(settings, division, number).split.validation_unseen for number in range(1, 20)]
    assert {c for held in drawn for c in held or ()} == {0, 1, 2, 3}
