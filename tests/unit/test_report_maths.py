"""Bodies that face the viewer, packed motion, the choice of points, and t-SNE."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from sadvae.report.motion import FRAMES, SCALE, centred, evenly, facing_viewer, packed
from sadvae.report.scene import SceneClip
from sadvae.report.tsne import chosen_rows, plane
from tests.conftest import STICK
from tests.report_samples import BONES

# A body that faces the viewer (+z): its left side on the right (+x), hips below the spine below the shoulders.
BODY = np.array([[0.1, 0, 0], [-0.1, 0, 0], [0, 0.4, 0], [0.2, 0.5, 0.1], [-0.2, 0.5, 0.1]])
MOTION = BODY + np.linspace(0, 0.2, 7)[:, None, None] * np.array([0.3, 0.1, 1.0])
# Quarter turns that bring each signed coordinate axis up.
UPRIGHT = [Rotation.from_euler("xyz", a, degrees=True) for a in ([0, 0, 0], [90, 0, 0], [180, 0, 0], [0, 0, 90])]


@given(st.floats(-180, 180), st.sampled_from(UPRIGHT))
def test_a_body_is_turned_to_the_viewer_from_any_heading(heading: float, tipped: Rotation) -> None:
    turned = tipped * Rotation.from_euler("y", heading, degrees=True)
    moved = (MOTION.reshape(-1, 3) @ turned.as_matrix().T).reshape(MOTION.shape).astype(np.float32)
    np.testing.assert_allclose(facing_viewer(moved, STICK), MOTION, atol=1e-5)


def test_a_flat_body_is_moved_rigidly() -> None:
    joints = np.zeros((2, 5, 3), np.float32)
    joints[:, 2, 2] = 1.0
    seen = facing_viewer(joints, STICK)
    np.testing.assert_allclose(pdist(seen[0]), pdist(joints[0]), atol=1e-6)
    assert seen[0, 2, 1] == pytest.approx(1.0)


@given(st.integers(1, 500), st.integers(1, 100))
def test_evenly_spaced_indices(count: int, wanted: int) -> None:
    found = evenly(count, wanted)
    assert len(found) == min(count, wanted)
    assert len(set(found.tolist())) == len(found)
    assert found[0] == 0
    assert found.max() <= count - 1
    assert wanted == 1 or found[-1] == count - 1


@given(st.integers(1, 120), st.integers(0, 10**6))
def test_packed_motion_is_the_motion(frames: int, seed: int) -> None:
    joints = np.random.default_rng(seed).normal(size=(frames, 5, 3)).astype(np.float32)
    found = packed(SceneClip(joints, BONES, "x", (("x", 1.0),)))
    assert len(found["frames"]) == min(frames, FRAMES)
    assert found["bones"] == [list(bone) for bone in BONES]
    expected = centred(joints[evenly(frames, FRAMES)])
    np.testing.assert_allclose(np.array(found["frames"]).reshape(expected.shape) / SCALE, expected, atol=0.5 / SCALE)
    assert np.abs(expected).max() <= 2


def test_a_body_at_one_point_can_be_packed() -> None:
    clip = SceneClip(np.ones((3, 5, 3), np.float32), BONES, "x", (("x", 1.0),))
    assert not np.array(packed(clip)["frames"]).any()


@given(st.lists(st.booleans(), min_size=1, max_size=200), st.integers(2, 100))
def test_chosen_rows_give_unseen_clips_their_half(seen: list[bool], limit: int) -> None:
    is_seen = np.array(seen)
    rows = chosen_rows(is_seen, limit)
    assert len(rows) == min(limit, len(seen))
    assert len(np.unique(rows)) == len(rows)
    unseen = int((~is_seen[rows]).sum())
    assert unseen == (~is_seen).sum() or unseen >= limit // 2


def blobs(count: int, width: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(count, width)) + 40.0 * (np.arange(count) % 2)[:, None]).astype(np.float32)


def test_tsne_keeps_groups_apart_and_repeats() -> None:
    points = blobs(40, 4)
    flat = plane(points)
    assert flat is not None
    assert flat.shape == (40, 2)
    distances = np.linalg.norm(flat[:, None] - flat[None], axis=2) + np.where(np.eye(40) > 0, np.inf, 0)
    assert (distances.argmin(axis=1) % 2 == np.arange(40) % 2).all()
    np.testing.assert_array_equal(flat, plane(points))


@settings(max_examples=6, deadline=None)
@given(st.sampled_from([(5, 1), (6, 2), (9, 1), (12, 3)]))
def test_tsne_of_small_sets_is_finite(shape: tuple[int, int]) -> None:
    flat = plane(blobs(*shape))
    assert flat is not None
    assert np.isfinite(flat).all()


def test_no_map_without_spread_or_with_too_few_points() -> None:
    assert plane(np.ones((30, 4), np.float32)) is None
    assert plane(blobs(4, 4)) is None
