"""CTR-GCN: Chen, Zhang, Yuan, Li, Deng and Hu, "Channel-wise topology refinement graph convolution", ICCV 2021.

The edges that all channels share are refined for every channel and every body, by how two joints relate in its own
features; then come temporal branches: kernels of five frames at two dilations, a max-pooling, a pointwise one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sadvae.encoders.network import Block, BlockSize
from sadvae.encoders.temporal import MultiScale
from sadvae.types import FloatArray

DILATIONS = (1, 2)


class RefinedGraphConvolution(nn.Module):
    """The sum over subsets of: linear features, gathered along edges = shared edges + alpha * refinement (eq. 4-7)."""

    adjacency: Tensor

    def __init__(self, d_in: int, d_out: int, adjacency: FloatArray) -> None:
        super().__init__()
        self.register_buffer("adjacency", torch.from_numpy(adjacency), persistent=False)
        # The shared edges start as those of the skeleton; alpha starts at 0, so the refinement grows in.
        self.offset = nn.Parameter(torch.zeros(adjacency.shape))
        self.alpha = nn.Parameter(torch.zeros(1))
        relation = max(8, d_in // 8)
        self.subsets = nn.ModuleList(_Subset(d_in, d_out, relation) for _ in adjacency)

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame, joint, d_out]."""
        n, frames, joints, _ = x.shape
        edges, still = self.adjacency + self.offset, x.mean(dim=1)
        total = x.new_zeros(())
        for subset, shared in zip(self.subsets, edges, strict=True):
            refined = (shared.flatten() + self.alpha * subset.refinement(still)).view(-1, joints, joints)
            # One product a body and channel: [frame, joint] times [joint, joint], so channels come before frames here.
            values = subset.values(x).view(-1, frames, joints)
            total = total + torch.bmm(values, refined.transpose(1, 2))
        return total.view(n, -1, frames, joints).permute(0, 2, 3, 1)


class _Subset(nn.Module):
    def __init__(self, d_in: int, d_out: int, relation: int) -> None:
        super().__init__()
        self.receiver, self.sender = nn.Linear(d_in, relation), nn.Linear(d_in, relation)
        self.refine, self.value = nn.Linear(relation, d_out), nn.Linear(d_in, d_out)

    def refinement(self, still: Tensor) -> Tensor:
        """Mean features [n, joint, d_in] to edges [n, d_out, receiver * sender] of each channel."""
        receiver, sender = self.receiver(still).transpose(1, 2), self.sender(still).transpose(1, 2)
        relation = torch.tanh(receiver[:, :, :, None] - sender[:, :, None, :])
        return channels_first(self.refine, relation.flatten(2))

    def values(self, x: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, d_out, frame * joint]."""
        return channels_first(self.value, x.flatten(1, 2).transpose(1, 2))


def channels_first(layer: nn.Linear, x: Tensor) -> Tensor:
    """A linear layer over the middle axis: [n, d_in, m] to [n, d_out, m], one matrix product each."""
    return torch.baddbmm(layer.bias[:, None], layer.weight.expand(len(x), -1, -1), x)


def ctr_gcn_block(size: BlockSize, adjacency: FloatArray, kernel: int) -> Block:
    """One block; adjacency: float32 [subset, joint, joint], kernel: frames that a convolution of a branch sees."""
    graph = RefinedGraphConvolution(size.d_in, size.d_out, adjacency)
    return Block(size, graph, MultiScale(size.d_out, kernel, size.stride, DILATIONS))
