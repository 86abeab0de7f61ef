"""Recognisers on the Hugging Face hub: one folder up, one folder down, by the hub's own mixin.

Its client is imported where it is needed (hub_folder.py), since that takes time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sadvae.errors import SadvaeError

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def is_hub_name(name: str) -> bool:
    """Whether a name can be one of the hub, OWNER/MODEL."""
    return bool(_HUB_NAME.fullmatch(name))


def downloaded(name: str, revision: str | None, **options: Any) -> Path:
    """The local folder of a hub recogniser OWNER/MODEL: its three files, downloaded or cached.

    options: of huggingface_hub.snapshot_download (token, cache_dir, local_files_only, force_download).
    Raises SadvaeError if the hub does not give it.
    """
    from sadvae.recognition.hub_folder import HubFolder

    try:
        folder = HubFolder.from_pretrained(name, revision=revision, **options).folder
    except Exception as error:  # the hub client raises errors of its own and of the HTTP library beneath it
        raise SadvaeError(
            f"recogniser {name!r} is neither a folder here nor to be had from the model hub ({_first_line(error)}); "
            "check the name, or name a folder that `sadvae run` or `sadvae train` wrote."
        ) from error
    assert folder is not None
    return folder


def uploaded(save: Callable[[Path], None], name: str, *, private: bool | None, token: str | None, message: str) -> str:
    """Save a recogniser into a repository OWNER/MODEL of the hub, made if need be; returns the address of the commit.

    save: writes its folder. Raises SadvaeError if the hub refuses.
    """
    from sadvae.recognition.hub_folder import HubFolder

    try:
        hub = HubFolder(save=save)
        return hub.push_to_hub(name, private=private, token=token, commit_message=message)
    except SadvaeError:
        raise
    except Exception as error:
        raise SadvaeError(
            f"the model hub did not take {name!r} ({_first_line(error)}); log in with `hf auth login`, check the "
            "name and the network."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
