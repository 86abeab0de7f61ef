"""Batch normalisation over the batches of all processes, for every device, so that they equal one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, distributed
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class SharedStatistics(TorchFunctionMode):
    """In this context every batch normalisation in training takes mean and variance over all processes' rows.

    PyTorch's SyncBatchNorm does so on GPUs alone, and in place of modules; this needs no change to a network.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Stand in for batch_norm; pass everything else on."""
        called = shared_batch_norm if func is functional.batch_norm else func
        return called(*args, **(kwargs or {}))


def shared_batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """torch.nn.functional.batch_norm of the rows [row, channel, ...] of all processes together; returns this one's."""
    if not training:
        return functional.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)
    values, axes = x.float(), [axis for axis in range(x.ndim) if axis != 1]
    rows = values.new_full((1,), x.numel() / x.shape[1])
    sums = _Sum.apply(torch.cat([values.sum(axes), rows]))
    count = sums[-1].detach()
    mean = sums[:-1] / count
    centred = values - _beside(mean, x)
    variance = _Sum.apply((centred * centred).sum(axes)) / count
    with torch.no_grad():
        _keep(running_mean, mean, momentum)
        _keep(running_var, variance * count / (count - 1).clamp(min=1), momentum)
    scale = torch.rsqrt(variance + eps) * (1.0 if weight is None else weight)
    scaled = centred * _beside(scale, x)
    return (scaled if bias is None else scaled + _beside(bias, x)).to(x.dtype)


class _Sum(torch.autograd.Function):
    """The sum over processes; each one's value moves the loss of all, so its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        """Everybody's values added."""
        return _added(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Everybody's gradients added."""
        return _added(gradients[0])


def _added(value: Tensor) -> Tensor:
    added = value.contiguous().clone()
    distributed.all_reduce(added)
    return added


def _keep(running: Tensor | None, value: Tensor, momentum: float) -> None:
    if running is not None:
        running.lerp_(value, momentum)


def _beside(channels: Tensor, x: Tensor) -> Tensor:
    return channels.reshape(1, -1, *(1,) * (x.ndim - 2))
