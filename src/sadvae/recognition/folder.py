"""The folder of a recogniser: config.json, model.safetensors and README.md, its model card.

config.json: format, recognizer (RecognizerConfig), encoder and method (everything but their weights), gate,
calibration. model.safetensors: weights named encoder.* and method.*, and known_texts [seen class, d].
Folders of format 1 (config.json, gate.json, encoder/, method/) are read too; they carry no calibration.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.files import atomic_folder, read_bytes, read_json, write_json, write_text
from sadvae.folders import check_kind
from sadvae.methods.calibration import Calibration
from sadvae.methods.gate import Gate, gate_from_json, gate_to_json
from sadvae.methods.protocol import Trained
from sadvae.methods.store import MAX_WEIGHTS, load_trained, restore_trained
from sadvae.recognition.config import RecognizerConfig
from sadvae.types import FloatArray

FORMAT, FIRST_FORMAT = "sadvae-recognizer-2", "sadvae-recognizer-1"
CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
# The files of a recogniser's folder, those of FIRST_FORMAT too.
FILES = (
    CONFIG,
    WEIGHTS,
    CARD,
    "gate.json",
    *(f"{part}/{name}" for part in ("encoder", "method") for name in (CONFIG, WEIGHTS)),
)


@dataclass(frozen=True, eq=False)
class Parts:
    """What a recogniser is made of. known_texts: text vectors of the trained classes [seen class, d], if at hand."""

    config: RecognizerConfig
    encoder: TrainedEncoder
    trained: Trained
    gate: Gate | None
    calibration: Calibration | None = None
    known_texts: FloatArray | None = None


def is_recognizer(folder: Path) -> bool:
    """Whether a folder holds a recogniser of any format."""
    if not (folder / CONFIG).is_file():
        return False
    try:
        about = read_json(folder / CONFIG)
    except SadvaeError:
        return False
    return isinstance(about, dict) and about.get("format") in (FORMAT, FIRST_FORMAT)


def write_parts(folder: Path, parts: Parts, card: str) -> None:
    """Write a recogniser's folder; it appears whole or not at all."""
    about = {
        "format": FORMAT,
        "recognizer": parts.config.model_dump(mode="json"),
        "encoder": parts.encoder.describe(),
        "method": parts.trained.describe(),
        "gate": gate_to_json(parts.gate) if parts.gate else None,
        "calibration": parts.calibration.model_dump(mode="json") if parts.calibration else None,
    }
    weights = {f"encoder.{name}": tensor for name, tensor in parts.encoder.weights().items()}
    weights |= {f"method.{name}": tensor.contiguous() for name, tensor in parts.trained.weights().items()}
    if parts.known_texts is not None:
        weights["known_texts"] = torch.from_numpy(np.ascontiguousarray(parts.known_texts))
    with atomic_folder(Path(folder), FILES) as new:
        write_json(new / CONFIG, about)
        (new / WEIGHTS).write_bytes(save(weights))
        write_text(new / CARD, card)


def read_parts(folder: Path) -> Parts:
    """Read a recogniser's folder. Raises SadvaeError if it is missing, damaged or of another format."""
    folder = Path(folder)
    if not (folder / CONFIG).is_file():
        check_kind(folder, is_recognizer, "a recogniser folder", "`sadvae run` and `sadvae train` write them")
    about = read_json(folder / CONFIG)
    found = about.get("format") if isinstance(about, dict) else None
    try:
        if found == FIRST_FORMAT:
            return _first_format(folder, about)
        if isinstance(found, str) and found.startswith("sadvae-onnx"):
            raise SadvaeError(f"{folder} is an export to ONNX; name the recogniser that it was made of.")
        if found != FORMAT:
            raise SadvaeError(f"{folder} has format {found!r}; this version reads {FORMAT!r} and {FIRST_FORMAT!r}.")
        return _restored(about, load(read_bytes(folder / WEIGHTS, MAX_WEIGHTS)), folder)
    except ValidationError as error:
        raise SadvaeError(f"{folder}/{CONFIG} is not a recogniser's: {error.errors()[0]['msg']}.") from error
    except (SafetensorError, AttributeError, LookupError, OverflowError, TypeError, ValueError, RuntimeError) as error:
        first = (str(error).splitlines() or ["unreadable"])[0]
        raise SadvaeError(f"{folder} is not a recogniser of sadvae ({first}); train again.") from error


def _restored(about: dict[str, Any], weights: dict[str, Tensor], folder: Path) -> Parts:
    texts = weights.get("known_texts")
    parts = Parts(
        RecognizerConfig.model_validate(about["recognizer"]),
        TrainedEncoder.restore(about["encoder"], _named(weights, "encoder."), folder),
        restore_trained(about["method"], _named(weights, "method.")),
        gate_from_json(about["gate"]) if about["gate"] else None,
        Calibration.model_validate(about["calibration"]) if about["calibration"] else None,
        texts.numpy() if texts is not None else None,
    )
    if texts is not None and (texts.ndim != 2 or len(texts) != len(parts.config.seen)):
        raise ValueError(f"known_texts has shape {tuple(texts.shape)} for {len(parts.config.seen)} trained classes")
    return _checked(parts)


def _checked(parts: Parts) -> Parts:
    """The parts as they are, where the encoder has a logit for every trained class; raises ValueError."""
    last, count = max(parts.config.seen), parts.encoder.class_count
    if last >= count:
        raise ValueError(f"trained class {last} is none of the {count} that its encoder tells apart")
    return parts


def _named(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}


def _first_format(folder: Path, about: dict[str, Any]) -> Parts:
    config = RecognizerConfig.model_validate({name: value for name, value in about.items() if name != "format"})
    gate = read_json(folder / "gate.json")
    encoder, trained = TrainedEncoder.load(folder / "encoder"), load_trained(folder / "method")
    return _checked(Parts(config, encoder, trained, gate_from_json(gate) if gate else None))
