"""ST-GCN (Yan et al., AAAI 2018): graph convolution over joints, convolution over time, block by block.

Tensors are [body, frame, joint, channel] throughout, so that every convolution is one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from sadvae.types import FloatArray


class GraphConvolution(nn.Module):
    """Every joint gathers its neighbours of each partition, and one linear layer mixes what it gathered."""

    adjacency: Tensor

    def __init__(self, d_in: int, d_out: int, adjacency: FloatArray) -> None:
        super().__init__()
        self.register_buffer("adjacency", torch.from_numpy(adjacency), persistent=False)
        # Learned importance of every edge, 1 at the start.
        self.importance = nn.Parameter(torch.ones(adjacency.shape))
        self.linear = nn.Linear(len(adjacency) * d_in, d_out, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame, joint, d_out]."""
        n, frames, joints, width = x.shape
        # Rows ordered (joint, partition), so that the product is already [joint, partition * channel].
        rows = (self.adjacency * self.importance).transpose(0, 1).reshape(-1, joints)
        gathered = rows @ x.reshape(n * frames, joints, width)
        return self.linear(gathered.reshape(n, frames, joints, -1))


class TemporalConvolution(nn.Module):
    """Convolution over frames, each joint for itself."""

    def __init__(self, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        padding = (kernel // 2, 0)
        self.convolution = nn.Conv2d(width, width, (kernel, 1), (stride, 1), padding, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, width] to [n, frame / stride, joint, width]."""
        return self.convolution(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class ChannelNorm(nn.BatchNorm1d):
    """Batch normalisation over the last axis."""

    def forward(self, input: Tensor) -> Tensor:
        """[..., channel] to the same shape."""
        return super().forward(input.reshape(-1, input.shape[-1])).reshape(input.shape)


class Block(nn.Module):
    """Graph convolution, temporal convolution, and a residual path."""

    def __init__(
        self, d_in: int, d_out: int, adjacency: FloatArray, *, kernel: int, stride: int, dropout: float, residual: bool
    ) -> None:
        super().__init__()
        self.graph = GraphConvolution(d_in, d_out, adjacency)
        self.graph_norm = ChannelNorm(d_out)
        self.temporal = TemporalConvolution(d_out, kernel, stride)
        self.temporal_norm = ChannelNorm(d_out)
        self.dropout, self.stride, self.residual = dropout, stride, residual
        changes = residual and (d_in != d_out or stride != 1)
        self.shortcut = nn.Sequential(nn.Linear(d_in, d_out, bias=False), ChannelNorm(d_out)) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame / stride, joint, d_out]."""
        mixed = torch.relu(self.graph_norm(self.graph(x)))
        mixed = functional.dropout(self.temporal_norm(self.temporal(mixed)), self.dropout, self.training)
        if not self.residual:
            return torch.relu(mixed)
        kept = x[:, :: self.stride]
        return torch.relu(mixed + (kept if self.shortcut is None else self.shortcut(kept)))


@dataclass(frozen=True, eq=False)
class EncoderOutput:
    """features float [clip, d], logits [clip, class], and the map [body, frame, joint, d] before pooling."""

    features: Tensor
    logits: Tensor
    feature_map: Tensor


class STGCN(nn.Module):
    """Blocks, average pooling over frames, joints and bodies, and a linear classifier."""

    def __init__(
        self,
        channels: int,
        classes: int,
        adjacency: FloatArray,
        *,
        widths: tuple[int, ...],
        strides: tuple[int, ...],
        kernel: int,
        dropout: float,
    ) -> None:
        super().__init__()
        joints = adjacency.shape[1]
        self.input_norm = nn.BatchNorm1d(joints * channels)
        self.blocks = nn.ModuleList(
            Block(d_in, d_out, adjacency, kernel=kernel, stride=stride, dropout=dropout, residual=number > 0)
            for number, (d_in, d_out, stride) in enumerate(zip((channels, *widths), widths, strides, strict=False))
        )
        self.classifier = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor, clip_of_body: Tensor, clips: int) -> EncoderOutput:
        """Bodies [body, frame, joint, channel] to one output a clip; clip_of_body: int64 [body], in 0 .. clips - 1."""
        bodies, frames, joints, channels = x.shape
        x = self.input_norm(x.reshape(bodies * frames, joints * channels)).reshape(x.shape)
        for block in self.blocks:
            x = block(x)
        pooled = x.mean(dim=(1, 2))
        sums = pooled.new_zeros(clips, pooled.shape[1]).index_add_(0, clip_of_body, pooled)
        counts = torch.bincount(clip_of_body, minlength=clips).clamp(min=1)
        features = sums / counts[:, None]
        return EncoderOutput(features, self.classifier(features), x)
