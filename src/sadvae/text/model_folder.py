"""What a folder of a text model says of itself: kind, pooling, limits. Only JSON is read here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sadvae.errors import SadvaeError
from sadvae.files import read_json, sha256_of

Kind = Literal["sentence", "clip"]
Pooling = Literal["mean", "cls", "max"]
POOLINGS: dict[str, Pooling] = {"mean": "mean", "cls": "cls", "max": "max"}
# Names of pooling flags in folders that sentence-transformers wrote before version 6.
_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)


@dataclass(frozen=True)
class ModelFolder:
    """How token vectors become one sentence vector.

    transformer: folder of weights and tokenizer. pooling: over the tokens of a text. dense: folders of linear layers
    that follow. normalize: whether rows are unit vectors. max_length: tokens a text, None where the folder does not
    say. lower_case: whether texts are put in lower case first. prefix: put before every text.
    """

    kind: Kind
    transformer: Path
    pooling: Pooling = "mean"
    dense: tuple[Path, ...] = ()
    normalize: bool = False
    max_length: int | None = None
    lower_case: bool = False
    prefix: str = ""


def read_model_folder(folder: Path) -> ModelFolder:
    """Read the settings of a sentence-BERT folder (modules.json), or of a plain transformers or CLIP folder.

    A transformers folder without modules.json is pooled by the mean, as sentence-transformers does. Raises SadvaeError
    if the folder is no model, lacks weights or tokenizer, or needs a module that is not supported.
    """
    if (folder / "modules.json").is_file():
        found = _from_modules(folder)
    else:
        found = ModelFolder("clip" if _model_type(folder).startswith("clip") else "sentence", folder)
    _check_files(found.transformer)
    return found


def folder_hash(folder: Path) -> str:
    """A sha256 over the names and bytes of a model's weights, settings and vocabulary, in hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".json", ".txt", ".model", ".safetensors") and path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def _model_type(folder: Path) -> str:
    path = folder / "config.json"
    if not path.is_file():
        raise SadvaeError(
            f"{folder} is not a text model: it holds no config.json; name a sentence-BERT or CLIP folder."
        )
    config = read_json(path)
    kind = config.get("model_type") if isinstance(config, dict) else None
    if not isinstance(kind, str) or not kind:
        raise SadvaeError(f"{path} names no model_type, so {folder} is not a text model that transformers can load.")
    if config.get("is_encoder_decoder"):
        raise SadvaeError(f"{folder} is an encoder-decoder model ({kind}); only encoders and CLIP are supported.")
    return kind


def _check_files(folder: Path) -> None:
    if not any((folder / name).is_file() for name in ("model.safetensors", "model.safetensors.index.json")):
        pickled = (
            " (pytorch_model.bin is a pickle and is never read)" if (folder / "pytorch_model.bin").exists() else ""
        )
        raise SadvaeError(f"{folder} holds no model.safetensors{pickled}; save the model as safetensors.")
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise SadvaeError(f"{folder} holds no tokenizer; expected tokenizer.json or a vocabulary beside the weights.")


def _from_modules(folder: Path) -> ModelFolder:
    modules = _modules(folder)
    kinds = [kind for kind, _ in modules]
    dense = tuple(path for kind, path in modules if kind == "Dense")
    normalize = kinds[-1:] == ["Normalize"]
    if kinds != ["Transformer", "Pooling", *["Dense"] * len(dense), *["Normalize"] * normalize]:
        raise SadvaeError(
            f"{folder}/modules.json lists {', '.join(kinds) or 'nothing'}; "
            "supported are, in this order, Transformer, Pooling, any number of Dense, and Normalize or not."
        )
    transformer = modules[0][1]
    _model_type(transformer)
    limits = read_settings(transformer / "sentence_bert_config.json")
    return ModelFolder(
        "sentence",
        transformer,
        _pooling(modules[1][1] / "config.json"),
        dense,
        normalize,
        _limit(limits.get("max_seq_length"), transformer),
        bool(limits.get("do_lower_case")),
        _prefix(folder / "config_sentence_transformers.json"),
    )


def _modules(folder: Path) -> list[tuple[str, Path]]:
    entries = read_json(folder / "modules.json")
    found = []
    for entry in entries if isinstance(entries, list) else []:
        kind, path = (entry.get("type"), entry.get("path")) if isinstance(entry, dict) else (None, None)
        if not isinstance(kind, str) or not isinstance(path, str):
            raise SadvaeError(f"{folder}/modules.json has an entry without type and path.")
        place = folder / path
        if not place.resolve().is_relative_to(folder.resolve()):
            raise SadvaeError(f"{folder}/modules.json points outside its folder: {path!r}; refused.")
        found.append((kind.rsplit(".", 1)[-1], place))
    return found


def read_settings(path: Path) -> dict[str, Any]:
    """The fields of a settings file, none where it is missing. Raises SadvaeError if it holds no JSON object."""
    found = read_json(path) if path.is_file() else {}
    if not isinstance(found, dict):
        raise SadvaeError(f"{path} does not hold a JSON object.")
    return found


def _pooling(path: Path) -> Pooling:
    settings = read_settings(path)
    modes = [name for flag, name in _FLAGS.items() if settings.get(flag)]
    if "pooling_mode" in settings:
        stated = settings["pooling_mode"]
        modes = [str(mode) for mode in stated] if isinstance(stated, list) else [str(stated)]
    if len(modes) != 1 or modes[0] not in POOLINGS:
        raise SadvaeError(f"{path} asks for {' + '.join(modes) or 'no'} pooling; supported are {', '.join(POOLINGS)}.")
    return POOLINGS[modes[0]]


def _limit(value: Any, folder: Path) -> int | None:
    if value is not None and (not isinstance(value, int) or value < 3):
        raise SadvaeError(
            f"{folder}/sentence_bert_config.json has max_seq_length {value!r}; expected 3 or more tokens."
        )
    return value


def _prefix(path: Path) -> str:
    settings = read_settings(path)
    name, prompts = settings.get("default_prompt_name"), settings.get("prompts") or {}
    prefix = prompts.get(name, "") if isinstance(prompts, dict) and isinstance(name, str) else ""
    return str(prefix)
