"""Networks as inference runs them: batch normalisation folded into weights, linear layers as convolutions.

In training a batch normalisation needs the statistics of its batch. In inference it is a scale and a shift for each
channel, which the weights and bias of the layer before it can carry (Jacob et al., CVPR 2018, section 3.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

Layer = nn.Linear | nn.Conv1d | nn.Conv2d
Network = TypeVar("Network", bound=nn.Module)


def folded(network: Network) -> Network:
    """A copy in evaluation mode that computes the same with fewer operations: no normalisation after a layer.

    A normalisation is folded where it follows a linear layer or a convolution in an nn.Sequential, or where its module
    says so in `folds`: {name of the normalisation: dotted name of the layer whose output it reads, and nothing else}.
    """
    new = deepcopy(network).eval().requires_grad_(False)
    for owner in list(new.modules()):
        for norm_name, layer_name in list(_pairs(owner)):
            norm, layer = owner.get_submodule(norm_name), owner.get_submodule(layer_name)
            if isinstance(norm, _BatchNorm) and isinstance(layer, Layer):
                _fold(layer, norm)
                owner.register_module(norm_name, nn.Identity())
    return new


def _pairs(owner: nn.Module) -> Iterator[tuple[str, str]]:
    if isinstance(owner, nn.Sequential):
        names = list(owner._modules)
        yield from zip(names[1:], names, strict=False)
    yield from getattr(owner, "folds", {}).items()


def _fold(layer: Layer, norm: _BatchNorm) -> None:
    """Multiply a layer's weights by the scale of a normalisation, and move its bias by the shift; in float64."""
    scale, shift = scale_and_shift(norm)
    bias = shift if layer.bias is None else shift + scale * layer.bias.double()
    weight = layer.weight.double() * scale.reshape(-1, *[1] * (layer.weight.ndim - 1))
    layer.weight = nn.Parameter(weight.to(layer.weight.dtype), requires_grad=False)
    layer.bias = nn.Parameter(bias.to(layer.weight.dtype), requires_grad=False)


def scale_and_shift(norm: _BatchNorm) -> tuple[Tensor, Tensor]:
    """The two numbers for each channel that a batch normalisation comes to in evaluation mode: float64 [channel]."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a normalisation without running statistics depends on its batch and cannot be folded")
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    shift = -norm.running_mean.double() * scale
    if norm.affine:
        scale, shift = scale * norm.weight.double(), shift * norm.weight.double() + norm.bias.double()
    return scale, shift


class PointwiseLinear(nn.Linear):
    """A linear layer that runs as a convolution of one point: oneDNN is faster at it than the BLAS of processors."""

    def forward(self, input: Tensor) -> Tensor:
        """[n, frame, joint, d_in] to [n, frame, joint, d_out]; other shapes as nn.Linear does."""
        if input.ndim != 4:
            return super().forward(input)
        return functional.conv2d(input.permute(0, 3, 1, 2), self.weight[:, :, None, None], self.bias).permute(0, 2, 3, 1)


def for_processor(network: Network) -> Network:
    """Have every linear layer of a network run as a convolution, in place; returns the network."""
    for module in network.modules():
        if type(module) is nn.Linear:
            module.__class__ = PointwiseLinear
    return network


