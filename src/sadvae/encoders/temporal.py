"""Convolution over frames, each joint for itself: one kernel, or branches of several time scales side by side."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from sadvae.encoders.network import ChannelNorm, Pointwise


class TemporalConvolution(nn.Module):
    """A convolution over frames of one joint."""

    def __init__(self, width: int, kernel: int, stride: int, dilation: int = 1, *, d_in: int | None = None) -> None:
        """d_in: channels that come in, where they are not `width` as those that go out."""
        super().__init__()
        padding = (dilation * (kernel // 2), 0)
        # A kernel of one frame takes its stride beforehand, for the reason that Pointwise gives.
        self.every, stride = (stride, 1) if kernel == 1 else (1, stride)
        self.convolution = nn.Conv2d(d_in or width, width, (kernel, 1), (stride, 1), padding, (dilation, 1), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame / stride, joint, width]."""
        return self.convolution(x[:, :: self.every].permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def largest_of_three(x: Tensor, stride: int) -> Tensor:
    """The largest value among each frame and its two neighbours, at every stride-th frame."""
    return functional.max_pool2d(x.permute(0, 3, 1, 2), (3, 1), (stride, 1), (1, 0)).permute(0, 2, 3, 1)


class MultiScale(nn.Module):
    """Channels divided among branches: one dilated convolution each, a max-pooling, and every frame for itself.

    Each branch starts with a linear layer of all channels; all but the last have a norm and a ReLU behind it. The
    linear layers of those are one matrix product here. The last branch takes the channels that are left over.
    """

    def __init__(self, width: int, kernel: int, stride: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.stride = stride
        self.part = width // (len(dilations) + 2)
        scales = self.part * (len(dilations) + 1)
        self.enter = Pointwise(width, scales)
        self.enter_norm = ChannelNorm(scales)
        self.dilated = nn.ModuleList(TemporalConvolution(self.part, kernel, stride, d) for d in dilations)
        self.alone = Pointwise(width, width - scales, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, width] to [n, frame / stride, joint, width]: branches in order, without a last norm."""
        *parts, pooled = torch.relu(self.enter_norm(self.enter(x))).split(self.part, dim=3)
        found = [convolution(part) for convolution, part in zip(self.dilated, parts, strict=True)]
        return torch.cat([*found, largest_of_three(pooled, self.stride), self.alone(x)], dim=3)
