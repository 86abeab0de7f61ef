"""What `--set SETTING=VALUE` says, for every verb that takes it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Any

from sadvae.errors import SadvaeError

_EXAMPLES = {
    "[": ("list", """'streams=["joint", "bone"]'"""),
    "{": ("table", """'heatmaps={views=["front"], stem=3}'"""),
}


def changed_settings(words: Iterable[str]) -> dict[str, Any]:
    """Settings by name, with values of TOML, as an experiment file has them; what is no TOML is text.

    words: SETTING=VALUE each; of a table, TABLE.SETTING=VALUE too. Raises SadvaeError for a word without a name or =,
    for a name that is given twice, and for lists and tables that are not closed or lost their quotes.
    """
    found: dict[str, Any] = {}
    for name, value in map(_setting, words):
        *tables, last = name.split(".")
        setting = {last: value}
        for table in reversed(tables):
            setting = {table: setting}
        found = _joined(found, setting, "")
    return found


def _joined(one: dict[str, Any], other: dict[str, Any], place: str) -> dict[str, Any]:
    """Two tables as one. place: the names of the tables that they are in, for errors."""
    found = dict(one)
    for name, value in other.items():
        there = found.get(name)
        if name in found and not (isinstance(there, dict) and isinstance(value, dict)):
            raise SadvaeError(f"--set gives '{place}{name}' twice; give it once.")
        found[name] = _joined(there, value, f"{place}{name}.") if isinstance(there, dict) else value
    return found


def _setting(word: str) -> tuple[str, Any]:
    name, equals, text = (part.strip() for part in word.partition("="))
    if not equals or not all(name.split(".")):
        raise SadvaeError(f"--set takes SETTING=VALUE, for example mirror=0.5 (found {word!r}).")
    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        found = {}
    # A text of several lines would be several settings.
    return name, found["value"] if len(found) == 1 else _as_text(name, text)


def _as_text(name: str, text: str) -> str:
    """What is no TOML, as it is. Raises SadvaeError for a list or table, which a shell takes the quotes out of."""
    if not text.startswith(("[", "{")):
        return text
    kind, example = _EXAMPLES[text[0]]
    shown = " ".join(text.split())[:60]
    raise SadvaeError(f"--set {name}: {shown} is no {kind}; put quotes around the whole, for example --set {example}.")
