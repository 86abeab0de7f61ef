"""The generated clip set: its settings, its seed, its sensor, and the words for its classes."""

import json
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.skeleton.generated import ACTIONS, GeneratedSettings, action_names, generate_clip_set
from sadvae.skeleton.generated.sensor import add_noise, drop_joints, seen_from_camera
from sadvae.types import ClassSplit

FEW = ("wave the right hand", "squat", "throw a ball")


def split() -> ClassSplit:
    value = json.loads((files("sadvae.skeleton.generated") / "split.json").read_text("utf-8"))
    seen = tuple(i for i in range(len(ACTIONS)) if i not in value["unseen"])
    return ClassSplit("generated", seen, tuple(value["unseen"]), tuple(value["validation_unseen"]))


def test_the_set_has_every_action_subject_and_repetition_once() -> None:
    clips = generate_clip_set(subjects=2, repetitions=2)
    assert len(clips.clips) == len(ACTIONS) * 4
    assert clips.dataset == "generated"
    assert clips.layout.name == "kinect-v2"
    assert clips.class_names == action_names()
    assert clips.steps == ()
    assert {(c.label, c.subject) for c in clips.clips} == {(i, s) for i in range(len(ACTIONS)) for s in ("1", "2")}
    lengths = {clip.joints.shape[1] for clip in clips.clips}
    assert min(lengths) >= 40
    assert max(lengths) <= 90
    assert len(lengths) > 10
    assert all(clip.joints.shape[0] == 1 and clip.joints.shape[2:] == (25, 3) for clip in clips.clips)


def test_the_same_seed_gives_the_same_clips_and_another_seed_others() -> None:
    first, again, other = (generate_clip_set(actions=FEW, subjects=2, seed=seed) for seed in (5, 5, 6))
    for one, same in zip(first.clips, again.clips, strict=True):
        np.testing.assert_array_equal(one.joints, same.joints)
    assert any(a.joints.shape != b.joints.shape for a, b in zip(first.clips, other.clips, strict=True))


def test_a_clip_does_not_depend_on_what_else_is_generated() -> None:
    alone = generate_clip_set(actions=("squat",), subjects=1, repetitions=1).clips[0]
    among = {clip.clip_id: clip for clip in generate_clip_set(actions=FEW, subjects=3, repetitions=2).clips}
    assert alone.label == action_names().index("squat")
    np.testing.assert_array_equal(among[alone.clip_id].joints, alone.joints)


def test_subjects_differ_and_keep_their_body() -> None:
    clips = generate_clip_set(actions=FEW, subjects=4, repetitions=2, noise=0, dropped=0).clips
    thigh = {
        number: {
            round(float(np.linalg.norm(c.joints[0, 0, 13] - c.joints[0, 0, 12])), 5)
            for c in clips
            if c.subject == number
        }
        for number in ("1", "2", "3", "4")
    }
    assert all(len(lengths) == 1 for lengths in thigh.values())
    assert len(set.union(*thigh.values())) == 4


def test_repetitions_of_one_subject_differ() -> None:
    first, second = generate_clip_set(actions=("squat",), subjects=1, repetitions=2, noise=0, dropped=0).clips
    assert first.joints.shape != second.joints.shape or not np.allclose(first.joints, second.joints, atol=0.01)


def test_bodies_stand_in_front_of_the_camera() -> None:
    for clip in generate_clip_set(actions=FEW, subjects=4, dropped=0).clips:
        centre = clip.joints[0, :, 0].mean(axis=0)
        assert abs(centre[0]) < 1
        assert 2 < centre[2] < 4.2
        assert clip.joints[0, 0, 3, 1] > clip.joints[0, 0, 0, 1] + 0.4


def test_the_view_stays_within_its_limit() -> None:
    body = np.zeros((1, 25, 3))
    body[0, 8, 0], body[0, 4, 0] = 0.2, -0.2
    for seed in range(50):
        seen = seen_from_camera(body, np.random.default_rng(seed), 30)[0]
        across = seen[8] - seen[4]
        assert np.linalg.norm(across) == pytest.approx(0.4)
        assert across[0] >= 0.4 * np.cos(np.deg2rad(30)) - 1e-9


def test_noise_has_the_size_that_is_asked_for() -> None:
    still = np.ones((400, 25, 3))
    error = add_noise(still, np.random.default_rng(0), 0.02) - still
    assert error[:, [0, 1, 3, 20]].std() == pytest.approx(0.02, rel=0.25)
    assert error[:, [6, 7, 14, 18]].std() == pytest.approx(0.04, rel=0.25)
    np.testing.assert_array_equal(add_noise(still, np.random.default_rng(0), 0.0), still)


def test_dropped_joints_are_exact_zeros_for_a_stretch_of_frames() -> None:
    joints = np.ones((60, 25, 3), np.float32)
    dropped = drop_joints(joints, np.random.default_rng(0), 5.0)
    lost = (dropped == 0).all(axis=2)
    assert lost.any()
    np.testing.assert_array_equal(dropped[~lost], 1)
    assert (joints == 1).all()
    assert lost.sum(axis=0)[lost.any(axis=0)].min() >= 4
    np.testing.assert_array_equal(drop_joints(joints, np.random.default_rng(0), 0.0), joints)


def test_a_generated_set_has_lost_joints_and_none_when_asked_for_none() -> None:
    lossy, whole = (generate_clip_set(actions=FEW, subjects=2, dropped=value).clips for value in (6.0, 0.0))
    assert any((clip.joints == 0).all(axis=3).any() for clip in lossy)
    assert not any((clip.joints == 0).all(axis=3).any() for clip in whole)


def test_the_share_of_left_handed_subjects_counts() -> None:
    clips = generate_clip_set(actions=("throw a ball",), subjects=6, repetitions=1, left_handed=1, noise=0, dropped=0)
    for clip in clips.clips:
        path = clip.joints[0] - clip.joints[0][:, :1]
        reach = np.linalg.norm(path - path[:1], axis=2).max(axis=0)
        assert reach[6] > reach[10]


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**40),
    st.floats(0, 2),
    st.floats(0, 180),
    st.floats(0, 0.2),
    st.floats(0, 50),
    st.integers(20, 120),
)
def test_any_settings_give_sound_clips(
    seed: int, style: float, view: float, noise: float, dropped: float, frames: int
) -> None:
    clips = generate_clip_set(
        subjects=1, repetitions=1, seed=seed, style=style, view_degrees=view, noise=noise, dropped=dropped,
        frames=(frames, frames),
    )  # fmt: skip
    assert all(clip.joints.shape[1] == frames for clip in clips.clips)
    assert all(np.abs(clip.joints).max() < 10 for clip in clips.clips)


def test_changes_are_made_to_the_settings_given() -> None:
    base = GeneratedSettings(actions=FEW, subjects=2, repetitions=1)
    assert len(generate_clip_set(base).clips) == 6
    assert len(generate_clip_set(settings=base, repetitions=2).clips) == 12


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"actions": ("fly",)}, "'fly'"),
        ({"actions": ()}, "none asked for"),
        ({"subjects": 0}, "subjects"),
        ({"noise": -1.0}, "noise"),
        ({"frames": (50, 40)}, "frames"),
        ({"colour": 1}, "colour"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SadvaeError, match=said) as caught:
        generate_clip_set(**changes)
    assert "\n" not in str(caught.value)


def test_texts_and_actions_agree() -> None:
    texts = json.loads((files("sadvae.text") / "data" / "generated.json").read_text("utf-8"))
    assert [entry["id"] for entry in texts] == list(range(len(ACTIONS)))
    assert tuple(entry["name"] for entry in texts) == action_names()
    descriptions = [sentence for entry in texts for sentence in entry["descriptions"]]
    assert all(len(entry["descriptions"]) == 2 for entry in texts)
    assert len(set(descriptions)) == len(descriptions)
    assert len(set(action_names())) == len(ACTIONS) >= 24


def stems(sentences: list[str]) -> set[str]:
    """The words of sentences without endings, so that "waving" and "waves" are one."""
    words = {word.strip(".,;").lower() for sentence in sentences for word in sentence.split()}
    return {word.removesuffix("ing").removesuffix("ed").rstrip("es") for word in words}


def test_every_unseen_action_is_a_new_composition_of_what_is_seen() -> None:
    texts = json.loads((files("sadvae.text") / "data" / "generated.json").read_text("utf-8"))
    for level in (split(), split().hold_out()):
        seen = [ACTIONS[i] for i in level.seen]
        words = stems([sentence for i in level.seen for sentence in (texts[i]["name"], *texts[i]["descriptions"])])
        motions = {move.motion for action in seen for move in action.moves}
        parts = {move.part for action in seen for move in action.moves}
        sides = {word for part in parts for word in part.split()}
        for action in (ACTIONS[i] for i in level.unseen):
            assert action.moves not in {other.moves for other in seen}
            assert all(move.motion in motions for move in action.moves), action.name
            assert all(move.part in parts or set(move.part.split()) <= sides for move in action.moves), action.name
            assert stems([action.name]) <= words, action.name
