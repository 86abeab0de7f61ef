"""ST-GCN++: Duan, Wang, Chen and Lin, "PYSKL: towards good practices for skeleton action recognition".

ACM Multimedia 2022 (arXiv 2205.09443). ST-GCN with learned edges between all joints, a residual path around the graph
convolution, and six temporal branches: kernels of three frames at four dilations, a max-pooling, a pointwise one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sadvae.encoders.network import Block, BlockSize, ChannelNorm, Pointwise
from sadvae.encoders.st_gcn import gathered
from sadvae.encoders.temporal import MultiScale
from sadvae.types import FloatArray

DILATIONS = (1, 2, 3, 4)


class LearnedGraphConvolution(nn.Module):
    """A graph convolution whose edges start as those of the skeleton and are free afterwards.

    The paper learns the whole matrix. Its offset from the skeleton is learned here, which is the same function from
    the same start, but weight decay pulls towards the skeleton in place of towards no edges.
    """

    adjacency: Tensor

    def __init__(self, d_in: int, d_out: int, adjacency: FloatArray) -> None:
        super().__init__()
        self.register_buffer("adjacency", torch.as_tensor(adjacency), persistent=False)
        self.offset = nn.Parameter(torch.zeros(adjacency.shape))
        self.linear = Pointwise(len(adjacency) * d_in, d_out)

    def forward(self, x: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame, joint, d_out]."""
        return self.linear(gathered(self.adjacency + self.offset, x))


def st_gcn_pp_block(size: BlockSize, adjacency: FloatArray, kernel: int) -> Block:
    """One block; adjacency: float32 [partition, joint, joint], kernel: frames that a convolution of a branch sees."""
    width = size.d_out
    temporal = nn.Sequential(
        MultiScale(width, kernel, size.stride, DILATIONS),
        ChannelNorm(width),
        nn.ReLU(),
        Pointwise(width, width),
    )
    return Block(size, LearnedGraphConvolution(size.d_in, width, adjacency), temporal)
