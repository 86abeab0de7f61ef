"""From joints to pictures: a heatmap of every joint or bone in every frame, all bodies of a clip in one volume.

Duan, Zhao, Chen, Lin and Dai, "Revisiting skeleton-based action recognition", CVPR 2022: bodies are
cropped to the smallest box that holds all of them in all frames, and each joint becomes a Gaussian, each bone one
around its line. Theirs are of a camera's two dimensions; ours look at the body frame from fixed sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, field_validator
from torch import Tensor

View = Literal["front", "side", "top"]
# Which axes a view shows: the first to the right, the second upwards.
_AXES: dict[View, tuple[int, int]] = {"front": (0, 1), "side": (2, 1), "top": (0, 2)}
# The box is this much larger than what it holds.
_ROOM = 1.25
# Boxes are no smaller, and no farther from the origin, in the unit of joints.
_SMALLEST = 1e-3
_FARTHEST = 1e4


class HeatmapSettings(BaseModel):
    """How joints are drawn.

    pixels: side of a picture. sigma: of the Gaussians, in pixels. views: from where bodies are seen; each has channels
    of its own. stem: side of the first convolution, in pixels. crop: in training a picture shows a random part of the
    box, whose side is at least this share of it; afterwards the middle, of average side.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pixels: int = Field(default=56, ge=4, le=256)
    sigma: float = Field(default=0.6, gt=0, le=64)
    views: tuple[View, ...] = Field(default=("front",), min_length=1)
    stem: Literal[1, 3, 5, 7] = 7
    crop: float = Field(default=0.75, gt=0, le=1)

    @field_validator("views")
    @classmethod
    def _each_view_once(cls, views: tuple[View, ...]) -> tuple[View, ...]:
        if len(set(views)) != len(views):
            raise ValueError(f"views must name each view only once (found {', '.join(views)})")
        return views


@dataclass(frozen=True, eq=False)
class Crops:
    """The part of its box that each clip shows: float32 [clip, 3] where it begins and [clip, 1] its side, as shares."""

    begin: Tensor
    share: Tensor

    @staticmethod
    def of(settings: HeatmapSettings, clips: int, device: torch.device, *, random: bool) -> Crops:
        """Random parts, from torch's own generator of the CPU, or the middle of average side."""
        if random:
            share = settings.crop + (1 - settings.crop) * torch.rand(clips, 1)
            begin = (1 - share) * torch.rand(clips, 3)
        else:
            share = torch.full((clips, 1), (1 + settings.crop) / 2)
            begin = ((1 - share) / 2).expand(clips, 3)
        return Crops(begin.to(device), share.to(device))


def heatmaps(
    streams: Sequence[str], x: Tensor, clip_of_body: Tensor, crops: Crops, settings: HeatmapSettings
) -> Tensor:
    """Bodies [body, frame, joint, 12] of all_streams() to volumes [clip, frame, pixel, pixel, channel], rows downwards.

    streams: "joint", "bone" or both. Channels are joint by joint, for each view of each stream. A joint at (0, 0, 0) is
    lost and draws nothing, as does a bone with a lost end. Where bodies overlap the larger value counts.
    """
    joints, parents = x[..., :3], x[..., :3] - x[..., 3:6]
    there = joints.any(-1)
    both = there & parents.any(-1)
    corner, side = _shown(joints, there, clip_of_body, crops)

    def in_pixels(points: Tensor) -> Tensor:
        return settings.pixels * ((points - corner) / side) - 0.5

    ends = in_pixels(joints)
    starts = in_pixels(parents) if "bone" in streams else ends
    drawn = [
        _lines(ends[..., axes], starts[..., axes], both, settings)
        if stream == "bone"
        else _points(ends[..., axes], there, settings)
        for stream in streams
        for axes in (list(_AXES[view]) for view in settings.views)
    ]
    bodies = drawn[0] if len(drawn) == 1 else torch.cat(drawn, dim=4)
    volume = bodies.new_zeros(len(crops.share), *bodies.shape[1:])
    return volume.scatter_reduce_(0, clip_of_body[:, None, None, None, None].expand_as(bodies), bodies, "amax")


def channels(streams: Sequence[str], joints: int, settings: HeatmapSettings) -> int:
    """Channels of the volumes that heatmaps() gives."""
    return len(streams) * len(settings.views) * joints


def _shown(joints: Tensor, there: Tensor, clip_of_body: Tensor, crops: Crops) -> tuple[Tensor, Tensor]:
    """The part of the box of its clip that each body is shown in: corner [body, 1, 1, 3] and side [body, 1, 1, 1]."""
    lost = ~there[..., None]
    least = joints.masked_fill(lost, torch.inf).amin((1, 2))
    most = joints.masked_fill(lost, -torch.inf).amax((1, 2))
    index, shape = clip_of_body[:, None].expand_as(least), crops.begin.shape
    low = least.new_full(shape, torch.inf).scatter_reduce_(0, index, least, "amin")
    high = most.new_full(shape, -torch.inf).scatter_reduce_(0, index, most, "amax")
    # A clip that has no joint at all draws nothing, wherever its box is.
    low, high = low.clamp(max=_FARTHEST), high.clamp(min=-_FARTHEST)
    side = _ROOM * (high - low).amax(1, keepdim=True).clamp(min=_SMALLEST)
    corner, shown = (low + high) / 2 + side * (crops.begin - 0.5), side * crops.share
    return corner[clip_of_body][:, None, None], shown[clip_of_body][:, None, None]


def _points(points: Tensor, there: Tensor, settings: HeatmapSettings) -> Tensor:
    """Gaussians around points [body, frame, joint, 2]: [body, frame, row, column, joint]."""
    pixels = torch.arange(settings.pixels, device=points.device, dtype=points.dtype)[:, None]
    across, up = (torch.exp(-((pixels - points[..., None, :, axis]) ** 2) / (2 * settings.sigma**2)) for axis in (0, 1))
    # A Gaussian of two dimensions is the product of two; rows go downwards.
    return (up * there[:, :, None]).flip(2)[:, :, :, None] * across[:, :, None]


def _lines(ends: Tensor, starts: Tensor, there: Tensor, settings: HeatmapSettings) -> Tensor:
    """Gaussians around lines between points [body, frame, joint, 2]: [body, frame, row, column, joint]."""
    pixels = torch.arange(settings.pixels, device=ends.device, dtype=ends.dtype)
    way = ends - starts
    length = way.square().sum(-1).clamp(min=_SMALLEST)
    across = pixels[:, None] - starts[:, :, None, :, 0]
    up = (pixels[:, None] - starts[:, :, None, :, 1]).flip(2)
    along = (across * way[:, :, None, :, 0])[:, :, None] + (up * way[:, :, None, :, 1])[:, :, :, None]
    # The nearest point of the line, as a share of its length.
    share = (along / length[:, :, None, None]).clamp(0, 1)
    beside = across[:, :, None] - share * way[:, :, None, None, :, 0]
    above = up[:, :, :, None] - share * way[:, :, None, None, :, 1]
    distance = beside.square() + above.square()
    return torch.exp(-distance / (2 * settings.sigma**2)) * there[:, :, None, None]
