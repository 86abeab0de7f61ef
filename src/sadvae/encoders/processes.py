"""The processes that train one network together (torchrun starts them), and the device of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

from sadvae.errors import SadvaeError

DEVICES = ("auto", "cpu", "cuda")
PATIENCE = timedelta(minutes=30)
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Processes:
    """Which of how many processes this is, and where its tensors are. The default is one process on the CPU."""

    rank: int = 0
    count: int = 1
    device: torch.device = CPU

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes and reports."""
        return self.rank == 0

    def part(self, total: int) -> range:
        """This process's share of `total` things that lie in a row."""
        return range(total * self.rank // self.count, total * (self.rank + 1) // self.count)

    def total(self, values: Tensor) -> Tensor:
        """The sum of everybody's values, the same in every process."""
        if self.count > 1:
            values = values.clone()
            distributed.all_reduce(values)
        return values


ALONE = Processes()


@contextmanager
def joined(device: str = "auto") -> Iterator[Processes]:
    """The processes that torchrun started together, or this one alone.

    device: auto (a GPU where there is one), cpu or cuda. Raises SadvaeError where there is none for every process.
    """
    count = process_count()
    place = _device(device, int(os.environ["LOCAL_RANK"]) if count > 1 else None)
    if count == 1:
        yield Processes(device=place)
        return
    distributed.init_process_group("nccl" if place.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Processes(distributed.get_rank(), count, place)
    finally:
        distributed.destroy_process_group()


def process_count() -> int:
    """How many processes torchrun started; 1 without it."""
    launched = distributed.is_available() and distributed.is_torchelastic_launched()
    return int(os.environ["WORLD_SIZE"]) if launched else 1


def reports_here() -> bool:
    """Whether this is the process that speaks to the user."""
    return process_count() == 1 or os.environ["RANK"] == "0"


def _device(name: str, number: int | None) -> torch.device:
    if name not in DEVICES:
        raise SadvaeError(f"unknown device {name!r}; expected one of {', '.join(DEVICES)}.")
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise SadvaeError("this PyTorch finds no CUDA device; use --device cpu, or install PyTorch for CUDA.")
    if number is None:
        return torch.device("cuda")
    if number >= torch.cuda.device_count():
        raise SadvaeError(
            f"torchrun started more processes than this machine has GPUs ({torch.cuda.device_count()}); "
            "start one a GPU, or use --device cpu."
        )
    torch.cuda.set_device(number)
    return torch.device("cuda", number)
