"""The steps of published recipes along time, each against an independent way to get the same numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.skeleton.frames import (
    central_frames,
    central_share,
    random_share,
    repeat_over_gaps,
    resize,
    uniform_frames,
)


def clip(frames: int, persons: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(persons, frames, 5, 3)).astype(np.float32)


@pytest.mark.parametrize(("frames", "begin"), [(300, 0), (301, 0), (302, 1), (401, 50), (9, 0)])
def test_the_middle_of_long_clips_is_kept(frames: int, begin: int) -> None:
    joints = clip(frames)
    np.testing.assert_array_equal(central_frames(joints, 300), joints[:, begin : begin + 300])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 120), st.floats(0.01, 1))
def test_the_middle_share_loses_the_same_at_both_ends(frames: int, share: float) -> None:
    joints = clip(frames)
    cut = int((1 - share) * frames / 2)
    kept = central_share(joints, share)
    assert kept.shape[1] == frames - 2 * cut >= 1
    np.testing.assert_array_equal(kept, joints[:, cut : cut + kept.shape[1]])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200), st.integers(0, 2**31))
def test_a_random_part_is_long_enough_and_of_the_clip(frames: int, seed: int) -> None:
    joints = np.arange(frames, dtype=np.float32)[None, :, None, None] * np.ones((1, 1, 5, 3), np.float32)
    part = random_share(joints, 0.5, 1.0, np.random.default_rng(seed))[0, :, 0, 0]
    assert min(frames, max(64, frames // 2)) <= len(part) <= frames
    np.testing.assert_array_equal(np.diff(part), 1)
    again = random_share(joints, 0.5, 1.0, np.random.default_rng(seed))[0, :, 0, 0]
    np.testing.assert_array_equal(part, again)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90))
def test_resizing_is_bilinear_interpolation_without_aligned_corners(length: int, frames: int) -> None:
    joints = clip(length, 2)
    image = torch.from_numpy(joints).double().permute(0, 2, 3, 1).reshape(1, 1, -1, length)
    expected = torch.nn.functional.interpolate(image, size=(30, frames), mode="bilinear", align_corners=False)
    back = expected.reshape(2, 5, 3, frames).permute(0, 3, 1, 2).numpy()
    np.testing.assert_allclose(resize(joints, frames), back, atol=1e-4)
    assert resize(joints, frames).dtype == np.float32


def test_resizing_to_its_own_length_changes_nothing() -> None:
    np.testing.assert_array_equal(resize(clip(17), 17), clip(17))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 100), st.integers(0, 99))
def test_uniform_frames_are_one_of_each_part(length: int, frames: int, seed: int) -> None:
    if length < frames:
        np.testing.assert_array_equal(uniform_frames(length, frames), [i % length for i in range(frames)])
        return
    bounds = [i * length // frames for i in range(frames + 1)]
    for found in (uniform_frames(length, frames), uniform_frames(length, frames, np.random.default_rng(seed))):
        assert all(low <= frame < high for (low, high), frame in zip(pairwise(bounds), found, strict=True))
    np.testing.assert_array_equal(uniform_frames(length, frames), [(a + b) // 2 for a, b in pairwise(bounds)])


def repeated_by_loops(joints: np.ndarray, frames: int) -> np.ndarray:
    """The padding of null frames written out frame by frame."""
    made = np.zeros((len(joints), frames, *joints.shape[2:]), np.float32)
    made[:, : joints.shape[1]] = joints[:, :frames]
    for body in made:
        if not body.any():
            continue
        if not body[0].any():
            seen = [frame.copy() for frame in body if frame.any()]
            body[:] = 0
            body[: len(seen)] = seen
        for time in range(frames):
            if not body[time:].any():
                for later in range(time, frames):
                    body[later] = body[later - time]
                break
    return made


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=3), st.integers(1, 20))
def test_bodies_are_repeated_over_empty_frames(seen: list[list[bool]], frames: int) -> None:
    joints = clip(6, len(seen)) * np.array(seen, np.float32)[..., None, None]
    np.testing.assert_array_equal(repeat_over_gaps(joints, frames), repeated_by_loops(joints, frames))
