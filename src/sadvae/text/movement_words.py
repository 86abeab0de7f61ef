"""Which words of movement the texts of a class use: numbers beside those of a text encoder.

To a sentence encoder "up" and "down", "left" and "right" are nearly the same; here each is a number of its own.
Words are those that composed movements are told with (skeleton/composed), so that there is something to learn from.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources

import numpy as np

from sadvae.types import FloatArray

# A word counts from this share of composed movements on.
LEAST_SHARE = 0.003
_CLAUSE_ENDS = re.compile(r"[;,.]| and the | while ")
# What a clause with one of these speaks of does not move, so its words tell nothing of what does.
_AT_REST = re.compile(r"\b(still|hangs?|stays?|does little|in place|without moving)\b")
_SAY_NOTHING = re.compile("a|an|the|of|to|and|is|in|on|at|as|with|by|then|it|its|be|are|that|this|for|or|his|her|one")
_ENDINGS = ("ing", "ed", "es", "s")


def words_of(text: str) -> set[str]:
    """The stems of a text's words, without words that say nothing and without clauses on what does not move."""
    clauses = [clause for clause in _CLAUSE_ENDS.split(text.lower()) if not _AT_REST.search(clause)]
    return {
        _stem(word) for clause in clauses for word in re.findall("[a-z]+", clause) if not _SAY_NOTHING.fullmatch(word)
    }


def vocabulary(told: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The stems that at least LEAST_SHARE of movements are told with, in order; told: the texts of each movement."""
    each = [set().union(*map(words_of, texts)) for texts in told]
    counts = Counter(stem for stems in each for stem in stems)
    return tuple(sorted(stem for stem, count in counts.items() if count >= LEAST_SHARE * len(each)))


@lru_cache(maxsize=1)
def movement_words() -> tuple[str, ...]:
    """What vocabulary(compose().sentences) gives, as it lies in movement_words.json; a test compares the two."""
    return tuple(json.loads((resources.files("sadvae.text") / "movement_words.json").read_text("utf-8")))


def word_vector(texts: Sequence[str]) -> FloatArray:
    """1 for each of movement_words() that the texts of a class use, else 0, of unit length: float32 [word].

    All zero where they use none.
    """
    used = set().union(*map(words_of, texts))
    found = np.array([word in used for word in movement_words()], dtype=np.float32)
    return found / np.float32(np.sqrt(max(found.sum(), 1.0)))


def _stem(word: str) -> str:
    """A word without its ending, if three letters are left: "move", "moves", "moving" and "moved" are one."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word.removesuffix("e") if len(word) > 3 else word
