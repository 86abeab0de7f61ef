"""PoseC3D: Duan, Zhao, Chen, Lin and Dai, "Revisiting skeleton-based action recognition", CVPR 2022.

A residual network over heatmaps of joints (heatmaps.py): SlowOnly without its last stage. The blocks of the first stage
see single frames, those of the others `temporal_kernel` of them; no convolution is over pixels and frames at once.
Tensors are [clip, frame, pixel, channel], as network.py has them with joints, so its layers serve here.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from sadvae.encoders.heatmaps import Crops, HeatmapSettings, channels, heatmaps
from sadvae.encoders.network import ChannelNorm, EncoderOutput, Pointwise
from sadvae.encoders.temporal import TemporalConvolution

# Channels of a block by those within it.
EXPANSION = 4


class PictureConvolution(nn.Module):
    """A convolution over the picture of each frame, at every stride-th pixel of every frame_stride-th frame."""

    def __init__(
        self, d_in: int, d_out: int, kernel: int, side: int, *, stride: int = 1, frame_stride: int = 1
    ) -> None:
        """side: rows and columns of the picture that comes in."""
        super().__init__()
        self.side, self.frame_stride = side, frame_stride
        self.convolution = nn.Conv2d(d_in, d_out, kernel, stride, kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, pixel, d_in] to [n, frame / frame_stride, pixel / stride^2, d_out]."""
        x = x[:, :: self.frame_stride]
        pictures = x.reshape(-1, self.side, self.side, x.shape[3]).permute(0, 3, 1, 2)
        found = self.convolution(pictures).permute(0, 2, 3, 1)
        return found.reshape(x.shape[0], x.shape[1], -1, found.shape[3])


class EveryNth(nn.Module):
    """Every stride-th row and column of the pictures of every frame_stride-th frame."""

    def __init__(self, side: int, stride: int, frame_stride: int) -> None:
        super().__init__()
        self.side, self.stride, self.frame_stride = side, stride, frame_stride

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, pixel, d] to [n, frame / frame_stride, pixel / stride^2, d]."""
        pictures = x.unflatten(2, (self.side, self.side))
        return pictures[:, :: self.frame_stride, :: self.stride, :: self.stride].flatten(2, 3)


class Bottleneck(nn.Module):
    """Fewer channels, over frames if it sees any; then over the picture; then all channels, added to what came in."""

    def __init__(self, d_in: int, d_out: int, side: int, kernel: int, stride: int, frame_stride: int) -> None:
        """kernel: frames that it sees. stride: of the picture, whose side is `side`. frame_stride: of frames."""
        super().__init__()
        inner = d_out // EXPANSION
        self.path = nn.Sequential(
            Pointwise(d_in, inner) if kernel == 1 else TemporalConvolution(inner, kernel, 1, d_in=d_in),
            ChannelNorm(inner),
            nn.ReLU(),
            PictureConvolution(inner, inner, 3, side, stride=stride, frame_stride=frame_stride),
            ChannelNorm(inner),
            nn.ReLU(),
            Pointwise(inner, d_out),
            ChannelNorm(d_out),
        )
        changes = d_in != d_out or stride != 1 or frame_stride != 1
        fitted = EveryNth(side, stride, frame_stride), Pointwise(d_in, d_out), ChannelNorm(d_out)
        self.shortcut = nn.Sequential(*(fitted if changes else ()))

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, pixel, d_in] to [n, frame / frame_stride, pixel / stride^2, d_out]."""
        return torch.relu(self.path(x) + self.shortcut(x))


class PoseC3D(nn.Module):
    """Heatmaps of a clip, a first convolution, blocks, average pooling over frames and pixels, a linear classifier."""

    def __init__(
        self,
        streams: Sequence[str],
        joints: int,
        settings: HeatmapSettings,
        blocks: Sequence[Bottleneck],
        widths: tuple[int, int],
        classes: int,
        dropout: float,
    ) -> None:
        """widths: channels that come into the first block and out of the last."""
        super().__init__()
        self.streams, self.settings, self.dropout = tuple(streams), settings, dropout
        self.stem = nn.Sequential(
            PictureConvolution(channels(streams, joints, settings), widths[0], settings.stem, settings.pixels),
            ChannelNorm(widths[0]),
            nn.ReLU(),
        )
        self.blocks = nn.ModuleList(blocks)
        self.classifier = nn.Linear(widths[1], classes)

    def forward(self, x: Tensor, clip_of_body: Tensor, clips: int) -> EncoderOutput:
        """Bodies [body, frame, joint, 12] to one output a clip; clip_of_body: int64 [body], in 0 .. clips - 1.

        All bodies of a clip are in one volume, so each has the feature map of its clip.
        """
        crops = Crops.of(self.settings, clips, x.device, random=self.training)
        volume = heatmaps(self.streams, x, clip_of_body, crops, self.settings)
        # Blocks may run in a lower precision than joints are drawn in.
        found = self._largest(self.stem(volume.flatten(2, 3).to(next(self.stem.parameters()).dtype)))
        for block in self.blocks:
            found = block(found)
        # Blocks may run in a lower precision than the classifier, which then sets that of the means.
        features = found.mean(dim=(1, 2), dtype=self.classifier.weight.dtype)
        logits = self.classifier(functional.dropout(features, self.dropout, self.training))
        return EncoderOutput(features, logits, found[clip_of_body], (logits,))

    def _largest(self, x: Tensor) -> Tensor:
        """The largest value among each pixel and its eight neighbours."""
        side = self.settings.pixels
        pictures = x.reshape(-1, side, side, x.shape[3]).permute(0, 3, 1, 2)
        return functional.max_pool2d(pictures, 3, 1, 1).permute(0, 2, 3, 1).reshape(x.shape)


def bottlenecks(widths: Sequence[int], frame_strides: Sequence[int], kernel: int, pixels: int) -> list[Bottleneck]:
    """Blocks of these widths; a stage ends where the width changes, and the first block of each halves the picture."""
    blocks: list[Bottleneck] = []
    d_in, side, stage = widths[0] // EXPANSION, pixels, 0
    for d_out, frame_stride, stride in zip(widths, frame_strides, picture_strides(widths), strict=True):
        stage += stride > 1
        # As published, the first stage sees single frames.
        blocks.append(Bottleneck(d_in, d_out, side, kernel if stage > 1 else 1, stride, frame_stride))
        d_in, side = d_out, -(-side // stride)
    return blocks


def picture_strides(widths: Sequence[int]) -> list[int]:
    """By how much each block divides the sides of the picture: 2 where a stage begins, else 1."""
    return [2 if d_in != d_out else 1 for d_in, d_out in zip((0, *widths), widths, strict=False)]
