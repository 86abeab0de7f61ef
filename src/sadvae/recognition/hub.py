"""Recognisers on the Hugging Face hub: one folder up, one folder down, by the hub's own client.

The client's ModelHubMixin is not a base class here: it writes to the objects it makes, and ours are frozen.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sadvae.errors import SadvaeError
from sadvae.recognition.folder import CARD, CONFIG, WEIGHTS

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def is_hub_name(name: str) -> bool:
    """Whether a name can be one of the hub, OWNER/MODEL."""
    return bool(_HUB_NAME.fullmatch(name))


def downloaded(name: str, revision: str | None, **options: Any) -> Path:
    """The local folder of a hub recogniser OWNER/MODEL: its three files, downloaded or cached.

    options: of huggingface_hub.snapshot_download (token, cache_dir, local_files_only, force_download).
    Raises SadvaeError if the hub does not give it.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=[CARD, CONFIG, WEIGHTS], **options))
    except Exception as error:  # the hub client raises errors of its own and of the HTTP library beneath it
        raise SadvaeError(
            f"recogniser {name!r} is neither a folder here nor to be had from the model hub ({_first_line(error)}); "
            "check the name, or name a folder that `sadvae run` or `sadvae train` wrote."
        ) from error


def uploaded(save: Callable[[Path], None], name: str, *, private: bool | None, token: str | None, message: str) -> str:
    """Save a recogniser into a repository OWNER/MODEL of the hub, made if need be; returns the address of the commit.

    save: writes its folder. Raises SadvaeError if the hub refuses.
    """
    from huggingface_hub import HfApi

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "recognizer"
        save(folder)
        try:
            api = HfApi(token=token)
            repository = api.create_repo(name, private=private, exist_ok=True).repo_id
            return str(api.upload_folder(repo_id=repository, folder_path=folder, commit_message=message))
        except Exception as error:
            raise SadvaeError(
                f"the model hub did not take {name!r} ({_first_line(error)}); log in with `hf auth login`, check the "
                "name and the network."
            ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
