"""Late fusion: one network per stream, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from sadvae.encoders.network import EncoderOutput, SkeletonNetwork
from sadvae.encoders.posec3d import PoseC3D


class LateFusion(nn.Module):
    """Networks that each read their own stream and are trained by their own loss.

    Features, feature maps and logits are the means over the streams, so widths are those of one network. The mean of
    logits and the mean of log-softmax give the same probabilities (they differ by one number a clip, which a softmax
    does not see); logits are kept because their size also tells how sure the networks are, which gates may read.
    """

    def __init__(self, networks: Sequence[SkeletonNetwork | PoseC3D]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, x: Tensor, clip_of_body: Tensor, clips: int) -> EncoderOutput:
        """Bodies [body, frame, joint, channel] to one output a clip; clip_of_body: int64 [body], in 0 .. clips - 1."""
        found: list[EncoderOutput] = [network(x, clip_of_body, clips) for network in self.networks]
        return EncoderOutput(
            torch.stack([one.features for one in found]).mean(0),
            torch.stack([one.logits for one in found]).mean(0),
            torch.stack([one.feature_map for one in found]).mean(0),
            tuple(one.logits for one in found),
        )


def sum_of_losses(output: EncoderOutput, labels: Tensor, label_smoothing: float) -> Tensor:
    """The cross-entropy of a network, or the sum over streams of theirs; labels: int64 [clip]."""
    losses = [
        functional.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)
        for logits in output.trained_logits
    ]
    return torch.stack(losses).sum()
