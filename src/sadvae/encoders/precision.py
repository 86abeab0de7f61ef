"""In which numbers a network is trained, and whether it is compiled."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import nn

from sadvae.encoders.settings import EncoderSettings
from sadvae.errors import SadvaeError

Numbers = Literal["float32", "bfloat16", "tf32"]
# The first GPUs with bfloat16 and TF32 units (NVIDIA's Ampere).
AMPERE = 8


def numbers(settings: EncoderSettings, device: torch.device) -> Numbers:
    """What settings.precision comes to on a device: auto is bfloat16 where the hardware multiplies it, else float32.

    Raises SadvaeError where a device does not have what is asked for.
    """
    able = _has_bfloat16(device)
    if settings.precision == "auto":
        return "bfloat16" if able else "float32"
    if settings.precision == "bfloat16" and not able:
        raise SadvaeError(f"this {device.type} has no bfloat16 units; set precision to auto or float32.")
    if settings.precision == "tf32" and (device.type != "cuda" or not able):
        raise SadvaeError(f"TF32 needs an NVIDIA GPU of 2020 or later, not this {device.type}; set precision to auto.")
    return settings.precision


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= AMPERE
    return bool(torch.cpu._is_avx512_bf16_supported())


@contextmanager
def matrix_products(chosen: Numbers, device: torch.device) -> Iterator[None]:
    """On a GPU, matrix products and convolutions in TF32 if chosen, and not otherwise."""
    if device.type != "cuda":
        yield
        return
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if chosen == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = chosen == "tf32"
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def forward_pass(chosen: Numbers, device: torch.device) -> torch.autocast:
    """The context of a forward pass: products in bfloat16 if chosen, sums and statistics in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=chosen == "bfloat16")


def compiled(network: nn.Module, device: torch.device) -> Callable[..., Any]:
    """The network through torch.compile. Raises SadvaeError where there is no compiler for the device."""
    if sys.platform == "win32" or (device.type == "cpu" and shutil.which(_compiler()) is None):
        raise SadvaeError(
            f"torch.compile finds no C++ compiler here ({_compiler()}); install one, or set compile to false."
        )
    return torch.compile(network, dynamic=True)


def _compiler() -> str:
    return os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
