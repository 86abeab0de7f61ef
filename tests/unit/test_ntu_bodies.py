"""The rules for bodies of NTU RGB+D, each by itself."""

from __future__ import annotations

import numpy as np
import pytest

from sadvae.skeleton.ntu_bodies import NOISY_SHARE, SHORT, Track, people, two_actors


def track(frames: range, *, wide: int = 0, moves: float = 0.1, seed: int = 0) -> Track:
    """A body that is tall, or wider than 0.8 of its height in the first `wide` frames, and sways along z."""
    joints = np.zeros((len(frames), 25, 3))
    joints[:, 0, 1], joints[:, 1, 1] = 1.0, 0.0
    joints[:, 0, 0] = np.where(np.arange(len(frames)) < wide, 0.81, 0.79)
    joints[:, :, 2] = moves * np.random.default_rng(seed).normal(size=(len(frames), 1))
    return Track(np.array(frames), joints)


def test_width_counts_above_eight_tenths_of_the_height() -> None:
    assert track(range(10), wide=4).wide.tolist() == [True] * 4 + [False] * 6


@pytest.mark.parametrize(("length", "stays"), [(SHORT, False), (SHORT + 1, True)])
def test_a_body_of_eleven_frames_is_too_short(length: int, stays: bool) -> None:
    long, other = track(range(40)), track(range(length), seed=1)
    assert (other in people([long, other])) == stays


@pytest.mark.parametrize("wide", [0, 69, 70, 100])
def test_a_body_is_noise_when_it_is_wide_in_69_754_percent_of_its_frames(wide: int) -> None:
    good, other = track(range(100)), track(range(100), wide=wide, seed=1)
    assert (other in people([good, other])) == (wide / 100 < NOISY_SHARE)


def test_a_single_body_is_kept_whatever_it_is() -> None:
    only = track(range(3), wide=3)
    assert people([only]) == [only]


def test_motion_is_the_summed_variance_of_frames_that_are_not_wide() -> None:
    one = track(range(20), wide=5, moves=0.3)
    good = one.joints[5:].reshape(15, -1)
    assert one.motion == pytest.approx(sum(np.var(good[:, column]) for column in range(75)))


def test_actors_are_in_order_of_motion_and_merge_tracks_that_do_not_overlap() -> None:
    still, first = track(range(40), moves=0.1), track(range(20), moves=0.5, seed=1)
    later = track(range(20, 40), moves=0.3, seed=2)
    joints = two_actors([still, later, first], 40, "f")
    np.testing.assert_array_equal(joints[0], np.concatenate([first.joints, later.joints]))
    np.testing.assert_array_equal(joints[1], still.joints)
