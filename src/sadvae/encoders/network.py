"""What every skeleton network shares: input norm, blocks, pooling over frames, joints and bodies, and a classifier.

Tensors are [body, frame, joint, channel] throughout, so that a convolution of width 1 is one matrix product. Seen as
[body, channel, frame, joint] that is the memory order which torch calls channels_last, so its convolutions, norms and
poolings take it without a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, eq=False)
class EncoderOutput:
    """What a network says of some clips.

    features: float [clip, d]. logits: float [clip, class]. feature_map: float [body, frame, joint, d] before pooling.
    trained_logits: logits [clip, class] of each part that has a loss of its own (just the logits, or one a stream).
    """

    features: Tensor
    logits: Tensor
    feature_map: Tensor
    trained_logits: tuple[Tensor, ...]


@dataclass(frozen=True)
class BlockSize:
    """Channels in and out of a block, its stride over frames, its dropout, and whether it adds its input at the end."""

    d_in: int
    d_out: int
    stride: int
    dropout: float
    residual: bool


class ChannelNorm(nn.BatchNorm2d):
    """Batch normalisation over the last axis."""

    def forward(self, input: Tensor) -> Tensor:
        """[n, frame, joint, channel] to the same shape."""
        return super().forward(input.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


# The most channels that oneDNN takes at once (AVX-512; AVX2 takes 8).
_LANES = 16


class Pointwise(nn.Linear):
    """A linear layer over the last axis, at every stride-th frame.

    It is computed as a convolution of width 1, which takes a fifth less time on a CPU than torch's own Linear does.
    """

    def __init__(self, d_in: int, d_out: int, *, stride: int = 1, bias: bool = False) -> None:
        super().__init__(d_in, d_out, bias=bias)
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame / stride, joint, d_out]."""
        stride = self.stride
        if input.shape[3] < _LANES:
            # The gradient of a convolution of width 1 with a stride and fewer channels writes beyond its memory on a
            # CPU (torch 2.13, oneDNN; seen with AVX2), which ends the process or changes other numbers.
            input, stride = input[:, ::stride], 1
        kernel = self.weight[:, :, None, None]
        return functional.conv2d(input.permute(0, 3, 1, 2), kernel, self.bias, (stride, 1)).permute(0, 2, 3, 1)


class Shortcut(nn.Sequential):
    """A residual path: the input itself, or a linear layer and a norm where the shape changes."""

    def __init__(self, d_in: int, d_out: int, stride: int) -> None:
        changes = d_in != d_out or stride != 1
        super().__init__(*([Pointwise(d_in, d_out, stride=stride), ChannelNorm(d_out)] if changes else []))


class Block(nn.Module):
    """A graph operation, then a temporal operation, each with its norm, and residual paths around them."""

    def __init__(
        self,
        size: BlockSize,
        graph: nn.Module,
        temporal: nn.Module,
        *,
        graph_norm: nn.Module | None = None,
        graph_residual: bool = True,
    ) -> None:
        """graph: d_in to d_out channels. temporal: d_out to d_out, and frames to frames / stride."""
        super().__init__()
        self.graph, self.temporal, self.dropout = graph, temporal, size.dropout
        self.graph_norm = graph_norm or ChannelNorm(size.d_out)
        self.temporal_norm = ChannelNorm(size.d_out)
        self.graph_shortcut = Shortcut(size.d_in, size.d_out, 1) if graph_residual else None
        self.shortcut = Shortcut(size.d_in, size.d_out, size.stride) if size.residual else None

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame / stride, joint, d_out]."""
        mixed = self.graph_norm(self.graph(x))
        mixed = torch.relu(mixed if self.graph_shortcut is None else mixed + self.graph_shortcut(x))
        mixed = functional.dropout(self.temporal_norm(self.temporal(mixed)), self.dropout, self.training)
        return torch.relu(mixed if self.shortcut is None else mixed + self.shortcut(x))


class SkeletonNetwork(nn.Module):
    """Blocks, average pooling over frames, joints and bodies, and a linear classifier."""

    def __init__(self, columns: Sequence[int], joints: int, blocks: Sequence[Block], width: int, classes: int) -> None:
        """columns: the channels of the input that the first block reads. width: channels of the last block."""
        super().__init__()
        self.columns = list(columns)
        self.input_norm = nn.BatchNorm1d(joints * len(columns))
        self.blocks = nn.ModuleList(blocks)
        self.classifier = nn.Linear(width, classes)

    def forward(self, x: Tensor, clip_of_body: Tensor, clips: int) -> EncoderOutput:
        """Bodies [body, frame, joint, channel] to one output a clip; clip_of_body: int64 [body], in 0 .. clips - 1."""
        if self.columns != list(range(x.shape[3])):
            x = x[..., self.columns]
        # Blocks may run in a lower precision than joints come in.
        x = x.to(self.input_norm.weight.dtype)
        x = self.input_norm(x.flatten(2).flatten(0, 1)).reshape(x.shape)
        for block in self.blocks:
            x = block(x)
        # Blocks may run in a lower precision than the classifier, which then sets that of the means.
        features = mean_of_bodies(x.mean(dim=(1, 2), dtype=self.classifier.weight.dtype), clip_of_body, clips)
        logits = self.classifier(features)
        return EncoderOutput(features, logits, x, (logits,))


def mean_of_bodies(pooled: Tensor, clip_of_body: Tensor, clips: int) -> Tensor:
    """Means [clip, d] over the bodies of each clip, from [body, d]; 0 for a clip without bodies."""
    sums = pooled.new_zeros(clips, pooled.shape[1]).index_add_(0, clip_of_body, pooled)
    # Not bincount, whose shape depends on the data, so that graphs can be exported.
    bodies = pooled.new_zeros(clips).index_add_(0, clip_of_body, torch.ones_like(pooled[:, 0]))
    return sums / bodies.clamp(min=1)[:, None]
