"""What `--set SETTING=VALUE` says, for every verb that takes it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Any

from sadvae.errors import SadvaeError


def changed_settings(words: Iterable[str]) -> dict[str, Any]:
    """Settings by name, with values of TOML, as an experiment file has them; what is no TOML is text.

    words: SETTING=VALUE each; of a name given twice the last counts. Raises SadvaeError for a word without a name or =.
    """
    return dict(_setting(word) for word in words)


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
