"""The operations of the skeleton networks against plain computations."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sadvae.encoders.ctr_gcn import RefinedGraphConvolution
from sadvae.encoders.graph import spatial_partitions
from sadvae.encoders.network import BlockSize, ChannelNorm, Pointwise
from sadvae.encoders.shift_gcn import JointNorm, ShiftedGraph, TemporalShift, spatial_shift
from sadvae.encoders.st_gcn import GraphConvolution, st_gcn_block
from sadvae.encoders.st_gcn_pp import LearnedGraphConvolution
from sadvae.encoders.temporal import MultiScale, TemporalConvolution
from tests.conftest import STICK

PARTITIONS = spatial_partitions(STICK)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_a_pointwise_layer_is_a_linear_layer() -> None:
    layer, x = Pointwise(4, 6, stride=2, bias=True), torch.randn(2, 7, 5, 4)
    torch.testing.assert_close(layer(x), nn.functional.linear(x[:, ::2], layer.weight, layer.bias))


NARROW = """
import torch
from sadvae.encoders.network import Pointwise
from sadvae.encoders.temporal import TemporalConvolution
for layer in (Pointwise(4, 16, stride=2), Pointwise(3, 8, stride=2), TemporalConvolution(4, 1, 2)):
    for _ in range(30):
        x = torch.randn(64, 8, 5, next(layer.parameters()).shape[1], requires_grad=True)
        layer(x).square().sum().backward()
"""


def test_narrow_layers_with_a_stride_write_nowhere_else() -> None:
    """In a process of its own, which a gradient beyond its memory ends."""
    done = subprocess.run([sys.executable, "-c", NARROW], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("width", [4, 12, 20])
def test_layers_of_one_frame_take_every_second(width: int) -> None:
    x = torch.randn(2, 7, 5, width)
    layer, temporal = Pointwise(width, 6, stride=2), TemporalConvolution(width, 1, 2)
    torch.testing.assert_close(layer(x), x[:, ::2] @ layer.weight.T)
    torch.testing.assert_close(temporal(x), x[:, ::2] @ temporal.convolution.weight[:, :, 0, 0].T)


@pytest.mark.parametrize(("norm", "axes"), [(ChannelNorm(3), (0, 1, 2)), (JointNorm(5 * 3), (0, 1))])
def test_norms_are_over_channels_and_over_channels_of_joints(norm: nn.Module, axes: tuple[int, ...]) -> None:
    x = 3 * torch.randn(4, 6, 5, 3) + 1
    mean, variance = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
    torch.testing.assert_close(norm(x), (x - mean) / (variance + 1e-5).sqrt())


def test_graph_convolution_is_the_sum_over_partitions() -> None:
    layer, x = GraphConvolution(4, 6, PARTITIONS), torch.randn(2, 7, 5, 4)
    with torch.no_grad():
        layer.importance.uniform_(0.5, 1.5)
        edges, weights = layer.adjacency * layer.importance, layer.linear.weight.reshape(6, 3, 4)
        torch.testing.assert_close(layer(x), torch.einsum("kwv,ntvc,okc->ntwo", edges, x, weights))


def test_learned_edges_start_as_those_of_the_skeleton() -> None:
    plain, learned = GraphConvolution(4, 6, PARTITIONS), LearnedGraphConvolution(4, 6, PARTITIONS)
    x = torch.randn(2, 7, 5, 4)
    with torch.no_grad():
        learned.linear.weight.copy_(plain.linear.weight)
        torch.testing.assert_close(learned(x), plain(x))
        learned.offset[1, 3, 0] = 2
        by_hand = plain(x)
        by_hand[:, :, 3] += 2 * x[:, :, 0] @ plain.linear.weight.reshape(6, 3, 4)[:, 1].T
        torch.testing.assert_close(learned(x), by_hand)


def test_blocks_halve_time_and_keep_a_residual() -> None:
    block = st_gcn_block(BlockSize(4, 4, 1, 0.0, residual=True), PARTITIONS, 3).eval()
    x = torch.randn(2, 6, 5, 4)
    with torch.no_grad():
        assert isinstance(block.temporal, TemporalConvolution)
        block.temporal.convolution.weight.zero_()
        torch.testing.assert_close(block(x), torch.relu(x))
    wider = st_gcn_block(BlockSize(4, 8, 2, 0.0, residual=True), PARTITIONS, 3).eval()
    assert wider(x).shape == (2, 3, 5, 8)


@pytest.mark.parametrize(("kernel", "stride", "dilation"), [(5, 2, 1), (3, 1, 4), (3, 2, 3)])
def test_temporal_convolution_is_a_convolution_of_each_joint(kernel: int, stride: int, dilation: int) -> None:
    layer, x = TemporalConvolution(3, kernel, stride, dilation), torch.randn(2, 9, 4, 3)
    padding = dilation * (kernel // 2)
    for joint in range(4):
        alone = x[:, :, joint].transpose(1, 2)
        weight = layer.convolution.weight[..., 0]
        by_hand = nn.functional.conv1d(alone, weight, None, stride, padding, dilation)
        torch.testing.assert_close(layer(x)[:, :, joint], by_hand.transpose(1, 2))


@pytest.mark.parametrize("stride", [1, 2])
def test_multi_scale_branches_by_hand(stride: int) -> None:
    layer, x = MultiScale(13, 3, stride, (1, 2)), torch.randn(2, 9, 4, 13)
    found = layer(x)
    entered = x @ layer.enter.weight.T
    mean, variance = entered.mean((0, 1, 2)), entered.var((0, 1, 2), unbiased=False)
    entered = ((entered - mean) / (variance + 1e-5).sqrt()).clamp(min=0)
    for joint in range(4):
        one, two, pooled = entered[:, :, joint].transpose(1, 2).split(3, dim=1)
        weights = [weight[..., 0] for weight in layer.dilated.parameters()]
        branches = [
            nn.functional.conv1d(one, weights[0], None, stride, 1, 1),
            nn.functional.conv1d(two, weights[1], None, stride, 2, 2),
            nn.functional.max_pool1d(pooled, 3, stride, 1),
            (x[:, ::stride, joint] @ layer.alone.weight.T).transpose(1, 2),
        ]
        torch.testing.assert_close(found[:, :, joint], torch.cat(branches, dim=1).transpose(1, 2))


def test_refined_edges_by_hand() -> None:
    layer, x = RefinedGraphConvolution(4, 6, PARTITIONS), torch.randn(2, 7, 5, 4)
    nn.init.constant_(layer.alpha, 0.3)
    nn.init.normal_(layer.offset)
    found, total = layer(x), torch.zeros(2, 7, 5, 6)
    for k in range(3):
        first, last = 8 * k, 8 * k + 8
        receiver = x.mean(1) @ layer.receiver.weight[first:last].T + layer.receiver.bias[first:last]
        sender = x.mean(1) @ layer.sender.weight[first:last].T + layer.sender.bias[first:last]
        relation = torch.tanh(receiver.unsqueeze(2) - sender.unsqueeze(1))
        refined = torch.einsum("nuvr,or->nuvo", relation, layer.refine[k, :, :8]) + layer.refine[k, :, 8]
        edges = (layer.adjacency + layer.offset)[k][None, :, :, None] + 0.3 * refined
        values = x @ layer.value.weight[6 * k : 6 * k + 6].T + layer.value.bias[6 * k : 6 * k + 6]
        total = total + torch.einsum("nuvo,ntvo->ntuo", edges, values)
    torch.testing.assert_close(found, total)


def test_without_refinement_all_channels_share_the_edges_of_the_skeleton() -> None:
    layer, plain = RefinedGraphConvolution(4, 6, PARTITIONS), GraphConvolution(4, 6, PARTITIONS)
    x = torch.randn(2, 7, 5, 4)
    with torch.no_grad():
        layer.value.bias.zero_()
        layer.value.weight.copy_(plain.linear.weight.reshape(6, 3, 4).transpose(0, 1).reshape(18, 4))
        torch.testing.assert_close(layer(x), plain(x))


@given(st.integers(1, 30), st.integers(1, 70))
def test_a_spatial_shift_is_a_permutation_and_back_undoes_it(joints: int, width: int) -> None:
    there, back = spatial_shift(joints, width, 1), spatial_shift(joints, width, -1)
    assert sorted(there.tolist()) == list(range(joints * width))
    assert there[back].tolist() == list(range(joints * width))
    by_hand = [(v + c) % joints * width + c for v in range(joints) for c in range(width)]
    assert there.tolist() == by_hand


def test_shifted_graph_by_hand() -> None:
    layer, x = ShiftedGraph(7, 6, 5), torch.randn(2, 3, 5, 7)
    nn.init.normal_(layer.mask)
    moved = torch.stack([torch.stack([x[:, :, (v + c) % 5, c] for c in range(7)], 2) for v in range(5)], 2)
    mixed = (moved * (1 + torch.tanh(layer.mask))) @ layer.linear.weight.T
    back = torch.stack([torch.stack([mixed[:, :, (v - c) % 5, c] for c in range(6)], 2) for v in range(5)], 2)
    torch.testing.assert_close(layer(x), back)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 3), st.lists(st.integers(-12, 12), min_size=1, max_size=4))
def test_whole_temporal_shifts_are_plain_shifts(frames: int, stride: int, distances: list[int]) -> None:
    layer, x = TemporalShift(len(distances), stride), torch.randn(2, frames, 3, len(distances))
    with torch.no_grad():
        layer.distance.copy_(torch.tensor(distances))
    for channel, distance in enumerate(distances):
        for new, frame in enumerate(range(0, frames, stride)):
            inside = 0 <= frame + distance < frames
            wanted = x[:, frame + distance, :, channel] if inside else torch.zeros(2, 3)
            assert torch.equal(layer(x)[:, new, :, channel], wanted)


def test_broken_temporal_shifts_lie_between_and_their_gradient_is_right() -> None:
    layer, x = TemporalShift(3, 2).double(), torch.randn(2, 6, 4, 3, dtype=torch.float64)
    distances = torch.tensor([-1.25, 0.5, 2.75], dtype=torch.float64)
    with torch.no_grad():
        layer.distance.copy_(distances)
    torch.testing.assert_close(layer(x)[:, 1, :, 0], 0.25 * x[:, 0, :, 0] + 0.75 * x[:, 1, :, 0])
    torch.testing.assert_close(layer(x)[:, 1, :, 1], 0.5 * x[:, 2, :, 1] + 0.5 * x[:, 3, :, 1])
    torch.testing.assert_close(layer(x)[:, 2, :, 2], torch.zeros(2, 4, dtype=torch.float64))

    def shifted(distance: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(layer, {"distance": distance}, (x,))

    assert torch.autograd.gradcheck(shifted, (distances.requires_grad_(), x.requires_grad_()))
