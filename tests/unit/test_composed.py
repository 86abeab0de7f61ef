"""Composed movements: what is drawn, how it looks as a body, and the sentences that say it."""

import re
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.skeleton.composed import Composed, ComposeSettings, compose, named
from sadvae.skeleton.composed.movement import Body, Kind, Limb, Movement, Pace, Side, draw_movement
from sadvae.skeleton.composed.perform import perform_movement
from sadvae.skeleton.composed.places import PLACES
from sadvae.skeleton.composed.sentences import describe_movement
from sadvae.skeleton.generated.body import ARMS, BONES, LEGS
from sadvae.skeleton.generated.subjects import Subject, draw_subject

LEFT, RIGHT = 0, 1
SHOULDER, WRIST, ANKLE = 0, 2, 2
Array = np.ndarray[Any, np.dtype[np.float64]]
ARM = Movement("right", "stroke", ("hanging", "top", "face"), "none", "right", False, "usual", 0, 0.3, True, 0)


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def person(style: float = 0.0, seed: int = 0) -> Subject:
    return draw_subject(rng(seed), style, 0.0)


def performed(movement: Movement, style: float = 0.0, seed: int = 1) -> Array:
    return perform_movement(movement, person(style, seed), rng(seed, 1), style)


def drawn(count: int) -> list[Movement]:
    return [draw_movement(rng(3, number)) for number in range(count)]


def reach(joints: Array, side: int) -> Array:
    """The wrist of an upright person from its shoulder, (outward, up, forward) in arm lengths, [frame, 3]."""
    shoulder, elbow, wrist = (joints[:, ARMS[side][joint]] for joint in range(3))
    length = np.linalg.norm(elbow - shoulder, axis=1) + np.linalg.norm(wrist - elbow, axis=1)
    return (wrist - shoulder) * [1 if side == RIGHT else -1, 1, -1] / length[:, None]


def travel(joints: Array, side: int) -> float:
    path = reach(joints, side)
    return float(np.linalg.norm(path - path[0], axis=1).max())


@pytest.fixture(scope="module")
def composed() -> Composed:
    return compose(ComposeSettings(movements=40, repetitions=2, seed=7))


def test_the_set_has_every_movement_and_repetition_once(composed: Composed) -> None:
    clips = composed.clips
    assert (clips.dataset, clips.layout.name, clips.steps) == ("composed", "kinect-v2", ())
    assert [clip.label for clip in clips.clips] == [number for number in range(40) for _ in range(2)]
    assert len(set(clips.class_names)) == len(composed.sentences) == len(composed.names) == 40
    assert len({clip.subject for clip in clips.clips}) == 80
    for clip in clips.clips:
        assert clip.joints.dtype == np.float32
        assert clip.joints.shape[0] == 1
        assert clip.joints.shape[2:] == (25, 3)
        assert 30 <= clip.joints.shape[1] <= 90
        assert np.isfinite(clip.joints).all()


def test_the_same_seed_gives_the_same_and_another_seed_others(composed: Composed) -> None:
    again = compose(ComposeSettings(movements=40, repetitions=2, seed=7))
    other = compose(ComposeSettings(movements=40, repetitions=2, seed=8))
    for one, same in zip(composed.clips.clips, again.clips.clips, strict=True):
        np.testing.assert_array_equal(one.joints, same.joints)
    assert (composed.sentences, composed.names) == (again.sentences, again.names)
    assert sum(one == two for one, two in zip(composed.sentences, other.sentences, strict=True)) < 4


def test_a_movement_does_not_depend_on_how_many_others_there_are(composed: Composed) -> None:
    few = compose(ComposeSettings(movements=3, repetitions=1, seed=7))
    among = {clip.clip_id: clip for clip in composed.clips.clips}
    for clip in few.clips.clips:
        np.testing.assert_array_equal(among[clip.clip_id].joints, clip.joints)
    assert few.sentences == composed.sentences[:3]
    assert few.names == composed.names[:3]


def test_without_noise_bones_keep_their_lengths_and_feet_stay_above_the_floor() -> None:
    for number, movement in enumerate(drawn(60)):
        joints = performed(movement, style=1.0, seed=number)
        for parent, child in BONES:
            length = np.linalg.norm(joints[:, child] - joints[:, parent], axis=1)
            assert np.ptp(length) < 1e-5, (movement, parent, child)
        assert joints[:, :, 1].min() > -0.05
        assert joints[:, 3, 1].max() < 2.5
    clips = compose(ComposeSettings(movements=5, repetitions=1, noise=0)).clips
    for clip in clips.clips:
        thigh = np.linalg.norm(clip.joints[0, :, 13] - clip.joints[0, :, 12], axis=1)
        assert np.ptp(thigh) < 1e-4


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("kind", [kind for kind in get_args(Kind) if kind != "hold"])
def test_the_hand_that_is_named_moves_and_the_other_one_hangs(side: Side, kind: Kind) -> None:
    places = ("chest", "top", "face") if kind in ("swing", "circle") else ARM.places
    movement = replace(ARM, limb=side, kind=kind, places=places)
    joints = performed(movement, style=0.5)
    own, other = (RIGHT, LEFT) if side == "right" else (LEFT, RIGHT)
    assert travel(joints, own) > 5 * travel(joints, other)
    text = " ".join(describe_movement(movement, rng(0))[0])
    assert f"he {side} hand" in text
    assert f"Only the {side} arm moves" in text


def test_both_hands_move_alike_or_one_after_the_other() -> None:
    together = performed(replace(ARM, limb="both", kind="shuttle"))
    np.testing.assert_allclose(reach(together, LEFT), reach(together, RIGHT), atol=1e-9)
    in_turn = performed(replace(ARM, limb="in turn", kind="shuttle"))
    right, left = (reach(in_turn, side)[:, 1] for side in (RIGHT, LEFT))
    middle = slice(len(right) // 4, -len(right) // 4)
    assert np.corrcoef(right[middle], left[middle])[0, 1] < -0.9


def test_strokes_go_where_their_sentences_say() -> None:
    checked = 0
    for movement in drawn(400):
        if movement.kind != "stroke" or movement.repeated or movement.limb not in ("right", "left"):
            continue
        alone = replace(movement, body="none")
        path = reach(performed(alone), RIGHT if alone.limb == "right" else LEFT)
        start, end = path[round(0.22 * len(path))], path[round(0.78 * len(path))]
        said = " ".join(describe_movement(alone, rng(0))[1])
        for word, axis, sign in (
            ("up", 1, 1),
            ("down", 1, -1),
            ("forward", 2, 1),
            ("outward", 0, 1),
            ("across", 0, -1),
        ):
            if re.search(rf"\b{word}\b", said):
                assert sign * (end - start)[axis] > 0.1, (alone.places, said)
                checked += 1
    assert checked > 40


@pytest.mark.parametrize("place", list(PLACES))
@pytest.mark.parametrize(("limb", "side"), [("right", RIGHT), ("left", LEFT)])
def test_a_hand_is_held_where_its_place_says(place: str, limb: Limb, side: int) -> None:
    joints = performed(replace(ARM, limb=limb, kind="hold", places=(place, "top", "face")))
    path = reach(joints, side)
    np.testing.assert_allclose(path[len(path) // 2], PLACES[place].at, atol=0.02)


def test_clockwise_is_so_for_the_person_with_either_hand() -> None:
    for limb, side in (("right", RIGHT), ("left", LEFT)):
        for clockwise in (True, False):
            circle = replace(ARM, limb=limb, kind="circle", places=("chest", "top", "face"), clockwise=clockwise)
            path = reach(performed(circle), side)
            rightward = path[:, 0] * (1 if side == RIGHT else -1)
            middle = slice(len(path) // 4, -len(path) // 4)
            x, y = rightward[middle] - rightward[middle].mean(), path[middle, 1] - path[middle, 1].mean()
            turned = (x[:-1] * y[1:] - x[1:] * y[:-1]).sum()
            assert (turned < 0) == clockwise
            said = describe_movement(circle, rng(0))[0][0]
            assert ("circle clockwise" in said) == clockwise


def test_trunk_and_legs_do_what_they_are_said_to() -> None:
    def body(name: Body, side: Side = "right") -> Array:
        return performed(replace(ARM, limb="none", body=name, side=side))

    low = {name: np.ptp(body(name)[:, 0, 1]) for name in get_args(Body)}
    for name in ("squat", "lunge", "sit", "rise", "low", "jump"):
        assert low[name] > 0.15, name
    for name in ("none", "lean", "twist", "kick"):
        assert low[name] < 0.05, name
    assert body("sit")[-1, 0, 1] < body("sit")[0, 0, 1] - 0.2
    assert body("rise")[-1, 0, 1] > body("rise")[0, 0, 1] + 0.2
    assert body("jump")[:, LEGS[LEFT][ANKLE], 1].max() > 0.2
    for name in ("step", "lunge", "kick", "side kick", "raise knee"):
        for side, own in zip(get_args(Side), (RIGHT, LEFT), strict=True):
            ankles = body(name, side)[:, [LEGS[LEFT][ANKLE], LEGS[RIGHT][ANKLE]]]
            way = np.linalg.norm(ankles - ankles[0], axis=2).max(axis=0)
            assert way[own] > 0.25 > 0.1 > way[1 - own], (name, side)
    assert body("lean")[:, 3, 0].max() > 0.2 > 0.05 > -body("lean")[:, 3, 0].min()
    assert (-body("lean", "left")[:, 3, 0]).max() > 0.2
    turned = body("twist")[:, ARMS[LEFT][SHOULDER], 2]
    assert turned.min() < turned[0] - 0.05, "a twist to the right brings the left shoulder forward"


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_seed_draws_a_valid_movement_and_whole_sentences(seed: int) -> None:
    generator = rng(seed)
    movement = draw_movement(generator)
    chosen = (movement.limb, movement.kind, movement.body, movement.side, movement.pace)
    for value, options in zip(chosen, (Limb, Kind, Body, Side, Pace), strict=True):
        assert value in get_args(options)
    assert set(movement.places) <= set(PLACES)
    assert (movement.limb, movement.body) != ("none", "none")
    assert movement.axis in (0, 1, 2)
    assert movement.plane in (0, 1, 2)
    assert 0.1 < movement.size < 0.5
    sentences, parts = describe_movement(movement, generator)
    name = named(parts)
    assert 2 <= len(sentences) <= 4
    for sentence in sentences:
        assert re.fullmatch(r"[A-Z][a-zA-Z,;. ]+\.", sentence), sentence
        assert not re.search(r"  | [,.;]|,,|\.\.|to at |from at ", sentence), sentence
    assert name
    assert name == name.strip()
    assert "  " not in name
    text = " ".join(sentences)
    if movement.limb in ("right", "left"):
        assert f"he {movement.limb} hand" in text or f"he {movement.limb} arm" in text
    if movement.body in ("kick", "step", "lean", "twist"):
        assert movement.side in text


@pytest.mark.parametrize(
    "changes",
    [
        {"movements": 0}, {"movements": 2.5}, {"movements": "many"}, {"repetitions": 0}, {"seed": -1},
        {"style": float("nan")}, {"noise": -0.1}, {"view_degrees": 200}, {"speed": 1},
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused_in_one_sentence(changes: dict[str, Any]) -> None:
    with pytest.raises(SadvaeError, match=rf"^composed movements: {next(iter(changes))}: [^\n]+ \(found .+\)\.$"):
        ComposeSettings(**changes)
