"""The verb and the noun of a class name, for methods that read them apart (JPoSE, SynSE)."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

BODY = "body"
_SMALL_WORDS = frozenset(
    (
        "a",
        "an",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "of",
        "off",
        "on",
        "onto",
        "out",
        "over",
        "the",
        "to",
        "up",
        "with",
    )
)


def verb_and_noun(name: str) -> tuple[str, str]:
    """The verb and the noun (both a few words) of a class name.

    Names of the built-in lists have theirs in data/verbs_nouns.json, in any case. Of any other name, what stands in
    brackets is dropped; its first word is the verb and the rest, without small words in front, is the noun; where
    nothing is left it is "body", which is what moves.
    """
    return _known().get(name.strip().casefold()) or split_by_rule(name)


def split_by_rule(name: str) -> tuple[str, str]:
    """The rule for names that no built-in list has (see verb_and_noun)."""
    words = re.sub(r"\([^)]*\)", " ", name).split() or name.split()
    rest = words[1:]
    while rest and rest[0].casefold() in _SMALL_WORDS:
        rest = rest[1:]
    return words[0], " ".join(rest) or BODY


@cache
def _known() -> dict[str, tuple[str, str]]:
    text = (resources.files("sadvae.text") / "data" / "verbs_nouns.json").read_text(encoding="utf-8")
    return {name.casefold(): (verb, noun) for name, (verb, noun) in json.loads(text).items()}
