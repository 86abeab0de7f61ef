"""The parts of the skeleton encoder against plain computations."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.encoders.augment import augmented, random_crops, random_rotations
from sadvae.encoders.bodies import Bodies
from sadvae.encoders.graph import hops_from, spatial_partitions
from sadvae.encoders.inference import put_together
from sadvae.encoders.settings import EncoderSettings, encoder_preset
from sadvae.encoders.streams import all_streams, columns_of, parents
from sadvae.errors import SadvaeError
from sadvae.types import SkeletonClip
from tests.conftest import STICK


def clip(frames: int, bodies: int = 1, seed: int = 0) -> SkeletonClip:
    joints = np.random.default_rng(seed).normal(size=(bodies, frames, 5, 3)).astype(np.float32)
    return SkeletonClip(joints, STICK, f"clip{seed}", 0)


def test_partitions_by_hand() -> None:
    parts = spatial_partitions(STICK)
    assert hops_from(STICK, 2) == [1, 1, 0, 1, 1]
    # Row weights: the spine has four neighbours and itself, every other joint the spine and itself.
    np.testing.assert_allclose(parts[0], np.diag([0.5, 0.5, 0.2, 0.5, 0.5]))
    np.testing.assert_allclose(parts[1][:, 2], [0.5, 0.5, 0, 0.5, 0.5])
    np.testing.assert_allclose(parts[2][2], [0.2, 0.2, 0, 0.2, 0.2])
    np.testing.assert_allclose(parts.sum(axis=(0, 2)), np.ones(5))


def test_a_joint_without_bones_keeps_to_itself() -> None:
    lonely = replace(STICK, bones=((0, 2), (1, 2), (2, 3)))
    parts = spatial_partitions(lonely)
    assert parts[0, 4, 4] == 1
    assert parts[:, 4].sum() == 1
    assert parents(lonely)[4] == 4


def test_streams_by_hand() -> None:
    joints = torch.randn(1, 3, 5, 3)
    parent = torch.tensor(parents(STICK))
    assert parent.tolist() == [2, 2, 2, 2, 2]
    found = all_streams(joints, parent)
    torch.testing.assert_close(found[..., :3], joints)
    torch.testing.assert_close(found[0, 1, 3, 3:6], joints[0, 1, 3] - joints[0, 1, 2])
    torch.testing.assert_close(found[0, 2, 4, 6:9], joints[0, 2, 4] - joints[0, 1, 4])
    assert not found[:, 0, :, 6:].any()
    assert columns_of(("bone motion", "joint")) == [9, 10, 11, 0, 1, 2]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 40), st.floats(0, 1), st.floats(0, 1))
def test_resizing_agrees_with_numpy(frames: int, wanted: int, begin: float, share: float) -> None:
    begin = begin * (1 - share)
    clips = [clip(3, seed=1), clip(frames, seed=2)]
    bodies = Bodies.of(clips)
    found = bodies.resized(torch.tensor([1]), wanted, torch.tensor([begin]), torch.tensor([share]))
    at = (begin + share * np.linspace(0, 1, wanted)) * (frames - 1)
    by_hand = [np.interp(at, np.arange(frames), clips[1].joints[0, :, j, a]) for j in range(5) for a in range(3)]
    np.testing.assert_allclose(found[0].reshape(wanted, 15).numpy().T, by_hand, atol=2e-4)


def test_empty_second_bodies_do_not_count() -> None:
    two = np.concatenate([clip(4).joints, np.zeros((1, 4, 5, 3), np.float32)])
    bodies = Bodies.of([SkeletonClip(two, STICK, "a"), clip(4, bodies=2, seed=3)])
    assert bodies.clips.tolist() == [0, 1, 1]
    rows, position = bodies.rows_of(torch.tensor([1, 0]))
    assert (rows.tolist(), position.tolist()) == ([0, 1, 2], [1, 0, 0])


@given(st.lists(st.lists(st.sampled_from(["moves", "comes later", "padding"]), min_size=1, max_size=3), min_size=1))
def test_bodies_that_are_there_stand_one_after_the_other(people: list[list[str]]) -> None:
    clips = []
    for i, kinds in enumerate(people):
        joints = clip(2 + i % 3, bodies=len(kinds), seed=i).joints
        joints[[kind == "padding" for kind in kinds]] = 0
        joints[[kind == "comes later" for kind in kinds], :-1] = 0
        clips.append(SkeletonClip(joints, STICK, f"c{i}"))
    kept = [(i, joints) for i, c in enumerate(clips) for joints in [j for j in c.joints if j.any()] or c.joints[:1]]
    bodies = Bodies.of(clips)
    assert bodies.clips.tolist() == [i for i, _ in kept]
    assert bodies.lengths.tolist() == [len(joints) for _, joints in kept]
    assert bodies.starts.tolist() == [sum(len(joints) for _, joints in kept[:row]) for row in range(len(kept))]
    np.testing.assert_array_equal(bodies.joints.numpy(), np.concatenate([joints for _, joints in kept]))


@pytest.mark.parametrize("size", [1, 3, 7, 10])
def test_clips_are_put_together_batch_by_batch(size: int) -> None:
    clips = [clip(2 + i, seed=i) for i in range(7)]
    batches = list(put_together(clips, size))
    assert [c for batch, _ in batches for c in batch] == clips
    assert {len(batch) for batch, _ in batches[:-1]} <= {size}
    for batch, bodies in batches:
        assert bodies.lengths.tolist() == [c.joints.shape[1] for c in batch]


def test_the_next_batch_is_read_while_one_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = [Event() for _ in range(3)]

    def of(batch: list[SkeletonClip]) -> list[SkeletonClip]:
        begun[batch[0].joints.shape[1]].set()
        return batch

    monkeypatch.setattr(Bodies, "of", staticmethod(of))
    batches = put_together([clip(frames) for frames in (1, 2)], 1)
    next(batches)
    assert begun[1].is_set()
    assert begun[2].wait(30)
    assert len(list(batches)) == 1


def test_a_batch_that_cannot_be_put_together_says_so_in_its_turn() -> None:
    # A mapped clip is not looked at before it is used.
    broken = np.full((1, 2, 5, 3), np.nan, np.float32).view(np.memmap)
    clips = [clip(2), clip(3), SkeletonClip(broken, STICK, "torn")]
    batches = put_together(clips, 1)
    assert [next(batches)[0], next(batches)[0]] == [clips[:1], clips[1:2]]
    with pytest.raises(SadvaeError, match="'torn' holds a number that is not finite"):
        next(batches)


@given(st.integers(0, 10**6), st.floats(0, 180))
def test_random_rotations_are_rotations(seed: int, degrees: float) -> None:
    turns = random_rotations(degrees, 5, torch.Generator().manual_seed(seed))
    torch.testing.assert_close(turns @ turns.transpose(1, 2), torch.eye(3).expand(5, 3, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(turns), torch.ones(5))


def test_bodies_turn_about_the_vertical_and_a_third_as_far_about_the_rest() -> None:
    turns = random_rotations(30.0, 4000, torch.Generator().manual_seed(0)).double()
    # R = X Y Z: sin y stands alone, x and z in its row and column.
    y = torch.asin(turns[:, 0, 2]).abs().max().rad2deg()
    x = torch.atan2(-turns[:, 1, 2], turns[:, 2, 2]).abs().max().rad2deg()
    z = torch.atan2(-turns[:, 0, 1], turns[:, 0, 0]).abs().max().rad2deg()
    assert [round(float(most)) for most in (x, y, z)] == [10, 30, 10]


def test_bodies_of_one_clip_are_turned_alike() -> None:
    plain = EncoderSettings(noise=0.0, joint_dropout=0.0)
    joints = torch.randn(1, 4, 5, 3).expand(3, 4, 5, 3)
    changed = augmented(joints, torch.tensor([0, 0, 1]), plain, torch.Generator().manual_seed(0))
    torch.testing.assert_close(changed[0], changed[1])
    assert not torch.allclose(changed[0], changed[2])
    begin, share = random_crops(plain, 100, torch.Generator().manual_seed(0))
    assert float((begin + share).max()) <= 1
    assert float(share.min()) >= plain.crop


def test_crops_begin_anywhere_that_leaves_room() -> None:
    begin, share = random_crops(EncoderSettings(crop=0.5), 2000, torch.Generator().manual_seed(0))
    place = begin / (1 - share)
    assert float(place.min()) < 0.05
    assert float(place.max()) > 0.95
    assert float(place.mean()) == pytest.approx(0.5, abs=0.03)


def test_a_share_of_joints_is_lost_and_the_others_stay_where_they_are() -> None:
    still = EncoderSettings(rotation_degrees=0, scale=0, noise=0, joint_dropout=0.25)
    joints = torch.randn(400, 2, 5, 3) + 5
    changed = augmented(joints, torch.arange(400), still, torch.Generator().manual_seed(0))
    lost = ~changed.any(3)
    assert float(lost.float().mean()) == pytest.approx(0.25, abs=0.04)
    torch.testing.assert_close(changed[~lost], joints[~lost])


def test_a_lost_joint_stays_lost_when_bodies_are_changed() -> None:
    joints = torch.randn(2, 4, 5, 3)
    joints[0, 1:3, 2] = 0
    plain = EncoderSettings(noise=0.1, joint_dropout=0.0)
    changed = augmented(joints, torch.tensor([0, 0]), plain, torch.Generator().manual_seed(0))
    assert torch.equal(changed.any(-1), joints.any(-1))


@pytest.mark.parametrize(
    "changes",
    [
        {"widths": (8,)},
        {"temporal_kernel": 4},
        {"strides": ()},
        {"epochs": 0},
        {"batch_size": 10**20},
        {"colour": 1},
        {"streams": ()},
        {"streams": ("bone", "bone")},
        {"streams": ("muscle",)},
        {"architecture": "gcn"},
        {"architecture": "st_gcn_pp", "widths": (5, 8, 8)},
        {"architecture": "posec3d"},
        {"heatmaps": {"pixels": 16}},
        {"architecture": "posec3d", "heatmaps": {}},
        {"architecture": "posec3d", "heatmaps": {}, "streams": ("joint",), "widths": (3, 8, 8)},
    ],
)
def test_bad_settings_are_refused(changes: dict) -> None:
    with pytest.raises(ValueError, match=r"widths|odd|epochs|batch_size|colour|streams|architecture|heatmaps"):
        EncoderSettings(**(encoder_preset("demo").model_dump() | changes))
    with pytest.raises(SadvaeError, match="unknown encoder preset 'huge'; expected default, demo, st_gcn"):
        encoder_preset("huge")
