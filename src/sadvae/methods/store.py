"""Save and load trained methods: a folder with config.json and model.safetensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.files import atomic_folder, read_bytes, read_json, write_json
from sadvae.folders import check_kind
from sadvae.methods.baselines import NEURAL
from sadvae.methods.cca import TrainedCCA
from sadvae.methods.gate import Gate, gate_from_json, gate_to_json
from sadvae.methods.linear import TrainedLinear
from sadvae.methods.protocol import Trained
from sadvae.methods.taught import TrainedTaught
from sadvae.methods.taught_sa_dvae import TrainedTaughtSADVAE
from sadvae.methods.trained_on import TrainedOn
from sadvae.methods.trained_sa_dvae import TrainedSADVAE

MAX_WEIGHTS = 2**32
# The files of a TrainedFolder.
FILES = ("training.json", "method/config.json", "method/model.safetensors")
RESTORE: dict[str, Callable[[dict[str, Any], dict[str, Tensor]], Trained]] = {
    "sa_dvae": TrainedSADVAE.restore,
    "taught": TrainedTaught.restore,
    "taught_sa_dvae": TrainedTaughtSADVAE.restore,
    "ridge": TrainedLinear.restore,
    "eszsl": TrainedLinear.restore,
    "cca": TrainedCCA.restore,
    **{name: kind.restore for name, kind in NEURAL.items()},
}


def save_trained(folder: Path, trained: Trained) -> None:
    """Write a trained method; the folder appears whole or not at all."""
    with atomic_folder(Path(folder), ("config.json", "model.safetensors")) as new:
        write_json(new / "config.json", trained.describe())
        (new / "model.safetensors").write_bytes(save({n: t.contiguous() for n, t in trained.weights().items()}))


def restore_trained(about: dict[str, Any], weights: dict[str, Tensor]) -> Trained:
    """The method that describe() and weights() were taken from. Raises errors of all kinds where they are none."""
    if not all(torch.isfinite(tensor).all() for tensor in weights.values()):
        raise ValueError("a weight is not finite")
    restore = RESTORE[about["method"]]
    seed = int(about.get("seed", 0))
    if not -(2**63) <= seed < 2**63:
        raise ValueError(f"its seed is {seed}, which no generator takes")
    return restore(about, weights)


def load_trained(folder: Path) -> Trained:
    """Read a trained method. Raises SadvaeError if the folder is missing, foreign or damaged."""
    folder = Path(folder)
    about = read_json(folder / "config.json")
    data = read_bytes(folder / "model.safetensors", MAX_WEIGHTS)
    try:
        return restore_trained(about, load(data))
    except (SafetensorError, LookupError, OverflowError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split("\n")[:2])
        raise SadvaeError(f"{folder} is not a trained method of sadvae ({reason}); train again.") from error


@dataclass(frozen=True, eq=False)
class TrainedFolder:
    """What `sadvae train` writes: the trained method, its gate, how its weights were picked, and of what data."""

    trained: Trained
    gate: Gate | None
    method: str
    preset: str | None
    selection: str
    epoch: int
    trained_on: TrainedOn


def write_trained(folder: Path, kept: TrainedFolder) -> None:
    """Write a TrainedFolder; it appears whole or not at all."""
    about: dict[str, Any] = {name: getattr(kept, name) for name in ("method", "preset", "selection", "epoch")}
    about |= {"gate": gate_to_json(kept.gate) if kept.gate else None}
    with atomic_folder(Path(folder), FILES) as new:
        save_trained(new / "method", kept.trained)
        write_json(new / "training.json", about | {"trained_on": kept.trained_on.model_dump(mode="json")})


def is_trained(folder: Path) -> bool:
    """Whether a folder says that it holds a trained method."""
    return (Path(folder) / "training.json").is_file()


def read_trained(folder: Path) -> TrainedFolder:
    """Read a TrainedFolder. Raises SadvaeError if it is missing, damaged, or does not say what it was trained on."""
    check_kind(folder, is_trained, "a folder of a trained method", "make one with `sadvae train`")
    about = read_json(Path(folder) / "training.json")
    trained = load_trained(Path(folder) / "method")
    try:
        gate = gate_from_json(about["gate"]) if about["gate"] else None
        picked = about["method"], about["preset"], about["selection"], int(about["epoch"])
        if "trained_on" not in about:
            raise SadvaeError(
                f"{folder}/training.json does not say on which data, classes and texts the method was trained, as "
                "files of earlier versions do not; train again."
            )
        return TrainedFolder(trained, gate, *picked, TrainedOn.model_validate(about["trained_on"]))
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        raise SadvaeError(f"{folder}/training.json lacks or misstates trained_on.{field}; train again.") from error
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise SadvaeError(f"{folder}/training.json lacks or misstates {error}; train again.") from error
