"""The phrases of the lexicon, and where a name has them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from sadvae.text.lexicon_slots import MODIFYING
from sadvae.text.lexicon_words import AND, base_forms, words_of

FOLDER = "lexicon_data"
DIRECTIONS = "directions.json"
# What stands back: movements that say little themselves ("take"), things ("guitar"), verbs that say nothing ("use").
LIGHT, THINGS, EMPTY = "light.json", "things.json", "empty.json"
_RANKS = {LIGHT: 1, THINGS: 2, EMPTY: 3}
# Words that may stand between two words of a phrase, as in "pick the heavy box up".
_LONGEST_GAP = 3
# fmt: off
_SMALL_WORDS = frozenset((
    "about", "across", "against", "along", "around", "at", "away", "back", "behind", "by", "down", "for", "from",
    "forward", "front", "in", "into", "like", "next", "off", "on", "onto", "out", "over",
    "through", "to", "together", "towards", "under", "up", "with", "without",
))
# fmt: on
_PARTICLES = frozenset(("away", "back", "down", "in", "off", "on", "out", "up"))


@dataclass(frozen=True)
class Phrase:
    """Words that name a movement.

    rank: lower is better. swapped: "ball throw", made by us of "throw ball". last: nothing may follow ("put hat on").
    """

    words: tuple[str, ...]
    sentences: tuple[str, ...]
    rank: int
    swapped: bool = False
    last: bool = False


@dataclass(frozen=True)
class Lexicon:
    """Phrases by their first word, all their words, and phrases of directions by slot."""

    by_first: dict[str, tuple[Phrase, ...]]
    vocabulary: frozenset[str]
    directions: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Found:
    """A phrase in a name, at `places` (word numbers). inexact: words that stand there in another form."""

    phrase: Phrase
    places: tuple[int, ...]
    gap: int
    inexact: int

    @property
    def order(self) -> tuple[int, int, bool, int, int, int, int, tuple[str, ...]]:
        """Smaller for the phrase to take first: a movement before a thing, then the longest, closest and first."""
        phrase = self.phrase
        # What is still equal are words that share a form: "taping" is of "tape", and "tap" has "tapping". No two
        # phrases have the same words, so the order never depends on that of a set.
        letters = sum(map(len, phrase.words))
        near = (self.gap, self.inexact, self.places[0], -letters, phrase.words)
        return (phrase.rank, -len(phrase.words), phrase.swapped, *near)


def raw_entries() -> dict[str, dict[str, list[str] | str]]:
    """What the files of the lexicon hold: file name, phrases ("fall down | tumble"), sentences or a phrase for them."""
    files = sorted((resources.files("sadvae.text") / FOLDER).iterdir(), key=lambda path: path.name)
    return {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in files
        if path.name.endswith(".json") and path.name != DIRECTIONS
    }


@cache
def lexicon() -> Lexicon:
    """The lexicon, read once."""
    entries = raw_entries()
    known = {
        words: (sentences, _RANKS.get(file, 0))
        for file, of_file in entries.items()
        for key, sentences in of_file.items()
        for words in phrases_in(key)
    }
    phrases = [Phrase(words, _followed(sentences, known), rank) for words, (sentences, rank) in known.items()]
    phrases += [other for phrase in phrases for other in _other_orders(phrase) if other.words not in known]
    by_first: dict[str, list[Phrase]] = {}
    for phrase in phrases:
        by_first.setdefault(phrase.words[0], []).append(phrase)
    text = (resources.files("sadvae.text") / FOLDER / DIRECTIONS).read_text(encoding="utf-8")
    vocabulary = frozenset(word for phrase in phrases for word in phrase.words)
    return Lexicon({word: tuple(of_word) for word, of_word in by_first.items()}, vocabulary, json.loads(text))


def phrases_in(key: str) -> list[tuple[str, ...]]:
    """The phrases of a key of the lexicon, each as words."""
    return [tuple(words_of(phrase)) for phrase in key.split("|")]


def _followed(sentences: list[str] | str, known: dict[tuple[str, ...], tuple[list[str] | str, int]]) -> tuple[str, ...]:
    """Sentences, or those of the phrase that stands for them."""
    target = known[tuple(words_of(sentences))][0] if isinstance(sentences, str) else sentences
    return tuple(target)


def _other_orders(phrase: Phrase) -> list[Phrase]:
    """ "ball throw" beside "throw ball", and "put hat on" beside "put on hat"."""
    words, small = phrase.words, [word in _SMALL_WORDS for word in phrase.words]
    if phrase.rank == 0 and small == [False, False]:
        return [replace(phrase, words=words[::-1], swapped=True)]
    if small == [False, True, False] and words[1] in _PARTICLES:
        return [replace(phrase, words=(words[0], words[2], words[1]), last=True)]
    return []


def phrases_of(words: Sequence[str], known: Lexicon) -> list[Found]:
    """The phrases that stand for a name, in the order of its words: the best of each part between two "and"."""
    forms = [base_forms(word, known.vocabulary) for word in words]
    places = [place for start in range(len(words)) for place in _starting(words, forms, start, known)]
    part = [sum(word == AND for word in words[:i]) for i in range(len(words))]
    chosen: list[Found] = []
    used: set[int] = set()
    for found in sorted(places, key=lambda found: found.order):
        parts = set(range(part[found.places[0]], part[found.places[-1]] + 1))
        # A thing is only what moves while no verb says how.
        if not parts & used and (found.phrase.rank < 2 or not chosen or chosen[0].phrase.rank == found.phrase.rank):
            chosen.append(found)
            used |= parts
    return sorted(chosen, key=lambda found: found.places[0])


def _starting(words: Sequence[str], forms: Sequence[frozenset[str]], start: int, known: Lexicon) -> list[Found]:
    phrases = {phrase for form in forms[start] for phrase in known.by_first.get(form, ())}
    found = [_at(words, forms, start, phrase) for phrase in phrases]
    return [one for one in found if one is not None]


def _at(words: Sequence[str], forms: Sequence[frozenset[str]], start: int, phrase: Phrase) -> Found | None:
    places = [start]
    for wanted in phrase.words[1:]:
        place = _next(words, forms, places[-1] + 1, wanted)
        if place is None:
            return None
        places.append(place)
    between = [words[i] for i in range(places[0], places[-1]) if i not in places]
    gap = sum(word not in MODIFYING for word in between)
    parted = gap > 0 and phrase.words[-1] in _SMALL_WORDS
    if (gap and phrase.swapped) or ((phrase.last or parted) and not _ends(words, places[-1])):
        return None
    inexact = sum(words[place] != word for place, word in zip(places, phrase.words, strict=True))
    return Found(phrase, tuple(places), gap, inexact) if gap <= _LONGEST_GAP else None


def _next(words: Sequence[str], forms: Sequence[frozenset[str]], begin: int, wanted: str) -> int | None:
    for place in range(begin, min(begin + _LONGEST_GAP + 2, len(words))):
        if wanted in forms[place]:
            return place
        if words[place] == AND:
            return None
    return None


def _ends(words: Sequence[str], place: int) -> bool:
    """Whether nothing follows in this part but modifiers: "put the hat on", not "put the cup on the table"."""
    rest = words[place + 1 :]
    part = rest[: rest.index(AND)] if AND in rest else rest
    return all(word in MODIFYING for word in part)
