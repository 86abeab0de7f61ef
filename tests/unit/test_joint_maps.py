"""Joint maps: between all built-in layouts, on generated motion, and on the real Kinect v1 clips."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.joint_maps import joint_map, map_clip
from sadvae.skeleton.layouts import layout_names, load_layout
from sadvae.skeleton.preprocess import prepare_clip_set
from sadvae.skeleton.read import read_clip_set
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.types import ClipSet, Layout
from tests.conftest import STICK

V1, V2 = load_layout("kinect-v1"), load_layout("kinect-v2")


@pytest.fixture(scope="module")
def motion() -> ClipSet:
    actions = ("wave the right hand", "squat", "kick forward with the right leg")
    return generate_clip_set(actions=actions, subjects=2, repetitions=1)


@pytest.mark.parametrize(("source", "target"), list(permutations(layout_names(), 2)))
def test_any_layout_can_be_brought_to_any_other(source: str, target: str) -> None:
    made = joint_map(load_layout(source), load_layout(target))
    sums = made.weights.sum(axis=1)
    known = np.array([how != "missing" for how in made.how])
    np.testing.assert_allclose(sums, known, atol=1e-6)
    assert made.sentence.startswith(f"{source} was mapped to {target}: ")
    for name in made.joints_that_are("missing"):
        assert name in made.sentence
    mirror = made.target.mirror
    np.testing.assert_allclose(made.weights, made.weights[list(mirror)][:, list(made.source.mirror)], atol=1e-6)
    assert [made.how[joint] for joint in mirror] == list(made.how)


def test_generated_kinect_v2_motion_becomes_kinect_v1(motion: ClipSet) -> None:
    names = {"spine": "middle of the spine", "hip center": "base of the spine"}
    names["shoulder center"] = "spine between the shoulders"
    for clip in motion.clips:
        found = map_clip(clip, V1)
        assert (found.layout, found.label, found.clip_id) == (V1, clip.label, clip.clip_id)
        for place, joint in enumerate(V1.joints):
            same = clip.joints[:, :, V2.joints.index(names.get(joint, joint))]
            assert found.joints[:, :, place].tobytes() == np.ascontiguousarray(same).tobytes()


def test_kinect_v1_to_v2_says_what_is_made_and_what_is_missing() -> None:
    made = joint_map(V1, V2)
    assert made.joints_that_are("missing") == ("left thumb", "right thumb")
    assert made.joints_that_are("extrapolated") == ("left hand tip", "right hand tip")
    joints = np.zeros((1, 1, 20, 3), np.float32)
    joints[..., V1.joints.index("left wrist"), :] = [1, 1, 0]
    joints[..., V1.joints.index("left hand"), :] = [1.5, 1, 0]
    found = made.apply(joints)[0, 0]
    np.testing.assert_allclose(found[V2.joints.index("left hand tip")], [2, 1, 0])
    assert not found[V2.joints.index("left thumb")].any()
    assert not found[V2.joints.index("right hand tip")].any()
    assert not found[V2.joints.index("neck")].any()


@pytest.mark.parametrize("name", [name for name in layout_names() if name != "kinect-v2"])
def test_there_and_back_keeps_what_both_know_and_can_be_prepared(name: str, motion: ClipSet) -> None:
    other = load_layout(name)
    there, back = joint_map(V2, other), joint_map(other, V2)
    kept = [
        place
        for place, how in enumerate(back.how)
        if how == "same" and there.how[int(np.flatnonzero(back.weights[place])[0])] == "same"
    ]
    assert len(kept) >= 12
    for clip in motion.clips:
        again = map_clip(map_clip(clip, other), V2)
        np.testing.assert_array_equal(again.joints[:, :, kept], clip.joints[:, :, kept])
    mapped = ClipSet("mapped", other, tuple(map_clip(clip, other) for clip in motion.clips), motion.class_names)
    prepared, dropped = prepare_clip_set(mapped, PrepareSettings())
    assert not dropped
    assert all(clip.joints.any(axis=3).all() for clip in prepared.clips)


def test_mapped_bodies_stand_in_the_same_frame(motion: ClipSet) -> None:
    settings = PrepareSettings()
    own, _ = prepare_clip_set(motion, settings)
    again = ClipSet("again", V2, tuple(map_clip(map_clip(clip, V1), V2) for clip in motion.clips), motion.class_names)
    back, _ = prepare_clip_set(again, settings)
    both = [place for place, how in enumerate(joint_map(V1, V2).how) if how == "same"]
    for one, other in zip(own.clips, back.clips, strict=True):
        np.testing.assert_allclose(one.joints[:, :, both], other.joints[:, :, both], atol=1e-5)


def test_a_lost_joint_loses_what_is_made_of_it(motion: ClipSet) -> None:
    joints = motion.clips[0].joints.copy()
    joints[0, 3, V2.joints.index("left shoulder")] = 0
    found = joint_map(V2, load_layout("h36m-17")).apply(joints)
    assert not found[0, 3, 11].any()
    assert found[0, 4, 11].any()


def test_layouts_of_users_are_mapped_by_names_and_refused_without_landmarks() -> None:
    tailed = Layout("tailed", (*(f"x {name}" for name in STICK.joints),), (), (0, 1), 2, (3, 4))
    with pytest.raises(
        SadvaeError, match="'tailed' cannot be mapped to 'kinect-v2': it has nothing to make the left hip"
    ):
        joint_map(tailed, V2)
    own = Layout("own", ("LEFT HIP", "right hip", "nose", "left shoulder", "right shoulder"), (), (0, 1), 2, (3, 4))
    made = joint_map(own, V2)
    assert made.how[V2.hips[0]] == "same"
    assert made.how[V2.spine] == "mean"


def test_real_kinect_v1_clips_become_kinect_v2_bodies(real_data: Path) -> None:
    clips = read_clip_set(real_data / "utd_mhad").clips[::40]
    made = joint_map(V1, V2)
    neck, head = (V2.joints.index(name) for name in ("neck", "head"))
    for clip in clips:
        mapped = map_clip(clip, V2)
        assert (mapped.joints[:, :, head, 1] > mapped.joints[:, :, neck, 1]).mean() > 0.95
        np.testing.assert_array_equal(map_clip(mapped, V1).joints, clip.joints)
    assert made.joints_that_are("missing") == ("left thumb", "right thumb")
