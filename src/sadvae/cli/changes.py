"""What `--set SETTING=VALUE` says, for every verb that takes it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Any

from sadvae.errors import SadvaeError


def changed_settings(words: Iterable[str]) -> dict[str, Any]:
    """Settings by name, with values of TOML, as an experiment file has them; what is no TOML is text.

    words: SETTING=VALUE each. Raises SadvaeError for a word without a name or =, and for a name that is given twice.
    """
    found: dict[str, Any] = {}
    for name, value in map(_setting, words):
        if name in found:
            raise SadvaeError(f"--set gives {name!r} twice; give it once.")
        found[name] = value
    return found


def _setting(word: str) -> tuple[str, Any]:
    name, equals, text = (part.strip() for part in word.partition("="))
    if not equals or not name:
        raise SadvaeError(f"--set takes SETTING=VALUE, for example mirror=0.5 (found {word!r}).")
    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return name, text
    # A text of several lines would be several settings.
    return name, found["value"] if len(found) == 1 else text
