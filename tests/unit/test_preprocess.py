"""Preparation: filling against np.interp, the body frame against known poses, and what is dropped and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from sadvae.errors import SadvaeError
from sadvae.skeleton.canonical import canonicalise, geometric_median, hip_centre
from sadvae.skeleton.cleaning import body_motion, bone_distances, drop_empty_frames, fill_lost_joints, keep_bodies
from sadvae.skeleton.clips_file import read_clips_file, write_clips_file
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.preprocess import prepare_clip_set
from sadvae.skeleton.read import read_clip_set
from sadvae.skeleton.recipe import PrepareSettings, settings_from_steps
from sadvae.types import ClipSet, FloatArray, Layout, SkeletonClip
from tests.conftest import STICK

# hips, spine (the joint above the hips), shoulders: trunk length 1, standing in the body frame.
UPRIGHT = np.array([[-0.2, 0, 0], [0.2, 0, 0], [0, 1, 0], [-0.4, 1.1, 0.1], [0.4, 1.1, 0.1]])


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def clip_of(joints: np.ndarray, name: str = "c", layout: Layout = STICK) -> SkeletonClip:
    return SkeletonClip(joints.astype(np.float32), layout, name)


def set_of(*clips: SkeletonClip) -> ClipSet:
    return ClipSet("some", clips[0].layout if clips else STICK, clips, ())


def prepared(joints: np.ndarray, layout: Layout = STICK, **changes: object) -> FloatArray:
    clips, dropped = prepare_clip_set(set_of(clip_of(joints, layout=layout)), PrepareSettings.model_validate(changes))
    assert dropped == ()
    return clips.clips[0].joints


def reason(joints: np.ndarray, **changes: object) -> str:
    clips, dropped = prepare_clip_set(set_of(clip_of(joints)), PrepareSettings.model_validate(changes))
    assert clips.clips == ()
    return dropped[0].reason


def moving(frames: int = 12, persons: int = 1, seed: int = 0) -> np.ndarray:
    """Bodies that stand upright with small movements, in the body frame: [person, frame, 5, 3]."""
    return UPRIGHT + rng(seed).normal(0, 0.05, size=(persons, frames, 5, 3)) + np.arange(persons)[:, None, None, None]


def with_losses(joints: np.ndarray, share: float, seed: int) -> np.ndarray:
    lost = rng(seed, 1).random(joints.shape[:3]) < share
    return np.where(lost[..., None], 0, joints)


# Cleaning.


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 0.95), st.integers(1, 12), st.integers(1, 3))
def test_lost_joints_are_filled_as_numpy_interpolates(seed: int, share: float, frames: int, persons: int) -> None:
    joints = with_losses(moving(frames, persons, seed), share, seed).astype(np.float32)
    known = np.any(joints, axis=3)
    ever = np.any(known, axis=1)
    filled = fill_lost_joints(joints, STICK)
    np.testing.assert_array_equal(filled[known], joints[known])
    time = np.arange(frames)
    for person, joint in np.argwhere(ever).tolist():
        at = known[person, :, joint]
        for axis in range(3):
            track = np.interp(time, time[at], joints[person, at, joint, axis])
            np.testing.assert_allclose(filled[person, :, joint, axis], track, atol=1e-5)
    assert np.any(filled[np.any(ever, axis=1)], axis=3).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 0.95))
def test_filling_twice_is_filling_once(seed: int, share: float) -> None:
    once = fill_lost_joints(with_losses(moving(8, 2, seed), share, seed).astype(np.float32), STICK)
    np.testing.assert_array_equal(fill_lost_joints(once, STICK), once)


def test_a_joint_that_was_never_measured_lies_on_its_neighbour() -> None:
    layout = load_layout("kinect-v1")
    joints = rng(0).normal(size=(1, 6, 20, 3)).astype(np.float32)
    hand, wrist, elbow = (layout.joints.index(f"left {part}") for part in ("hand", "wrist", "elbow"))
    joints[:, :, [hand, wrist]] = 0
    filled = fill_lost_joints(joints, layout)
    for joint in (hand, wrist):
        np.testing.assert_array_equal(filled[:, :, joint], joints[:, :, elbow])


def test_a_joint_that_a_second_person_never_had_is_put_at_that_persons_neighbour() -> None:
    joints = moving(persons=2).astype(np.float32)
    joints[1, :, 4] = 0
    filled = fill_lost_joints(joints, STICK)
    np.testing.assert_array_equal(filled[1, :, 4], joints[1, :, 2])


def test_bone_distances_count_bones() -> None:
    layout = load_layout("kinect-v2")
    joint = {name: index for index, name in enumerate(layout.joints)}
    distance = bone_distances(layout)
    np.testing.assert_array_equal(distance, distance.T)
    assert distance[joint["left hand"], joint["left shoulder"]] == 3
    assert distance[joint["left foot"], joint["right foot"]] == 8
    alone = replace(STICK, bones=())
    assert (bone_distances(alone)[0, 1:] > 5).all()


def test_bodies_are_ordered_by_motion_and_unseen_ones_left_out() -> None:
    still, wild, unseen, calm = (np.zeros((10, 5, 3)) for _ in range(4))
    still += UPRIGHT
    wild += UPRIGHT + rng(1).normal(0, 1, size=(10, 5, 3))
    calm += UPRIGHT + rng(2).normal(0, 0.1, size=(10, 5, 3))
    joints = np.stack([still, unseen, calm, wild]).astype(np.float32)
    np.testing.assert_array_equal(keep_bodies(joints, 5), joints[[3, 2, 0]])
    np.testing.assert_array_equal(keep_bodies(joints, 2), joints[[3, 2]])
    np.testing.assert_allclose(body_motion(joints), joints.astype(float).var(axis=1).sum(axis=(1, 2)), rtol=1e-6)


def test_motion_counts_measured_frames_only() -> None:
    joints = moving(10).astype(np.float32)
    lossy = np.concatenate([joints, np.zeros_like(joints)], axis=1)
    np.testing.assert_allclose(body_motion(lossy), body_motion(joints))


def test_frames_without_a_body_go_and_others_stay() -> None:
    joints = moving(6, 2).astype(np.float32)
    joints[:, [0, 3]] = 0
    joints[0, 5] = 0
    np.testing.assert_array_equal(drop_empty_frames(joints), joints[:, [1, 2, 4, 5]])


# The body frame.


def turn(seed: int) -> np.ndarray:
    """A random rotation matrix."""
    return Rotation.from_quat(rng(seed, 2).normal(size=4)).as_matrix()


ROTATIONS = st.integers(0, 10**6).map(turn)
SHIFTS = hnp.arrays(np.float64, 3, elements=st.floats(-4, 4))


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 10**6), ROTATIONS, SHIFTS, st.floats(0.3, 3), st.sampled_from(["stick", "kinect-v1", "kinect-v2"])
)
def test_the_body_frame_does_not_depend_on_place_direction_and_size(
    seed: int, rotation: np.ndarray, shift: np.ndarray, scale: float, name: str
) -> None:
    if name == "stick":
        layout, joints = STICK, moving(15, 2, seed)
    else:
        layout = load_layout(name)
        joints = rng(seed).normal(size=(1, 1, len(layout.joints), 3)) + rng(seed, 1).normal(
            0, 0.05, size=(2, 15, len(layout.joints), 3)
        )
        assume(prepare_clip_set(set_of(clip_of(joints, layout=layout)), PrepareSettings())[1] == ())
    there = scale * joints @ rotation.T + shift
    assume((np.abs(there).max(axis=3) > 1e-3).all())
    base, other = prepared(joints, layout), prepared(there, layout)
    np.testing.assert_allclose(other, base, atol=2e-4 * max(1, float(np.abs(base).max()) ** 2))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), ROTATIONS, SHIFTS, st.floats(0.3, 3))
def test_a_pose_that_is_known_in_the_body_frame_is_found(
    seed: int, rotation: np.ndarray, shift: np.ndarray, scale: float
) -> None:
    """The first frames are one pose in the body frame; what follows, and a second body, may be anything."""
    truth = np.concatenate([np.repeat(UPRIGHT[None], 10, axis=0), rng(seed).normal(size=(5, 5, 3))])
    both = np.stack([truth, 0.2 * rng(seed, 1).normal(size=(15, 5, 3)) + [0, 0, -2]])
    found = canonicalise((scale * both @ rotation.T + shift).astype(np.float32), STICK)
    np.testing.assert_allclose(found, both, atol=1e-4)


def test_canonicalising_twice_is_canonicalising_once() -> None:
    once = prepared(moving(15, 2) @ turn(3))
    np.testing.assert_allclose(canonicalise(once, STICK), once, atol=1e-5)


def test_right_stays_right_and_the_back_is_behind() -> None:
    """A body in front of a camera, facing it: right side at larger x, toes at smaller z."""
    layout = load_layout("kinect-v2")
    joint = {name: index for index, name in enumerate(layout.joints)}
    pose = np.tile([0.1, -0.2, 3.0], (25, 1))
    places = {"left hip": (-0.1, -0.2), "right hip": (0.1, -0.2), "spine between the shoulders": (0, 0.3)}
    places |= {"left shoulder": (-0.2, 0.25), "right shoulder": (0.2, 0.25), "right wrist": (0.6, 0.2)}
    for name, (x, y) in places.items():
        pose[joint[name], :2] = x, y
    pose[joint["right foot"], 2] = 2.8
    found = prepared(np.repeat(pose[None, None], 3, axis=1), layout)[0, 0]
    assert found[joint["right wrist"], 0] > 1
    assert found[joint["right foot"], 2] < -0.3
    np.testing.assert_allclose(found[joint["spine between the shoulders"]], [0, 1, 0], atol=0.3)
    assert hip_centre(layout) == joint["base of the spine"]
    assert hip_centre(STICK) is None


def test_turning_and_walking_are_kept() -> None:
    angles = np.linspace(0, np.pi, 60)
    turns = np.stack([UPRIGHT @ Rotation.from_euler("y", angle).as_matrix().T for angle in angles])
    turns[:, :, 2] -= np.linspace(0, 3, 60)[:, None]
    found = prepared(turns[None] + [0, 0, 10])
    across = found[0, :, 4] - found[0, :, 3]
    assert across[0, 0] > 0.7
    assert across[-1, 0] < -0.7
    assert np.linalg.norm(found[0, -1, 2] - found[0, 0, 2]) == pytest.approx(3, rel=0.1)


def test_a_few_wild_frames_do_not_move_the_body_frame() -> None:
    joints = moving(12)
    wild = joints.copy()
    wild[0, [1, 4, 7]] += rng(5).normal(0, 3, size=(3, 5, 3))
    calm = [t for t in range(12) if t not in (1, 4, 7)]
    np.testing.assert_allclose(prepared(wild)[0, calm], prepared(joints)[0, calm], atol=0.1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 10))
def test_the_geometric_median_has_the_least_summed_distance(seed: int, count: int) -> None:
    points = rng(seed).normal(size=(count, 2, 3))

    def cost(flat: np.ndarray) -> float:
        return float(np.linalg.norm(points.reshape(count, -1) - flat, axis=1).sum())

    best = minimize(cost, points.mean(axis=0).ravel(), method="Nelder-Mead", options={"maxiter": 4000, "fatol": 1e-9})
    assert cost(geometric_median(points).ravel()) <= best.fun * 1.005


# The whole preparation.


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 3), st.integers(1, 6), st.just(5), st.just(3)),
        elements=st.sampled_from(np.array([0, 1, -1, 0.5, 1e-30, 1e30, -1e30], np.float32).tolist())
        | st.floats(-3, 3, width=32),
    ),
    st.booleans(),
    st.booleans(),
)
def test_any_clip_is_prepared_or_dropped_with_a_reason(joints: FloatArray, fill: bool, canonical: bool) -> None:
    chosen = PrepareSettings(fill=fill, canonicalise=canonical)
    clips, dropped = prepare_clip_set(set_of(clip_of(joints)), chosen)
    assert len(clips.clips) + len(dropped) == 1
    assert all(item.reason for item in dropped)
    assert all(clip.joints.dtype == np.float32 for clip in clips.clips)


def test_a_clip_alone_becomes_what_it_becomes_among_others() -> None:
    made = [clip_of(with_losses(moving(5 + i, 1 + i % 3, i), 0.2, i), f"c{i}") for i in range(12)]
    together, _ = prepare_clip_set(set_of(*made), PrepareSettings())
    for clip, among in zip(made, together.clips, strict=True):
        alone, _ = prepare_clip_set(set_of(clip), PrepareSettings())
        np.testing.assert_array_equal(alone.clips[0].joints, among.joints)


def test_preparation_leaves_its_input_alone() -> None:
    clip = clip_of(with_losses(moving(10, 2), 0.3, 0))
    before = clip.joints.copy()
    prepare_clip_set(set_of(clip), PrepareSettings())
    np.testing.assert_array_equal(clip.joints, before)


def test_lost_joints_stay_zero_where_they_are_not_filled() -> None:
    joints = moving(10)
    joints[0, 3:6, 4] = 0
    found = prepared(joints, fill=False)
    np.testing.assert_array_equal(found[0, 3:6, 4], 0)
    assert np.any(prepared(joints, fill=True)[0, 3:6, 4], axis=1).all()


@pytest.mark.parametrize(
    ("joints", "said"),
    [
        (np.zeros((2, 4, 5, 3)), "holds no body"),
        (np.ones((1, 4, 5, 3)), "hips and spine are at one place"),
        (np.where(np.arange(5)[:, None] == 2, 0, moving()), "'spine' of its main body was never measured"),
        (np.repeat(UPRIGHT[None, None] * [0, 1, 0] + [0, 0, 1], 3, axis=1), "shoulders lie along"),
        (np.where(np.arange(12)[:, None, None] == 11, 1e9, moving()), "1000 trunk lengths"),
    ],
)
def test_what_has_no_body_frame_is_dropped_with_its_reason(joints: np.ndarray, said: str) -> None:
    assert said in reason(joints)


def test_without_filling_landmarks_must_be_measured_together() -> None:
    joints = moving(4)
    joints[0, [0, 1], 0] = 0
    joints[0, [2, 3], 3] = 0
    assert "no frame has" in reason(joints, fill=False)
    assert prepared(joints).shape == (1, 4, 5, 3)


def test_prepared_clips_are_refused() -> None:
    once, _ = prepare_clip_set(set_of(clip_of(moving())), PrepareSettings())
    with pytest.raises(SadvaeError, match=r"some was already prepared \(keep bodies: 2, drop empty frames"):
        prepare_clip_set(once, PrepareSettings())


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 100), st.booleans(), st.booleans())
def test_steps_say_what_the_settings_were(bodies: int, fill: bool, canonical: bool) -> None:
    chosen = PrepareSettings(bodies=bodies, fill=fill, canonicalise=canonical)
    assert settings_from_steps(chosen.steps) == chosen
    clips, _ = prepare_clip_set(set_of(clip_of(moving())), chosen)
    assert clips.steps == chosen.steps


@pytest.mark.parametrize(
    "steps",
    [(), ("agcn",), ("keep bodies: 0", "drop empty frames"), ("keep bodies: 02", "drop empty frames"),
     ("drop empty frames", "keep bodies: 2"), ("keep bodies: ²", "drop empty frames"),
     (*PrepareSettings().steps, "fill lost joints")],
)  # fmt: skip
def test_steps_of_another_making_are_refused(steps: tuple[str, ...]) -> None:
    with pytest.raises(SadvaeError, match="which this version does not make"):
        settings_from_steps(steps)


def test_settings_out_of_range_are_refused() -> None:
    for bad in ({"bodies": 0}, {"colour": 1}):
        with pytest.raises(ValidationError):
            PrepareSettings.model_validate(bad)


# Real data.


@pytest.mark.parametrize(("folder", "kept", "lost"), [("utd_mhad", 861, []), ("msr_action3d", 566, ["a13_s09_e02"])])
def test_real_clips_are_prepared(folder: str, kept: int, lost: list[str], real_data: Path, tmp_path: Path) -> None:
    raw = read_clip_set(real_data / folder)
    clips, dropped = prepare_clip_set(raw, PrepareSettings())
    assert len(clips.clips) == kept
    assert [item.clip_id.removesuffix("_skeleton3D") for item in dropped] == lost
    joints = np.array([clip.joints[0, :10].mean(axis=0) for clip in clips.clips])
    names = clips.layout.joints
    head, foot = joints[:, names.index("head")], joints[:, names.index("left foot")]
    # Two generations of one sensor: bodies of one proportion, the right side to the right, standing.
    assert np.median(head[:, 1]) == pytest.approx(1.5, abs=0.2)
    assert np.median(foot[:, 1]) == pytest.approx(-2.1, abs=0.1)
    assert (joints[:, names.index("right shoulder"), 0] > 0).all()
    assert max(float(np.abs(clip.joints).max()) for clip in clips.clips) < 6
    assert all(np.any(clip.joints, axis=3).all() for clip in clips.clips)
    write_clips_file(tmp_path / "clips.npz", clips)
    for one, other in zip(clips.clips, read_clips_file(tmp_path / "clips.npz").clips, strict=True):
        np.testing.assert_array_equal(one.joints, other.joints)
