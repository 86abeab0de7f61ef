"""The checkpoint of a pretraining: written after every epoch, read back only by the same training."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sadvae.errors import SadvaeError
from sadvae.files import atomic, read_bytes

MAX_CHECKPOINT = 2**34


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The training it belongs to (a hash of data, settings and seed), epochs done, and the state after them."""

    key: str
    epochs: int
    state: dict[str, Any]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in place of the one before, atomically."""
    with atomic(path) as temporary:
        torch.save({"key": checkpoint.key, "epochs": checkpoint.epochs, "state": checkpoint.state}, temporary)


def read_checkpoint(path: Path, key: str) -> Checkpoint | None:
    """The checkpoint at `path`, or None where there is none of this training.

    Only tensors and plain values are unpickled (weights_only). Raises SadvaeError if the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        value = torch.load(io.BytesIO(read_bytes(path, MAX_CHECKPOINT)), weights_only=True)
        return Checkpoint(key, int(value["epochs"]), value["state"]) if value["key"] == key else None
    except (RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        first = (str(error).splitlines() or ["unreadable"])[0]
        raise SadvaeError(f"{path} is not a readable checkpoint ({first}); delete it to train afresh.") from error
