"""Landmarks become joints of our axes, bodies move as they do in the picture, and gaps in time are filled or said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.skeleton.estimate_forms import parse_estimate
from sadvae.skeleton.joint_maps import map_clip
from sadvae.skeleton.layouts import load_layout
from sadvae.video.poses import DISTANCE, Gap, Landmarks, clip_joints, fill_gaps, gaps_of, hip_places
from sadvae.video.read import LAYOUT, clip_of
from sadvae.video.settings import VideoSettings

JOINTS = load_layout(LAYOUT).joints


def body(seed: int = 0) -> np.ndarray:
    """Landmarks around the middle of the hips, as the estimator gives them."""
    world = np.random.default_rng(seed).normal(size=(33, 3)) * 0.4
    return world - world[[23, 24]].mean(axis=0)


def seen(world: np.ndarray, at: tuple[float, float] = (0.0, 0.0), scale: float = 150.0) -> Landmarks:
    """What a camera far away makes of a body at a place in its plane, metres."""
    return Landmarks(world, scale * (world[:, :2] + np.array(at)))


def test_axes_are_those_of_the_reader_of_files() -> None:
    world = body()
    marks = [{"x": x, "y": y, "z": z, "visibility": 1.0} for x, y, z in world.tolist()]
    (person,) = parse_estimate([{"pose_world_landmarks": marks}], "here").frames[0]
    assert np.allclose(clip_joints([seen(world)])[0], person.joints + np.array([0, 0, DISTANCE]), atol=1e-6)


def test_no_joint_counts_as_lost_where_the_hips_are_the_origin() -> None:
    clip = clip_of([seen(body())] * 8, 30, "still", "here", VideoSettings()).clip
    assert map_clip(clip, load_layout("kinect-v2")).joints.any(axis=3).all()


def test_who_faces_the_camera_has_the_right_hand_at_larger_x_and_the_nose_nearer() -> None:
    world = np.zeros((33, 3))
    world[:, 1] = np.linspace(-0.7, 0.8, 33)
    # In a picture that is not mirrored the right hand of a person who faces the camera is at the left side.
    world[JOINTS.index("right wrist")] = [-0.4, -0.5, 0.0]
    world[JOINTS.index("left wrist")] = [0.4, 0.2, 0.0]
    world[JOINTS.index("nose"), 2] = -0.2
    clip = clip_of([seen(world)] * 8, 30, "facing", "here", VideoSettings()).clip
    kinect = map_clip(clip, load_layout("kinect-v2"))
    right, left = (kinect.joints[0, 0, kinect.layout.joints.index(f"{side} wrist")] for side in ("right", "left"))
    assert right[0] - left[0] == pytest.approx(0.8, abs=1e-5)
    assert right[1] - left[1] == pytest.approx(0.7, abs=1e-5)
    nose = clip.joints[0, 0, JOINTS.index("nose")]
    assert nose[2] - DISTANCE == pytest.approx(-0.2, abs=1e-6)


@given(st.integers(0, 1000), st.floats(20, 800))
def test_bodies_move_as_their_hips_do_in_the_picture(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(12, 2))
    found = [seen(body(seed + frame), (x, y), scale) for frame, (x, y) in enumerate(places.tolist())]
    hips = clip_joints(found)[:, [23, 24]].mean(axis=1)
    assert np.allclose(hips, np.column_stack([-places, np.full(12, DISTANCE)]), atol=1e-4)


def test_a_body_without_extent_in_the_picture_stays_at_the_origin() -> None:
    world = np.stack([body()] * 3)
    assert not hip_places(world, np.zeros((3, 33, 2))).any()


def test_short_gaps_are_crossed_straight_and_long_ones_and_ends_stay_empty() -> None:
    pose = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
    frames = [None, 0, None, None, None, 4, None, None, None, None, 9, None]
    joints = np.stack([pose * 0 if f is None else pose + f for f in frames]).astype(np.float32)
    filled, left = fill_gaps(joints, gaps_of(frames), longest=3)
    assert left == [Gap(0, 0), Gap(6, 9), Gap(11, 11)]
    for frame in range(1, 6):
        assert np.allclose(filled[frame], pose + frame - 1, atol=1e-5)
    assert not filled[[0, 6, 7, 8, 9, 11]].any()
    assert np.array_equal(filled[[1, 5, 10]], joints[[1, 5, 10]])


def test_what_has_no_person_is_counted_and_said() -> None:
    found = [*[seen(body())] * 10, *[None] * 3, *[seen(body())] * 10, *[None] * 30, *[seen(body())] * 10]
    video = clip_of(found, 30.0, "walk", "walk.mp4", VideoSettings(longest_gap=0.5))
    assert (video.found, video.filled) == (30, 3)
    assert video.clip.joints.shape == (1, 63, 33, 3)
    assert video.notes == (
        "walk: 3 frames without a person were interpolated.",
        "walk: 30 of 63 frames have no person and are left out (the longest stretch is from 0.8 to 1.8 seconds).",
    )
    assert clip_of([seen(body())] * 9, 30.0, "walk", "walk.mp4", VideoSettings()).notes == ()


@pytest.mark.parametrize(("persons", "said"), [(0, "in any of its 20 frames"), (4, "in 4 of its 20 frames")])
def test_too_few_persons_are_one_sentence(persons: int, said: str) -> None:
    found = [seen(body())] * persons + [None] * (20 - persons)
    with pytest.raises(SadvaeError, match=rf"empty.mp4: no person was found {said}; 5 are needed"):
        clip_of(found, 30, "empty", "empty.mp4", VideoSettings())
