"""Numbers of movement: each says what its name says, on any layout, and a classifier on them learns."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sadvae.encoders.extract import extract
from sadvae.encoders.inference import Inference, InferenceSettings
from sadvae.encoders.kinematics import NUMBERS, Kinematics, KinematicsNetwork, WithKinematics, smoothed
from sadvae.encoders.limbs import limbs_of
from sadvae.encoders.pretrain import pretrain
from sadvae.encoders.settings import encoder_preset
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.protocol import divide
from sadvae.skeleton.generated import GeneratedSettings, generate_clip_set
from sadvae.skeleton.layouts import layout_names, load_layout
from sadvae.skeleton.preprocess import prepare_clip_set
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.splits.reader import build_split

ACTIONS = ("wave the right hand", "squat", "kick forward with the left leg", "clap the hands", "bow")
LAYOUT = load_layout("kinect-v1")
RIGHT_WRIST = LAYOUT.joints.index("right wrist")
# The path of the right hand comes first; within a path, where its numbers begin.
STROKE, TURNS, LENGTH = 25, 19, 15


def standing(frames: int = 48) -> Tensor:
    """A body of distinct joints that does not move: [1, frame, joint, 3]."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, 1, len(LAYOUT.joints), 3, generator=generator).expand(1, frames, -1, -1).clone()


def numbers(joints: Tensor) -> Tensor:
    return Kinematics(LAYOUT).numbers(joints)[0]


def circling(turns: float) -> Tensor:
    """The right wrist goes round in the plane of the trunk, `turns` times; above 0: from right to up."""
    joints, angle = standing(), torch.linspace(0, 2 * math.pi * turns, 48)
    joints[0, :, RIGHT_WRIST, 0] += angle.cos()
    joints[0, :, RIGHT_WRIST, 1] += angle.sin()
    return joints


def test_limbs_are_found_by_bones() -> None:
    found = limbs_of(LAYOUT)
    names = [LAYOUT.joints[joint] for joint in (found.left_arm.root, found.left_arm.middle, found.left_arm.end)]
    assert names == ["left shoulder", "left elbow", "left wrist"]
    names = [LAYOUT.joints[joint] for joint in (found.right_leg.root, found.right_leg.middle, found.right_leg.end)]
    assert names == ["right hip", "right knee", "right ankle"]
    assert found.head == LAYOUT.joints.index("head")


@pytest.mark.parametrize("name", layout_names())
def test_every_built_in_layout_has_finite_numbers(name: str) -> None:
    layout = load_layout(name)
    network = KinematicsNetwork(layout, 3).eval()
    for joints in (torch.zeros(2, 5, len(layout.joints), 12), torch.randn(2, 5, len(layout.joints), 12)):
        found = network(joints, torch.tensor([0, 0]), 1)
        assert found.features.shape == (1, NUMBERS)
        assert found.features.isfinite().all()
        assert found.logits.shape == (1, 3)


def test_a_circle_has_a_direction_and_its_mirror_has_the_other() -> None:
    there, back = numbers(circling(2)), numbers(circling(-2))
    assert there[TURNS] > 0.2
    assert back[TURNS] == pytest.approx(-float(there[TURNS]), rel=0.05)


def test_a_still_body_goes_nowhere() -> None:
    still, moving = numbers(standing()), numbers(circling(1))
    assert still[LENGTH] == pytest.approx(math.log(0.05), abs=1e-3)
    assert moving[LENGTH] > still[LENGTH] + 2
    assert still[STROKE : STROKE + 3].abs().max() < 1e-3


def test_the_stroke_is_the_fastest_direction() -> None:
    joints = standing()
    # Slowly down for 40 frames, then fast up.
    joints[0, :40, RIGHT_WRIST, 1] -= torch.linspace(0, 1, 40)
    joints[0, 40:, RIGHT_WRIST, 1] += torch.linspace(-1, 1, 8)
    assert numbers(joints)[STROKE + 1] > 0.8


def test_smoothing_keeps_a_straight_path() -> None:
    line = torch.linspace(0, 1, 20)[None, :, None].expand(1, 20, 3)
    torch.testing.assert_close(smoothed(line)[:, 2:-2], line[:, 2:-2])


@settings(max_examples=25, deadline=None)
@given(st.floats(0.2, 5), st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.integers(0, 1000))
def test_place_and_size_of_a_body_do_not_matter(size: float, place: list[float], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    joints = standing() + 0.3 * torch.randn(1, 48, len(LAYOUT.joints), 3, generator=generator).cumsum(1)
    moved = size * joints + torch.tensor(place)
    torch.testing.assert_close(numbers(moved), numbers(joints), rtol=0.02, atol=0.02)


def test_numbers_are_standardised_by_the_spread_of_the_training_clips_themselves() -> None:
    found = Kinematics(LAYOUT)
    rows = torch.randn(6, NUMBERS, generator=torch.Generator().manual_seed(0))
    found.standardise_by(rows)
    np.testing.assert_allclose(found.norm.get_buffer("running_mean"), rows.mean(0), atol=1e-6)
    np.testing.assert_allclose(found.norm.get_buffer("running_var"), np.var(rows.numpy(), axis=0), atol=1e-5)


def test_it_learns_survives_saving_and_has_no_maps(tmp_path: Path) -> None:
    raw = generate_clip_set(settings=GeneratedSettings(actions=ACTIONS, subjects=4, repetitions=2))
    clips, _ = prepare_clip_set(raw, PrepareSettings())
    labels = {raw.class_names.index(name): number for number, name in enumerate(ACTIONS)}
    own = tuple(replace(clip, label=labels[clip.label or 0]) for clip in clips.clips)
    clips, names = replace(clips, clips=own, class_names=ACTIONS), ACTIONS
    task = divide(clips, build_split("s", [4], len(names)))
    encoder = pretrain(task, len(names), encoder_preset("kinematics").model_copy(update={"epochs": 10}), 0)
    assert isinstance(encoder.network, KinematicsNetwork)
    found = extract(encoder, task.test_seen)
    assert found.seen_logits is not None
    assert np.mean(found.seen_logits.argmax(1) == found.labels) > 0.8
    encoder.save(tmp_path / "encoder")
    again = extract(TrainedEncoder.load(tmp_path / "encoder"), task.test_seen)
    np.testing.assert_array_equal(again.features, found.features)
    with pytest.raises(SadvaeError, match="no feature maps"):
        next(Inference(encoder, InferenceSettings()).outputs(task.test_seen, maps=True))


def test_beside_a_network_it_gives_the_features_and_the_network_learns_as_alone() -> None:
    raw = generate_clip_set(settings=GeneratedSettings(actions=ACTIONS[:3], subjects=4, repetitions=1))
    clips, _ = prepare_clip_set(raw, PrepareSettings())
    labels = {raw.class_names.index(name): number for number, name in enumerate(ACTIONS[:3])}
    own = tuple(replace(clip, label=labels[clip.label or 0]) for clip in clips.clips)
    task = divide(replace(clips, clips=own, class_names=ACTIONS[:3]), build_split("s", [2], 3))
    small = encoder_preset("demo").model_copy(update={"epochs": 2, "widths": (8, 16), "strides": (2, 2)})
    beside, alone = (
        pretrain(task, 3, small.model_copy(update={"features": features}), 0) for features in ("kinematics", "network")
    )
    assert isinstance(beside.network, WithKinematics)
    train, found = extract(beside, task.train), extract(beside, task.test_seen)
    np.testing.assert_array_equal(found.seen_logits, extract(alone, task.test_seen).seen_logits)
    assert found.features.shape[1] == NUMBERS
    moving = train.features.std(0) > 0.05
    assert moving.mean() > 0.9
    np.testing.assert_allclose(train.features[:, moving].mean(0), 0, atol=0.35)
    assert "features" in beside.settings.model_dump()
    assert "features" not in alone.settings.model_dump()
