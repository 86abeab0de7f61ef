"""ST-GCN: Yan, Xiong and Lin, "Spatial temporal graph convolutional networks for skeleton-based action recognition".

AAAI 2018. Each joint gathers its neighbours (itself, those nearer to the trunk, those farther), every edge with a
learned importance; then comes one convolution over frames.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sadvae.encoders.network import Block, BlockSize, Pointwise
from sadvae.encoders.temporal import TemporalConvolution
from sadvae.types import FloatArray


class GraphConvolution(nn.Module):
    """Every joint gathers its neighbours of each partition, and one linear layer mixes what it gathered."""

    adjacency: Tensor

    def __init__(self, d_in: int, d_out: int, adjacency: FloatArray) -> None:
        super().__init__()
        self.register_buffer("adjacency", torch.as_tensor(adjacency), persistent=False)
        # Learned importance of every edge, 1 at the start.
        self.importance = nn.Parameter(torch.ones(adjacency.shape))
        self.linear = Pointwise(len(adjacency) * d_in, d_out)

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame, joint, d_out]."""
        return self.linear(gathered(self.adjacency * self.importance, x))


def gathered(edges: Tensor, x: Tensor) -> Tensor:
    """What each joint gathers of x [n, frame, joint, d] along edges [partition, joint, joint]: [.., partition * d]."""
    n, frames, joints, width = x.shape
    # Rows ordered (joint, partition), so that the product is already [joint, partition * channel]. One small product a
    # frame, with the rows repeated by stride 0; matmul would copy all of x to make it one large product.
    rows = edges.transpose(0, 1).reshape(-1, joints)
    product = torch.bmm(rows.expand(n * frames, -1, -1), x.reshape(n * frames, joints, width))
    return product.view(n, frames, joints, -1)


def st_gcn_block(size: BlockSize, adjacency: FloatArray, kernel: int) -> Block:
    """One block; adjacency: float32 [partition, joint, joint], kernel: frames that a convolution sees."""
    graph = GraphConvolution(size.d_in, size.d_out, adjacency)
    return Block(size, graph, TemporalConvolution(size.d_out, kernel, size.stride), graph_residual=False)
