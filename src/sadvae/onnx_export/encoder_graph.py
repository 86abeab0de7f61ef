"""The skeleton encoder as one graph: the prepared bodies of one clip to its feature and its logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sadvae.encoders.folding import folded
from sadvae.encoders.streams import all_streams, parents
from sadvae.encoders.trained import TrainedEncoder


class ClipEncoder(nn.Module):
    """What encoders/inference.py does with a clip: resize, streams, network, mean over bodies.

    Bodies of all zeros are padding and must be left out before.
    """

    parent: Tensor
    line: Tensor

    def __init__(self, encoder: TrainedEncoder) -> None:
        super().__init__()
        self.network = folded(encoder.network)
        self.register_buffer("parent", torch.tensor(parents(encoder.layout)))
        self.register_buffer("line", torch.linspace(0, 1, encoder.settings.frames))

    def forward(self, joints: Tensor) -> tuple[Tensor, Tensor]:
        """Joints [body, frame, joint, 3] to features [1, d] and logits [1, class]."""
        streams = all_streams(self.resized(joints), self.parent)
        found = self.network(streams, streams[:, 0, 0, 0].to(torch.int64) * 0, 1)
        return found.features, found.logits

    def resized(self, joints: Tensor) -> Tensor:
        """As Bodies.resized, of whole bodies with one number of frames: [body, frames, joint, 3]."""
        last = torch.ones_like(joints[0, :, 0, 0]).sum() - 1
        at = self.line * last
        low = torch.minimum(at.floor(), (last - 1).clamp(min=0))
        part = (at - low)[:, None, None]
        second = torch.minimum(low + 1, last)
        start, end = (joints.index_select(1, frame.to(torch.int64)) for frame in (low, second))
        return start + part * (end - start)
