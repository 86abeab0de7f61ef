"""Networks as inference runs them: batch normalisation folded into the weights of the layer before it.

In training a batch normalisation needs the statistics of its batch. In inference it is a scale and a shift for each
channel, which the weights and bias of the layer before it can carry (Jacob et al., CVPR 2018, section 3.2).
"""

from __future__ import annotations

from copy import deepcopy
from typing import TypeVar

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sadvae.encoders.network import Block
from sadvae.encoders.posec3d import PictureConvolution
from sadvae.encoders.st_gcn import GraphConvolution
from sadvae.encoders.st_gcn_pp import LearnedGraphConvolution
from sadvae.encoders.temporal import MultiScale, TemporalConvolution

Layer = nn.Linear | nn.Conv2d
Built = TypeVar("Built", bound=nn.Module)


def folded(network: Built) -> Built:
    """A copy in evaluation mode that computes the same with fewer operations: no normalisation behind a layer.

    What does not follow a linear layer or a convolution directly stays: normalisations behind shifts, behind edges that
    depend on the clip, and behind branches that are joined.
    """
    new = deepcopy(network).eval().requires_grad_(False)
    for owner in list(new.modules()):
        for norm_name, before in _pairs(owner):
            norm, layer = owner.get_submodule(norm_name), _last_layer(owner.get_submodule(before))
            if isinstance(norm, _BatchNorm) and layer is not None:
                _fold(layer, norm)
                owner.register_module(norm_name, nn.Identity())
    return new


def _pairs(owner: nn.Module) -> list[tuple[str, str]]:
    """Names of children that are a normalisation, and of the child whose output it reads."""
    if isinstance(owner, Block):
        return [("graph_norm", "graph"), ("temporal_norm", "temporal")]
    if isinstance(owner, MultiScale):
        return [("enter_norm", "enter")]
    names = [name for name, _ in owner.named_children()] if isinstance(owner, nn.Sequential) else []
    return list(zip(names[1:], names, strict=False))


def _last_layer(module: nn.Module) -> Layer | None:
    """The layer whose output is the module's output, if there is one."""
    if isinstance(module, Layer):
        return module
    if isinstance(module, nn.Sequential):
        return _last_layer(module[-1]) if len(module) else None
    if isinstance(module, GraphConvolution | LearnedGraphConvolution):
        return module.linear
    return module.convolution if isinstance(module, TemporalConvolution | PictureConvolution) else None


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
