"""The checkpoint of a pretraining: written after every epoch, read back only by the same training."""

from __future__ import annotations

import io
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sadvae.encoders.settings import EncoderSettings
from sadvae.errors import SadvaeError
from sadvae.files import atomic, read_bytes

MAX_CHECKPOINT = 2**34
# What torch and pickle raise for files of other or broken contents.
_DAMAGES = (RuntimeError, EOFError, KeyError, IndexError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The training it belongs to (a hash of clips and seed, and the settings), and the state after its last epoch."""

    key: str
    settings: EncoderSettings
    state: dict[str, Any]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in place of the one before, atomically: a kill leaves the one or the other."""
    about = {"key": checkpoint.key, "settings": checkpoint.settings.model_dump(mode="json"), "state": checkpoint.state}
    with atomic(path) as temporary:
        torch.save(about, temporary)


def read_checkpoint(path: Path, key: str, settings: EncoderSettings) -> Checkpoint | None:
    """The checkpoint at `path`, or None where there is none of these clips and this seed.

    Only tensors and plain values are unpickled (weights_only), on the CPU. Raises SadvaeError if the file is damaged,
    and if the training that stopped there had other settings.
    """
    if not path.is_file():
        return None
    try:
        data = io.BytesIO(read_bytes(path, MAX_CHECKPOINT))
        _check_sums(data)
        value = torch.load(data, weights_only=True, map_location="cpu")
        if value["key"] != key:
            return None
        found, state = dict(value["settings"]), dict(value["state"])
    except (*_DAMAGES, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        first = (str(error).splitlines() or ["unreadable"])[0]
        raise SadvaeError(f"{path} is not a readable checkpoint ({first}); delete it to train afresh.") from error
    _check_settings(path, found, settings.model_dump(mode="json"))
    return Checkpoint(key, settings, state)


def remove_checkpoint(path: Path) -> None:
    """Remove a checkpoint that is no longer needed, and what kills left beside it."""
    for left in (path, *path.parent.glob(f".{path.name}.*.part")):
        left.unlink(missing_ok=True)


def _check_sums(data: io.BytesIO) -> None:
    """Torch writes an archive with a checksum of every tensor, which it does not look at when it reads."""
    with zipfile.ZipFile(data) as archive:
        broken = archive.testzip()
    if broken is not None:
        raise ValueError(f"the checksum of {broken} does not match")
    data.seek(0)


def _check_settings(path: Path, found: dict[str, Any], given: dict[str, Any]) -> None:
    other = sorted(name for name in {*found, *given} if found.get(name) != given.get(name))
    if other:
        name = other[0]
        raise SadvaeError(
            f"{path} is of a training that stopped with other settings ({name}: {found.get(name)} there, "
            f"{given.get(name)} here); give the same to go on, or delete it to train afresh."
        )
