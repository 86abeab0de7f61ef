"""Joining class lists by their words: what becomes one class, what stays apart, and what a person decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.joining import joined_classes
from sadvae.settings import DataSettings, JoiningSettings
from sadvae.text.class_lists import class_texts
from sadvae.text.merging import ClassList, JoinedClasses, join_classes, may_be_one, words_of
from sadvae.types import ClassTexts


def listed(dataset: str, **angles: float) -> ClassList:
    """Classes on a circle, one degree each: the cosine of two is that of the difference of their angles."""
    names = tuple(name.replace("_", " ") for name in angles)
    turned = np.radians(list(angles.values()))
    vectors = np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)
    return ClassList(dataset, ClassTexts(tuple(range(len(names))), names, ((),) * len(names)), vectors)


def shown(joined: JoinedClasses) -> list[str]:
    return [" = ".join(map(str, members)) for members in joined.members]


def test_equal_names_and_alike_vectors_are_one_class_and_ids_of_the_first_list_stay() -> None:
    own, other = listed("a", jog=0, Draw_X=90), listed("b", hop=180, draw_x=120, jogging=10)
    joined = join_classes([own, other], 0.9)
    assert shown(joined) == ["jog (a) = jogging (b)", "Draw X (a) = draw x (b)", "hop (b)"]
    assert joined.texts.names == ("jog", "Draw X", "hop")
    assert joined.ids_of("a") == {0: 0, 1: 1}
    assert joined.ids_of("b") == {0: 2, 1: 1, 2: 0}
    assert joined.own == 2
    assert joined.likeness(0, 1) == pytest.approx(np.cos(np.radians(80)), abs=1e-6)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("swipe left", "swipe right"),
        ("sit to stand", "stand to sit"),
        ("draw circle", "draw circle (clockwise)"),
        ("put on a hat", "take off a hat"),
        ("wave", "wave both hands"),
    ],
)
def test_sides_directions_and_the_order_of_words_tell_actions_apart(one: str, other: str) -> None:
    assert not may_be_one(one, other)
    assert may_be_one(one, one.upper())
    joined = join_classes([listed("a", **{one: 0}), listed("b", **{other: 0})], 0.9)
    assert shown(joined) == [f"{one} (a)", f"{other} (b)"]


def test_a_class_merges_with_its_nearest_alone_and_takes_one_of_a_list() -> None:
    crowded = join_classes([listed("a", jog=0), listed("b", run=1, sprint=2)], 0.9)
    assert shown(crowded) == ["jog (a) = run (b)", "sprint (b)"]
    # The nearest is a twin of the other side: the second nearest does not get it instead.
    twins = join_classes([listed("a", swipe_left=0, push=10), listed("b", swipe_right=1)], 0.9)
    assert shown(twins) == ["swipe left (a)", "push (a)", "swipe right (b)"]
    # Equal words come first, so that the other stays apart rather than join what is less like it.
    equal = join_classes([listed("a", jog=0, walk=15), listed("b", jog=10, trot=1)], 0.9)
    assert shown(equal) == ["jog (a) = jog (b)", "walk (a)", "trot (b)"]


def test_a_third_list_joins_what_the_second_added() -> None:
    joined = join_classes([listed("a", jog=0), listed("b", hop=90), listed("c", hop=90, skip=91)], 0.9)
    assert shown(joined) == ["jog (a)", "hop (b) = hop (c)", "skip (c)"]
    assert joined.merged == (joined.members[1],)
    assert joined.close_to((0,), 0.9) == {}
    assert set(joined.close_to((0,), -1.0)) == {1, 2}


def test_a_class_of_a_third_list_may_be_like_any_member() -> None:
    joined = join_classes([listed("a", jog=0), listed("b", run=20), listed("c", sprint=40)], 0.9)
    assert shown(joined) == ["jog (a) = run (b) = sprint (c)"]


def test_a_person_decides() -> None:
    own, other = listed("a", jog=0, bend=90), listed("b", jog=0, bow=150)
    told = join_classes([own, other], 0.9, same=[("bend", "b: bow")], different=[("jog", "jog")])
    assert shown(told) == ["jog (a)", "bend (a) = bow (b)", "jog (b)"]
    assert told.texts.names == ("jog", "bend", "jog (b)")
    with pytest.raises(SadvaeError, match="'bend' and 'bowing'"):
        join_classes([own, other], 0.9, same=[("bend", "bowing")])
    with pytest.raises(SadvaeError, match="no two data sets"):
        join_classes([own, other], 0.9, same=[("a: jog", "a: bend")])


def test_the_lists_that_come_with_sadvae_merge_as_the_page_says() -> None:
    names: Sequence[str] = ("msr_action3d", "generated")
    data = DataSettings.model_validate({"dataset": "utd_mhad", "more": [{"dataset": name} for name in names]})
    joined = joined_classes(data)
    merged = {tuple(m.name for m in members) for members in joined.merged}
    assert merged == {
        ("clap", "hand clap"),
        ("draw x", "draw x"),
        ("tennis swing", "tennis swing"),
        ("tennis serve", "tennis serve"),
        ("pickup and throw", "pickup and throw"),
        ("jog", "jogging"),
        ("squat", "squat"),
    }
    assert joined.texts.names[:27] == class_texts("utd_mhad").names
    assert joined.texts.descriptions[:27] == class_texts("utd_mhad").descriptions
    assert len(joined.members) == 27 + 20 + 36 - 7
    close = {joined.texts.names[c] for c in joined.close_to((joined.texts.names.index("boxing"),), 0.65)}
    assert {"side boxing", "forward punch"} <= close
    assert JoiningSettings().close == 0.65


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert words_of("Draw circle (counter-clockwise)") == ("draw", "circle", "counter", "clockwise")
