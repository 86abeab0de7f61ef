"""From settings and a layout to an untrained network."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from sadvae.encoders.ctr_gcn import ctr_gcn_block
from sadvae.encoders.fusion import LateFusion
from sadvae.encoders.graph import spatial_partitions
from sadvae.encoders.heatmaps import HeatmapSettings
from sadvae.encoders.kinematics import KinematicsNetwork, WithKinematics
from sadvae.encoders.network import Block, BlockSize, SkeletonNetwork
from sadvae.encoders.posec3d import EXPANSION, PoseC3D, bottlenecks
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.shift_gcn import shift_gcn_block
from sadvae.encoders.st_gcn import st_gcn_block
from sadvae.encoders.st_gcn_pp import st_gcn_pp_block
from sadvae.encoders.streams import columns_of
from sadvae.types import Layout

Network = SkeletonNetwork | PoseC3D | LateFusion | KinematicsNetwork | WithKinematics


def new_network(settings: EncoderSettings, layout: Layout, class_count: int) -> Network:
    """An untrained network for a layout; its weights come from torch's own generator.

    It reads all streams (streams.py) and takes the channels of those that the settings name.
    """
    if settings.architecture == "kinematics":
        return KinematicsNetwork(layout, class_count)
    network = _learned(settings, layout, class_count)
    return WithKinematics(network, layout) if settings.features == "kinematics" else network


def _learned(settings: EncoderSettings, layout: Layout, class_count: int) -> SkeletonNetwork | PoseC3D | LateFusion:
    if settings.losses > 1:
        return LateFusion([_network(settings, (stream,), layout, class_count) for stream in settings.streams])
    return _network(settings, settings.streams, layout, class_count)


def parameter_count(network: nn.Module) -> int:
    """How many numbers of a network are learned."""
    return sum(parameter.numel() for parameter in network.parameters())


def _network(
    settings: EncoderSettings, streams: Sequence[str], layout: Layout, class_count: int
) -> SkeletonNetwork | PoseC3D:
    if settings.heatmaps:
        return _posec3d(settings, streams, settings.heatmaps, layout, class_count)
    columns = columns_of(streams)
    inputs = (len(columns), *settings.widths[:-1])
    sizes = [
        BlockSize(d_in, d_out, stride, settings.dropout, residual=number > 0)
        for number, (d_in, d_out, stride) in enumerate(zip(inputs, settings.widths, settings.strides, strict=True))
    ]
    blocks = [_block(settings, size, layout) for size in sizes]
    return SkeletonNetwork(columns, len(layout.joints), blocks, settings.widths[-1], class_count)


def _posec3d(
    settings: EncoderSettings, streams: Sequence[str], drawn: HeatmapSettings, layout: Layout, class_count: int
) -> PoseC3D:
    blocks = bottlenecks(settings.widths, settings.strides, settings.temporal_kernel, drawn.pixels)
    widths = settings.widths[0] // EXPANSION, settings.widths[-1]
    return PoseC3D(streams, len(layout.joints), drawn, blocks, widths, class_count, settings.dropout)


def _block(settings: EncoderSettings, size: BlockSize, layout: Layout) -> Block:
    if settings.architecture == "shift_gcn":
        return shift_gcn_block(size, len(layout.joints))
    new = {"st_gcn": st_gcn_block, "st_gcn_pp": st_gcn_pp_block, "ctr_gcn": ctr_gcn_block}[settings.architecture]
    return new(size, spatial_partitions(layout), settings.temporal_kernel)
