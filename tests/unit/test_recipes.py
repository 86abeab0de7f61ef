"""Recipes: what each does to a clip, always the same, with and without canonicalisation, and by its steps' names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sadvae.errors import SadvaeError
from sadvae.settings import read_experiment
from sadvae.skeleton import frames as time
from sadvae.skeleton import placing
from sadvae.skeleton.cleaning import body_energy, keep_bodies
from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.preprocess import Dropped, prepare_clip
from sadvae.skeleton.read import read_clips
from sadvae.skeleton.recipe import RECIPES, PrepareSettings, recipe, settings_from_steps
from sadvae.types import SkeletonClip
from tests.unit.raw_files import write_ntu

KINECT = load_layout("kinect-v2")
RAW = generate_clip_set(actions=("squat",), subjects=1, repetitions=1, dropped=0, frames=(70, 90)).clips[0]


def two_people() -> np.ndarray:
    """A moving person, another that is there for a while, and two empty frames: float32 [2, frame, 25, 3]."""
    joints = np.concatenate([RAW.joints, 0.5 * RAW.joints + np.array([1, 0, 0], np.float32)])
    joints[1, 30:] = 0
    joints[:, 5:7] = 0
    return joints


def prepared(joints: np.ndarray, settings: PrepareSettings) -> np.ndarray:
    made = prepare_clip(SkeletonClip(joints, KINECT, "c"), settings)
    assert isinstance(made, SkeletonClip), made
    return made.joints


def test_our_own_recipe_is_the_default() -> None:
    assert recipe("sadvae") == PrepareSettings()
    assert PrepareSettings().steps == ("keep bodies: 2", "drop empty frames", "fill lost joints", "canonicalise")


def test_ctrgcn() -> None:
    joints = two_people()
    whole = np.delete(joints, [5, 6], axis=1)
    placed = placing.centre_on_first_frame(whole, KINECT)
    expected = time.resize(time.central_share(placed, 0.95), 64)
    np.testing.assert_array_equal(prepared(joints, recipe("ctrgcn")), expected)


def test_agcn() -> None:
    joints = two_people()
    placed = placing.centre_on_each_frame(time.repeat_over_gaps(joints, 300), KINECT)
    np.testing.assert_array_equal(prepared(joints, recipe("agcn")), placing.turn_upright(placed, KINECT))
    assert prepared(joints, recipe("agcn")).shape[1] == 300


def test_pyskl() -> None:
    joints = two_people()
    half = np.delete(joints, [5, 6], axis=1).astype(np.float16).astype(np.float32)
    placed = placing.turn_upright(placing.centre_on_first_frame(half, KINECT), KINECT)
    picked = placed[:, time.uniform_frames(placed.shape[1], 100)]
    np.testing.assert_array_equal(prepared(joints, recipe("pyskl")), picked)


def test_aimclr() -> None:
    joints = np.concatenate([RAW.joints] * 6, axis=1)
    np.testing.assert_array_equal(prepared(joints, recipe("aimclr")), time.resize(time.central_frames(joints, 300), 50))


@pytest.mark.parametrize("name", list(RECIPES))
@pytest.mark.parametrize("canonical", [True, False])
def test_every_recipe_gives_the_same_numbers_again_with_and_without_a_body_frame(name: str, canonical: bool) -> None:
    chosen = recipe(name, canonicalise=canonical)
    first = prepared(two_people(), chosen)
    np.testing.assert_array_equal(first, prepared(two_people(), chosen))
    assert settings_from_steps(chosen.steps) == chosen
    if canonical:
        hips = (first[0, :, 12] + first[0, :, 16]) / 2
        assert np.abs(hips[:3]).max() < 0.5


def test_energy_is_the_deviation_over_the_frames_with_the_body() -> None:
    joints = two_people()
    expected = [
        sum(body[[frame.any() for frame in body]][..., axis].astype(np.float64).std() for axis in range(3))
        for body in joints
    ]
    np.testing.assert_allclose(body_energy(joints), expected, rtol=1e-6)
    far = np.stack([RAW.joints[0], RAW.joints[0] * 2, RAW.joints[0] * 3])
    np.testing.assert_array_equal(keep_bodies(far, 2, "energy"), far[[2, 1]])


def test_agcn_starts_from_all_bodies_of_the_sensor(tmp_path: Path) -> None:
    person = RAW.joints[0][:40].astype(float)
    noise = np.random.default_rng(0).uniform(-3, 3, (5, 25, 3))
    frames = [{1: person[t]} | ({2: noise[t]} if t < 5 else {}) for t in range(40)]
    path = write_ntu(tmp_path / "S001C001P001R001A001.skeleton", frames)
    assert [len(read_clips(path, all_bodies=whole)[0].joints) for whole in (False, True)] == [1, 2]


def test_a_clip_that_is_too_short_is_left_out_with_its_reason() -> None:
    made = prepare_clip(SkeletonClip(two_people()[:, :9], KINECT, "c"), recipe("ctrgcn", shortest=8))
    assert made == Dropped("c", "it has 7 frames with a body; 8 are asked for")
    assert len(prepared(two_people()[:, :9], recipe("ctrgcn", shortest=7))) == 2


def test_a_clip_that_float16_cannot_hold_or_that_begins_too_late_is_left_out() -> None:
    huge = prepare_clip(SkeletonClip(RAW.joints * np.float32(1e6), KINECT, "c"), recipe("pyskl"))
    assert isinstance(huge, Dropped)
    assert "float16" in huge.reason
    late = np.concatenate([np.zeros((1, 300, 25, 3), np.float32), RAW.joints], axis=1)
    made = prepare_clip(SkeletonClip(late, KINECT, "c"), recipe("agcn"))
    assert made == Dropped("c", "its first 300 frames hold no body")


@settings(max_examples=100, deadline=None)
@given(
    st.builds(
        PrepareSettings,
        all_bodies=st.booleans(),
        bodies=st.integers(1, 100),
        order=st.sampled_from(["motion", "energy"]),
        shortest=st.integers(1, 10_000),
        repeat_to=st.none() | st.integers(1, 10_000),
        half=st.booleans(),
        fill=st.booleans(),
        centre=st.sampled_from(["as it is", "first frame", "each frame"]),
        upright=st.booleans(),
        canonicalise=st.booleans(),
        most_frames=st.none() | st.integers(1, 10_000),
        share=st.floats(0.001, 1),
        frames=st.none() | st.integers(1, 10_000),
        sampling=st.just("resize"),
    )
)
def test_settings_come_back_from_the_names_of_their_steps(chosen: PrepareSettings) -> None:
    assert settings_from_steps(chosen.steps) == chosen


def test_recipes_by_name() -> None:
    with pytest.raises(SadvaeError, match=r"'nobody'.*unknown recipe; choose sadvae, ctrgcn, agcn, pyskl, aimclr"):
        recipe("nobody")
    with pytest.raises(SadvaeError, match="'agcn': colour is not known; known are all_bodies, "):
        recipe("agcn", colour=1)
    assert PrepareSettings.model_validate({"recipe": "ctrgcn", "frames": 32}) == recipe("ctrgcn", frames=32)
    with pytest.raises(ValidationError, match="unknown recipe"):
        PrepareSettings.model_validate({"recipe": "nobody"})


def test_an_experiment_file_names_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('name = "x"\n[data]\ndataset = "ntu60"\n[prepare]\nrecipe = "agcn"\n[split]\nname = "s"\n')
    assert read_experiment(path).prepare == recipe("agcn")
