"""The words of an action name, and the base forms that a word may be a form of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

AND = "and"
PERSON = "person"

_SPELLINGS = (
    (
        r"\b(?:left (?:and|or) (?:the )?right|right (?:and|or) (?:the )?left)(?= (?:hand|arm|fist|leg|foot|knee))",
        "both",
    ),
    (r"\brock\W+paper\W+(?:and\W+)?scissors\b", "rock paper scissors"),
    (r"\b(?:counter|anti)[\s-]*clock\s*wise\b|\bccw\b", "counterclockwise"),
    (r"\bcw\b", "clockwise"),
    (r"\b(?:each other|one another|(?:the |an)?other (?:person|man|woman|one)|some(?:one|body)(?: else)?)\b", PERSON),
    (r"\b(?:partner|opponent|friend|people|persons|him|them|teammate|companion)\b", PERSON),
)
_JOINING = frozenset((AND, "then", "while", "whilst", "before", "after", "plus", "or", "followed"))
# fmt: off
_SMALL = frozenset((
    "a", "an", "the", "his", "her", "hers", "their", "your", "my", "our", "its", "own",
    "some", "of", "very", "really", "just", "is", "are", "be", "being",
))
# fmt: on
# fmt: off
_IRREGULAR = {
    "ate": "eat", "beaten": "beat", "bent": "bend", "blew": "blow", "bound": "bind", "bowed": "bow", "broke":
    "break", "brought": "bring", "built": "build", "caught": "catch", "chose": "choose", "clung": "cling", "crept":
    "crawl", "cut": "cut", "dealt": "deal", "drank": "drink", "drew": "draw", "drove": "drive", "dug": "dig",
    "dying": "die", "fed": "feed", "feet": "foot", "fell": "fall", "fallen": "fall", "fought": "fight", "flew":
    "fly", "gave": "give", "ground": "grind", "held": "hold", "hung": "hang", "kept": "keep", "knelt": "kneel",
    "knives": "knife", "lain": "lie", "laying": "lie", "leant": "lean", "leaves": "leaf", "leapt": "leap", "lying":
    "lie", "made": "make", "ran": "run", "rode": "ride", "rose": "rise", "sang": "sing", "sat": "sit", "shook":
    "shake", "shot": "shoot", "slept": "sleep", "slid": "slide", "slung": "sling", "spun": "spin", "stood": "stand",
    "struck": "strike", "stuck": "stick", "swam": "swim", "swept": "sweep", "swung": "swing", "took": "take",
    "teeth": "tooth", "threw": "throw", "tied": "tie", "tying": "tie", "told": "tell", "tore": "tear", "wept":
    "weep", "went": "go", "woke": "wake", "wore": "wear", "wove": "weave", "wrote": "write", "wrung": "wring",
}
# fmt: on
# Endings and what stands in their place in the base form; "*" halves a doubled last letter ("hopping", "hop").
_ENDINGS = (
    ("ies", ("y", "ie")),
    ("es", ("", "e")),
    ("s", ("",)),
    ("ying", ("ie", "y")),
    ("ing", ("", "e", "*")),
    ("ied", ("y", "ie")),
    ("ed", ("", "e", "*")),
)


def words_of(name: str) -> list[str]:
    """The words of a name in small letters, without articles; "and" stands for whatever joins two movements.

    "throwBall", "throw_ball" and "throw-ball" are two words each; other people are "person"; whoever acts is left out.
    """
    text = unicodedata.normalize("NFKC", name)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text).casefold().replace("\u2019", "'")
    for pattern, spelling in _SPELLINGS:
        text = re.sub(pattern, spelling, text)
    found = [_plain(word) for word in re.findall(r"[a-z']+|[,;/&+]", text)]
    kept = [word for word in found if word and word not in _SMALL]
    return _without_repeats(_without_subject(kept))


def base_forms(word: str, vocabulary: Collection[str]) -> frozenset[str]:
    """The words of a vocabulary that `word` is, or is a form of ("waving": "wave"); none for an unknown word."""
    guesses = {word, _IRREGULAR.get(word, word)}
    for ending, endings in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            stem = word.removesuffix(ending)
            guesses.update(_joined(stem, instead) for instead in endings)
    return frozenset(guess for guess in guesses if guess in vocabulary)


def _joined(stem: str, instead: str) -> str:
    if instead != "*":
        return stem + instead
    return stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem


def _plain(word: str) -> str:
    bare = word.strip("'").removesuffix("'s")
    return AND if bare in _JOINING or bare in set(",;/&+") else bare.replace("'", "")


def _without_subject(words: list[str]) -> list[str]:
    """Without "person" or "two people" in front, who only say that somebody moves."""
    begin = 1 if words[:2] == ["two", PERSON] else 0
    begin += words[begin : begin + 1] == [PERSON]
    return words[begin:] or words


def _without_repeats(words: list[str]) -> list[str]:
    return [word for i, word in enumerate(words) if i == 0 or word != words[i - 1] or word not in (AND, PERSON)]
