"""Centring and turning of published recipes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sadvae.skeleton.canonical import DegeneratePoseError
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.placing import (
    centre_on_each_frame,
    centre_on_first_frame,
    rotation_between,
    trunk,
    turn_upright,
)
from sadvae.types import Layout
from tests.conftest import STICK

KINECT = load_layout("kinect-v2")


def clip(seed: int = 0, persons: int = 2, frames: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(persons, frames, 25, 3)).astype(np.float32)


def test_the_trunk_is_joints_one_and_two_of_a_kinect() -> None:
    assert trunk(KINECT) == (0, 1)
    old = load_layout("kinect-v1")
    assert [old.joints[joint] for joint in trunk(old)] == ["hip center", "spine"]
    with pytest.raises(DegeneratePoseError, match="'stick' has no joint between the hips"):
        trunk(STICK)


def test_the_trunk_goes_to_the_spine_whatever_else_is_joined_to_the_hips() -> None:
    joints = ("tail", "left hip", "right hip", "hip centre", "spine", "left shoulder", "right shoulder")
    bones = ((3, 0), (3, 1), (3, 2), (3, 4), (4, 5), (4, 6))
    assert trunk(Layout("tailed", joints, bones, (1, 2), 4, (5, 6))) == (3, 4)


def test_the_first_frame_of_the_main_person_is_the_origin() -> None:
    joints = clip()
    joints[0, 0] = 0
    joints[1, 3, 7] = 0
    found = centre_on_first_frame(joints, KINECT)
    np.testing.assert_array_equal(found[0, 1, 1], 0)
    np.testing.assert_array_equal(found[0, 0], 0)
    np.testing.assert_array_equal(found[1, 3, 7], 0)
    np.testing.assert_array_equal(found[1, 2, 5], joints[1, 2, 5] - joints[0, 1, 1])


def test_each_frame_has_the_main_person_at_the_origin() -> None:
    joints = clip()
    joints[1, 2] = 0
    found = centre_on_each_frame(joints, KINECT)
    np.testing.assert_array_equal(found[0, :, 1], 0)
    np.testing.assert_array_equal(found[1, 2], 0)
    np.testing.assert_array_equal(found[1, 4, 9], joints[1, 4, 9] - joints[0, 4, 1])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_turned_clips_stand_along_z_with_shoulders_along_x(seed: int) -> None:
    joints = clip(seed)
    found = turn_upright(joints, KINECT)
    # Lengths and angles stay; the second turn puts the shoulders on x whatever it does to the spine, as published.
    np.testing.assert_allclose(np.linalg.norm(found, axis=3), np.linalg.norm(joints, axis=3), rtol=1e-4)
    across = found[0, 0, 8] - found[0, 0, 4]
    np.testing.assert_allclose(across[1:], 0, atol=1e-4 * float(np.linalg.norm(across)))
    assert across[0] > 0
    spine = joints[0, 0, 1] - joints[0, 0, 0]
    upright = rotation_between(spine.astype(np.float64), np.array([0.0, 0.0, 1.0])) @ spine
    np.testing.assert_allclose(upright[:2], 0, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_the_smallest_rotation_is_scipys(seed: int) -> None:
    start, end = np.random.default_rng(seed).normal(size=(2, 3))
    axis = np.cross(start, end)
    angle = np.arccos(start @ end / np.linalg.norm(start) / np.linalg.norm(end))
    expected = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()
    np.testing.assert_allclose(rotation_between(start, end), expected, atol=1e-9)


def test_what_has_no_direction_is_not_turned() -> None:
    for start in ([0, 0, 0], [0, 0, 2], [0, 0, -1]):
        np.testing.assert_array_equal(rotation_between(np.array(start, float), np.array([0, 0, 1.0])), np.eye(3))
    still = np.zeros((1, 3, 25, 3), np.float32)
    np.testing.assert_array_equal(turn_upright(still, KINECT), still)
