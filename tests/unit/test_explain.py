"""Explanations name the joint and the moment that carry a class; and the parts that they are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sadvae.classifier import ZeroShotClassifier
from sadvae.encoders.posture import average_posture
from sadvae.recognition.explain import body_parts, effects, joints_still, moment_straight, moments
from sadvae.recognizer import Recognizer
from sadvae.skeleton.layouts import layout_names, load_layout
from sadvae.types import ClipSet, SkeletonClip
from tests.conftest import STICK
from tests.recognizers import PLAIN, WordVectors, untrained_encoder

CARRIER = STICK.joints.index("shoulder left")
POSE = np.array([[-0.2, 0, 0], [0.2, 0, 0], [0, 0.5, 0], [-0.3, 1, 0], [0.3, 1, 0]], np.float32)
NAMES = ("up", "down", "rest")


def clip(label: int, number: int, rng: np.random.Generator) -> SkeletonClip:
    """The left shoulder goes up, down or nowhere in the middle of the clip; all joints tremble."""
    joints = np.tile(POSE, (1, 32, 1, 1)) + rng.normal(0, 0.03, (1, 32, 5, 3))
    bump = np.exp(-(((np.arange(32) - 16) / 3) ** 2))
    joints[0, :, CARRIER, 1] += (1, -1, 0)[label] * bump
    return SkeletonClip(joints.astype(np.float32), STICK, f"{NAMES[label]} {number}", subject=str(number % 3))


@pytest.fixture(scope="module")
def trained() -> Recognizer:
    rng = np.random.default_rng(0)
    clips = [clip(label, number, rng) for label in range(3) for number in range(12)]
    small = {"widths": [12, 16], "strides": [1, 2], "frames": 16, "epochs": 40, "batch_size": 8, "temporal_kernel": 5}
    settings = {**small, "rotation_degrees": 0.0, "crop": 1.0, "dropout": 0.0, "learning_rate": 0.01}
    model = ZeroShotClassifier(
        encoder="demo", encoder_changes=settings, method="ridge", prepare=PLAIN, text_encoder=WordVectors()
    )
    return model.fit(clips, [NAMES[label] for label in range(3) for _ in range(12)]).recognizer_


@pytest.mark.parametrize("label", [0, 1])
def test_the_joint_and_the_moment_that_carry_the_class_are_named(trained: Recognizer, label: int) -> None:
    asked = clip(label, 99, np.random.default_rng(7))
    (found,) = trained.explain(asked, NAMES, mode="gzsl")
    assert found.answer.name == NAMES[label]
    assert found.nearest[0].name == NAMES[label]
    first, second = found.joints[:2]
    assert first.name == "shoulder left"
    assert first.share > 2 * max(second.share, 0)
    assert found.parts[0].name == "left arm"
    middle = max(found.moments, key=lambda moment: moment.share)
    assert middle.name in ("38-50 %", "50-62 %")
    (predicted,) = trained.predict(asked, NAMES, mode="gzsl")
    assert predicted.best.probability == pytest.approx(found.answer.probability, abs=1e-5)


def test_the_average_posture_is_that_of_the_training_clips(trained: Recognizer) -> None:
    found = average_posture(trained.encoder)
    assert found is not None
    np.testing.assert_allclose(found, POSE, atol=0.12)


def test_joints_that_training_loses_on_purpose_do_not_pull_the_posture_to_the_origin() -> None:
    plain = untrained_encoder()
    plain.network.get_buffer("input_norm.running_mean").fill_(1.0)
    for dropout, place in ((0.0, 1.0), (0.5, 2.0)):
        encoder = replace(plain, settings=plain.settings.model_copy(update={"joint_dropout": dropout}))
        found = average_posture(encoder)
        assert found is not None
        np.testing.assert_allclose(found, place)


def test_effects_are_of_the_answer_that_is_asked_about() -> None:
    rng = np.random.default_rng(1)
    asked = clip(0, 1, rng)

    def ask(clips: ClipSet) -> np.ndarray:
        """Half of the height of joint 4, so that nothing but joint 4 has an effect."""
        assert clips.steps == ("a step",)
        return np.array([one.joints[0, :, 4, 1].mean() / 2 for one in clips.clips])

    found = effects(asked, ["a step"], np.zeros((5, 3), np.float32), ask)
    assert found.whole == pytest.approx(asked.joints[0, :, 4, 1].mean() / 2)
    assert [e.name for e in found.joints if abs(e.share) > 1e-6] == ["shoulder right"]
    assert found.joints[0].share == pytest.approx(1)
    assert found.joints[0].probability == 0
    assert [e.name for e in found.parts if abs(e.share) > 1e-6] == ["right arm"]
    assert len(found.moments) == 8


@pytest.mark.parametrize("name", layout_names())
def test_body_parts_share_no_joint_and_leave_none_out(name: str) -> None:
    layout = load_layout(name)
    parts = body_parts(layout)
    joints = sorted(joint for members in parts.values() for joint in members)
    assert joints == list(range(len(layout.joints)))
    for side in ("left", "right"):
        named = [layout.joints[j] for limb in ("arm", "leg") for j in parts[f"{side} {limb}"]]
        other = "right" if side == "left" else "left"
        assert not [joint for joint in named if other in joint], named


def test_body_parts_of_the_kinect() -> None:
    layout = load_layout("kinect-v2")
    parts = {name: {layout.joints[j] for j in members} for name, members in body_parts(layout).items()}
    assert {"left elbow", "left wrist", "left thumb"} <= parts["left arm"]
    assert {"right knee", "right foot"} <= parts["right leg"]
    assert "head" in parts["trunk and head"]


@pytest.mark.parametrize("frames", [1, 2, 3, 16, 17, 100])
def test_moments_cover_every_frame_once(frames: int) -> None:
    found = list(moments(frames).values())
    assert [frame for first, last in found for frame in range(first, last)] == list(range(frames))


def test_a_moment_goes_straight_and_the_rest_stays() -> None:
    joints = np.random.default_rng(0).normal(size=(2, 10, 5, 3)).astype(np.float32)
    found = moment_straight(joints, 3, 6)
    np.testing.assert_array_equal(found[:, [0, 1, 2, 6, 7, 8, 9]], joints[:, [0, 1, 2, 6, 7, 8, 9]])
    for step, frame in enumerate((3, 4, 5), start=1):
        expected = joints[:, 2] + (joints[:, 6] - joints[:, 2]) * step / 4
        np.testing.assert_allclose(found[:, frame], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(moment_straight(joints, 0, 3)[:, :3], joints[:, [3, 3, 3]])
    np.testing.assert_allclose(moment_straight(joints, 8, 10)[:, 8:], joints[:, [7, 7]], rtol=1e-5)


def test_a_body_that_is_not_there_stays_away() -> None:
    joints = np.ones((2, 4, 5, 3), np.float32)
    joints[1] = 0
    found = joints_still(joints, [1], np.full((1, 1, 5, 3), 7, np.float32))
    assert (found[0, :, 1] == 7).all()
    assert not found[1].any()
    assert (found[0, :, 0] == 1).all()
