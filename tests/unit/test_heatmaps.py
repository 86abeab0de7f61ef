"""Heatmaps against Gaussians drawn pixel by pixel: boxes, crops, views, lines, lost joints, bodies in one volume."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sadvae.encoders.heatmaps import Crops, HeatmapSettings, channels, heatmaps
from sadvae.encoders.streams import all_streams, parents
from tests.conftest import STICK

AXES = {"front": (0, 1), "side": (2, 1), "top": (0, 2)}
PARENT = torch.tensor(parents(STICK))
WIDE = HeatmapSettings(pixels=7, sigma=0.8, views=("side", "top"), stem=3)


def whole(clips: int) -> Crops:
    """All of every box."""
    return Crops(torch.zeros(clips, 3), torch.ones(clips, 1))


def by_hand(
    streams: tuple[str, ...], bodies: torch.Tensor, drawn: HeatmapSettings, begin: list[float], share: float
) -> torch.Tensor:
    """The volume [frame, row, column, channel] of one clip whose bodies are [body, frame, joint, 3]."""
    joints = bodies[bodies.any(-1)]
    low, high = joints.amin(0), joints.amax(0)
    side, middle = 1.25 * float((high - low).max()), (low + high) / 2

    def pixel(point: torch.Tensor, axes: tuple[int, int]) -> tuple[float, float]:
        of_box = [float(point[a] - middle[a]) / side + 0.5 for a in range(3)]
        x, y = ((of_box[a] - begin[a]) / share * drawn.pixels - 0.5 for a in axes)
        return x, y

    n, frames, count = bodies.shape[:3]
    pictures = [(stream, AXES[view]) for stream in streams for view in drawn.views]
    volume = torch.zeros(frames, drawn.pixels, drawn.pixels, len(pictures) * count)
    for number, (stream, axes) in enumerate(pictures):
        for body, frame, joint in ((b, f, j) for b in range(n) for f in range(frames) for j in range(count)):
            end, start = bodies[body, frame, joint], bodies[body, frame, int(PARENT[joint])]
            if not end.any() or (stream == "bone" and not start.any()):
                continue
            for row in range(drawn.pixels):
                for column in range(drawn.pixels):
                    at = column, drawn.pixels - 1 - row
                    ends = (pixel(end, axes), pixel(start if stream == "bone" else end, axes))
                    value = math.exp(-(_distance(at, *ends) ** 2) / (2 * drawn.sigma**2))
                    channel = volume[frame, row, column]
                    channel[number * count + joint] = max(float(channel[number * count + joint]), value)
    return volume


def _distance(point: tuple[float, float], one: tuple[float, float], other: tuple[float, float]) -> float:
    """From a point to a line between two, by way of their angles."""
    to_one, to_other, length = math.dist(point, one), math.dist(point, other), math.dist(one, other)
    if length < 1e-6 or to_one < 1e-6:
        return to_one
    ahead = (to_one**2 + length**2 - to_other**2) / (2 * length)
    if ahead <= 0:
        return to_one
    return to_other if ahead >= length else math.sqrt(max(to_one**2 - ahead**2, 0.0))


@pytest.mark.parametrize("streams", [("joint",), ("bone",), ("bone", "joint")])
@pytest.mark.parametrize("drawn", [HeatmapSettings(pixels=6), WIDE], ids=["front", "two views"])
def test_volumes_by_hand(streams: tuple[str, ...], drawn: HeatmapSettings) -> None:
    torch.manual_seed(0)
    bodies = torch.randn(3, 2, 5, 3)
    bodies[0, 1, 2] = 0
    bodies[2, 0] = 0
    begin, share = [[0.1, 0.0, 0.3], [0.0, 0.2, 0.1]], [[0.6], [0.8]]
    crops = Crops(torch.tensor(begin), torch.tensor(share))
    # Bodies come in any order, as those of a batch of training do.
    found = heatmaps(streams, all_streams(bodies, PARENT), torch.tensor([1, 0, 1]), crops, drawn)
    assert found.shape == (2, 2, drawn.pixels, drawn.pixels, channels(streams, 5, drawn))
    torch.testing.assert_close(found[0], by_hand(streams, bodies[1:2], drawn, begin[0], 0.6), atol=2e-4, rtol=1e-4)
    torch.testing.assert_close(found[1], by_hand(streams, bodies[[0, 2]], drawn, begin[1], 0.8), atol=2e-4, rtol=1e-4)


def test_up_is_up_and_right_is_right() -> None:
    joints = torch.zeros(1, 1, 5, 3)
    joints[0, 0] = torch.tensor([[-1.0, -1, 0], [1, -1, 0], [-1, 1, 0], [1, 1, 0], [0.5, 0, 0]])
    volume = heatmaps(("joint",), all_streams(joints, PARENT), torch.tensor([0]), whole(1), HeatmapSettings(pixels=25))
    places = [divmod(int(volume[0, 0, :, :, joint].argmax()), 25) for joint in range(4)]
    (low_left, low_right, high_left, high_right) = places
    assert low_left[0] == low_right[0] > high_left[0] == high_right[0]
    assert low_left[1] == high_left[1] < low_right[1] == high_right[1]
    # The box is a quarter larger than the body: a tenth of it is left on every side.
    assert places == [(22, 2), (22, 22), (2, 2), (2, 22)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16), st.floats(0.1, 20), st.tuples(*[st.floats(-5, 5)] * 3))
def test_place_and_size_of_a_body_do_not_matter(seed: int, scale: float, place: tuple[float, float, float]) -> None:
    joints = torch.randn(1, 3, 5, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    one, other = (
        heatmaps(("joint", "bone"), all_streams(x, PARENT), torch.tensor([0]), whole(1), WIDE)
        for x in (joints, scale * joints + torch.tensor(place, dtype=torch.float64))
    )
    torch.testing.assert_close(one, other)


def test_nothing_is_drawn_of_a_clip_without_joints() -> None:
    x = all_streams(torch.cat([torch.zeros(1, 2, 5, 3), torch.ones(1, 2, 5, 3)]), PARENT)
    volume = heatmaps(("joint", "bone"), x, torch.tensor([0, 1]), whole(2), WIDE)
    assert not volume[0].any()
    assert volume[1].isfinite().all()
    assert volume[1].any()


def test_training_shows_random_parts_and_use_the_middle() -> None:
    settings = HeatmapSettings(crop=0.6)
    torch.manual_seed(0)
    some = Crops.of(settings, 500, torch.device("cpu"), random=True)
    assert float(some.begin.min()) >= 0
    assert float((some.begin + some.share).max()) <= 1
    assert (float(some.share.min()), float(some.share.max())) == pytest.approx((0.6, 1.0), abs=0.01)
    torch.testing.assert_close((some.begin + some.share / 2).mean(0), torch.full((3,), 0.5), atol=0.01, rtol=0)
    middle = Crops.of(settings, 2, torch.device("cpu"), random=False)
    assert middle.share.flatten().tolist() == pytest.approx([0.8, 0.8])
    assert middle.begin.flatten().tolist() == pytest.approx([0.1] * 6)


@pytest.mark.parametrize(
    "changes", [{"pixels": 3}, {"sigma": 0}, {"views": ("below",)}, {"views": ()}, {"stem": 4}, {"crop": 0}]
)
def test_settings_are_checked(changes: dict) -> None:
    with pytest.raises(ValidationError):
        HeatmapSettings.model_validate(changes)


def test_a_view_is_taken_once() -> None:
    with pytest.raises(ValidationError, match="views"):
        HeatmapSettings(views=("front", "front"))
