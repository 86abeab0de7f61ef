"""Where questions to a language model go: the endpoint that the environment names, checked before anything is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sadvae.errors import SadvaeError

URL, KEY, MODEL = "SADVAE_LLM_URL", "SADVAE_LLM_KEY", "SADVAE_LLM_MODEL"
EXAMPLE = "http://localhost:11434/v1"


@dataclass(frozen=True)
class Endpoint:
    """Where questions go. url: up to and without /chat/completions. key: a secret, "" for servers that want none."""

    url: str
    model: str
    key: str = ""

    @property
    def public_url(self) -> str:
        """The URL without user name, password and query, for files that are passed on."""
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{host}{port}{parts.path}"

    def __repr__(self) -> str:
        return f"Endpoint(url={self.public_url!r}, model={self.model!r})"


def endpoint_from(environment: Mapping[str, str] = os.environ) -> Endpoint | None:
    """The endpoint that SADVAE_LLM_URL, SADVAE_LLM_MODEL and SADVAE_LLM_KEY name; None where no URL is set.

    Raises SadvaeError for what is no HTTP address, for a URL without a model, and for a key that no header can carry.
    """
    url, model, key = (environment.get(name, "").strip() for name in (URL, MODEL, KEY))
    if not url:
        return None
    _check_url(url)
    if not model:
        raise SadvaeError(f"{URL} is set but {MODEL} is not; set it to a model that the endpoint has.")
    if not _plain(key):
        # What the key is, or where in it the fault lies, is nobody's business who reads a log.
        raise SadvaeError(
            f"{KEY} holds a line break or a letter that is not ASCII; set it to the key and nothing else."
        )
    return Endpoint(url.rstrip("/").removesuffix("/chat/completions"), model, key)


def _check_url(url: str) -> None:
    """Raise SadvaeError for what urllib would not take; the URL is not repeated, since it may hold a password."""
    if not url.startswith(("http://", "https://")):
        raise SadvaeError(f"{URL} is not an address that begins with http:// or https://; set it as in {EXAMPLE}.")
    if not _plain(url) or " " in url:
        raise SadvaeError(f"{URL} holds a space or a letter that is not ASCII; write it as in %20, where it belongs.")
    try:
        parts = urlsplit(url)
        # Reading the port and encoding the name as a resolver does both raise ValueError.
        found = parts.port != 0 and (parts.hostname or "").encode("idna")
    except ValueError:
        found = False
    if not found:
        raise SadvaeError(f"{URL} has no host and port that can be read; set it as in {EXAMPLE}.")
    if "@" in url.split("/")[2]:
        raise SadvaeError(f"{URL} holds a user name, which is not sent; leave it out, and give a secret as {KEY}.")


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable()
