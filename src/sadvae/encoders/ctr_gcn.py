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
    """The sum over subsets of linear features, gathered along edges that each channel has for itself.

    Edges of a channel = shared edges + alpha * refinement. Shared edges are learned and start as those of the skeleton;
    alpha starts at 0, so that the refinement grows in.
    """

    adjacency: Tensor

    def __init__(self, d_in: int, d_out: int, adjacency: FloatArray) -> None:
        super().__init__()
        subsets, relations = len(adjacency), max(8, d_in // 8)
        self.register_buffer("adjacency", torch.as_tensor(adjacency), persistent=False)
        self.offset = nn.Parameter(torch.zeros(adjacency.shape))
        self.alpha = nn.Parameter(torch.zeros(1))
        self.receiver = nn.Linear(d_in, subsets * relations)
        self.sender = nn.Linear(d_in, subsets * relations)
        # One row a channel: the weights of its relations, and a bias. Scaled in place, as a product on the device meta
        # (weights.py) takes torch seconds of imports.
        start = torch.empty(subsets, d_out, relations + 1).uniform_(-1, 1).mul_(relations**-0.5)
        self.refine = nn.Parameter(start)
        self.value = nn.Linear(d_in, subsets * d_out)

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame, joint, d_out]."""
        n, frames, joints, _ = x.shape
        # Channels come before frames here, for one small product a body, subset and channel.
        weight = self.value.weight.expand(n, -1, -1)
        values = torch.baddbmm(self.value.bias[:, None], weight, x.flatten(1, 2).transpose(1, 2))
        gathered = torch.bmm(values.view(-1, frames, joints), self.edges(x).view(-1, joints, joints))
        total = gathered.view(n, len(self.adjacency), -1, frames, joints).sum(dim=1)
        return total.permute(0, 2, 3, 1).contiguous()

    def edges(self, x: Tensor) -> Tensor:
        """What each joint sends to each other: [n, subset, d_out, sender * receiver] (equations 4 to 6).

        Shared edges and biases take part as two more relations, whose weights are 1 and alpha * bias; this saves
        passes over the result, which is larger than x.
        """
        subsets, joints, _ = self.adjacency.shape
        relation = self.relation(x.mean(dim=1)).view(x.shape[0], subsets, -1, joints**2)
        ones = relation.new_ones(x.shape[0], subsets, 1, joints**2)
        shared = (self.adjacency + self.offset).transpose(1, 2).reshape(subsets, 1, joints**2).expand_as(ones)
        weights = torch.cat([self.alpha * self.refine, torch.ones_like(self.refine[..., :1])], dim=2)
        return torch.matmul(weights, torch.cat([relation, ones, shared.to(ones.dtype)], dim=2))

    def relation(self, still: Tensor) -> Tensor:
        """Mean features [n, joint, d_in] to tanh(receiver - sender): [n, relation, sender, receiver]."""
        receiver, sender = self.receiver(still).transpose(1, 2), self.sender(still).transpose(1, 2)
        return torch.tanh(receiver[:, :, None, :] - sender[:, :, :, None])


def ctr_gcn_block(size: BlockSize, adjacency: FloatArray, kernel: int) -> Block:
    """One block; adjacency: float32 [subset, joint, joint], kernel: frames that a convolution of a branch sees."""
    graph = RefinedGraphConvolution(size.d_in, size.d_out, adjacency)
    return Block(size, graph, MultiScale(size.d_out, kernel, size.stride, DILATIONS))
