"""Shift-GCN: Cheng, Zhang, He, Chen, Cheng and Lu, "Skeleton-based action recognition with shift graph convolutional
network", CVPR 2020.

Features are moved between joints and between frames for nothing, and only pointwise layers compute. This is the form
with the non-local spatial shift and the adaptive temporal shift; both are index gathers, so that no extension is built.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sadvae.encoders.network import Block, BlockSize, ChannelNorm, Pointwise


def spatial_shift(joints: int, width: int, direction: int) -> Tensor:
    """Where each (joint, channel) entry comes from: int64 [joint * width], a permutation.

    Channel c of joint v comes from joint v + direction * c, counted around. -1 undoes what 1 does.
    """
    # By NumPy, as products on the device meta (weights.py) take torch seconds of imports.
    joint, channel = np.arange(joints, dtype=np.int64)[:, None], np.arange(width, dtype=np.int64)
    return torch.as_tensor(((joint + direction * channel) % joints * width + channel).ravel())


class JointNorm(nn.BatchNorm1d):
    """Batch normalisation of every channel of every joint by itself."""

    def forward(self, input: Tensor) -> Tensor:
        """[n, frame, joint, channel] to the same shape."""
        return super().forward(input.flatten(2).flatten(0, 1)).view(input.shape)


class ShiftedGraph(nn.Module):
    """Shift between all joints, weigh every (joint, channel) by a learned mask, mix channels, shift back."""

    there: Tensor
    back: Tensor

    def __init__(self, d_in: int, d_out: int, joints: int) -> None:
        super().__init__()
        self.register_buffer("there", spatial_shift(joints, d_in, 1), persistent=False)
        self.register_buffer("back", spatial_shift(joints, d_out, -1), persistent=False)
        self.mask = nn.Parameter(torch.zeros(joints, d_in))
        self.linear = Pointwise(d_in, d_out)

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame, joint, d_out]."""
        shape = x.shape[:3]
        moved = x.flatten(2).flatten(0, 1).index_select(1, self.there).view(x.shape)
        mixed = self.linear(moved * (torch.tanh(self.mask) + 1))
        return mixed.flatten(2).flatten(0, 1).index_select(1, self.back).view(*shape, -1)


class TemporalShift(nn.Module):
    """Every channel is read at its own learned distance in frames, between frames by linear interpolation."""

    def __init__(self, width: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.distance = nn.Parameter(torch.empty(width).uniform_(-1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, width] to [n, frame / stride, joint, width]; frames outside of the clip are 0."""
        whole = self.distance.detach().floor()
        # The frame after the last that is asked for is needed too, as the other end of its interpolation.
        asked = torch.arange((x.shape[1] - 1) // self.stride * self.stride + 2, device=x.device)
        moved = _frames_at(x, asked[:, None] + whole.to(torch.int64))
        part = (self.distance - whole).to(x.dtype)
        return torch.lerp(moved[:, : -1 : self.stride], moved[:, 1 :: self.stride], part)


def _frames_at(x: Tensor, at: Tensor) -> Tensor:
    """Channel c of frame at[t, c] of x, for every t: [n, t, joint, width], and 0 where there is no such frame."""
    n, frames, joints, width = x.shape
    padded = functional.pad(x, (0, 0, 0, 0, 1, 1))
    row = (at + 1).clamp(0, frames + 1)[:, None, :] * joints + torch.arange(joints, device=at.device)[:, None]
    entry = row * width + torch.arange(width, device=at.device)
    return padded.flatten(1).index_select(1, entry.flatten()).view(n, len(at), joints, width)


def shift_gcn_block(size: BlockSize, joints: int) -> Block:
    """One block of a skeleton of that many joints; the shifts know no bones."""
    width = size.d_out
    temporal = nn.Sequential(
        ChannelNorm(width),
        TemporalShift(width),
        Pointwise(width, width, bias=True),
        nn.ReLU(),
        TemporalShift(width, size.stride),
    )
    return Block(size, ShiftedGraph(size.d_in, width, joints), temporal, graph_norm=JointNorm(joints * width))
