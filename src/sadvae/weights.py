"""Weights from a file put into the network that settings beside them describe; neither is trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

Built = TypeVar("Built", bound=nn.Module)


def filled(build: Callable[[], Built], weights: Mapping[str, Tensor]) -> Built:
    """The network that `build` makes, with a copy of these weights.

    Raises ValueError where a shape differs, before the network takes any memory, and RuntimeError as load_state_dict.
    """
    _check_shapes(build, weights)
    network = build()
    network.load_state_dict(weights)
    return network


def _check_shapes(build: Callable[[], nn.Module], weights: Mapping[str, Tensor]) -> None:
    # Settings of a few bytes can ask for any size; on this device a network has shapes and no numbers.
    with torch.device("meta"):
        wanted = {name: tuple(tensor.shape) for name, tensor in build().state_dict().items()}
    for name, shape in wanted.items():
        found = tuple(weights[name].shape) if name in weights else None
        # Single numbers are left to load_state_dict, which knows when it can do without.
        if shape and found != shape:
            has = "is missing" if found is None else f"has shape {list(found)}"
            raise ValueError(f"{name} {has} and should have shape {list(shape)} by the settings beside it")
