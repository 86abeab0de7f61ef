"""Models by hub name: downloaded to the hub's own cache, or found there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sadvae.errors import SadvaeError

# Never a pickle (.bin, .pt) and never code (.py).
WANTED = ("*.json", "*.safetensors", "*.txt", "*.model")
UNWANTED = ("onnx/*", "openvino/*")
# Seconds until the hub must have answered: without network a user should not wait.
TIMEOUT = 5.0
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def fetch(name: str) -> Path:
    """The folder of a hub model OWNER/MODEL, downloaded (safetensors, settings and vocabulary alone) or cached.

    Raises SadvaeError if the name is neither a folder nor a hub name, or if the hub does not give it.
    """
    if not _HUB_NAME.fullmatch(name):
        raise SadvaeError(
            f"text encoder {name!r} is not a folder that exists; expected minilm, a model folder, or a hub name "
            "OWNER/MODEL."
        )
    try:
        return Path(_download(name))
    except Exception as error:  # the hub client raises errors of its own and of the HTTP library beneath it
        raise SadvaeError(
            f"text encoder {name!r} is neither a folder here nor to be had from the model hub ({_first_line(error)}); "
            "check the name, or download the model on a machine with network and name its folder."
        ) from error


def _download(name: str) -> str:
    from huggingface_hub import HfApi, snapshot_download

    wanted = {"allow_patterns": list(WANTED), "ignore_patterns": list(UNWANTED)}
    try:
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
            raise ConnectionError("HF_HUB_OFFLINE is set and the model is not in the cache")
        HfApi().model_info(name, timeout=TIMEOUT)
    except Exception as no_answer:
        return _cached(name, no_answer)
    return snapshot_download(name, etag_timeout=TIMEOUT, **wanted)


def _cached(name: str, no_answer: Exception) -> str:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return snapshot_download(name, local_files_only=True)
    except LocalEntryNotFoundError:
        raise no_answer from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
