"""How the body moves in an action of any English name: sentences from a lexicon of movement, by rules alone."""

from __future__ import annotations

import re

from sadvae.text.lexicon_phrases import Found, Lexicon, lexicon, phrases_of
from sadvae.text.lexicon_slots import ARM_PARTS, LEG_PARTS, SLOT, Modifiers, filled, modifiers_of
from sadvae.text.lexicon_words import AND, words_of

MOST_WORDS = 40
MOST_SENTENCES = 12


def movement_sentences(name: str) -> tuple[str, ...]:
    """Whole sentences on how the body moves in the action that `name` names; () where the lexicon has none of it.

    The longest phrase that the lexicon knows stands for the name, in any inflection; of "sit down and clap" both do,
    in their order. Words such as left, both hands, up, clockwise, twice and slowly change the sentences. A thing
    alone ("guitar") has the movement that it is used with. At most MOST_SENTENCES; words after MOST_WORDS are not read.
    """
    words = words_of(name)[:MOST_WORDS]
    known = lexicon()
    found = phrases_of(words, known)
    taken = [any(i in one.places for one in found) for i in range(len(words))]
    whole = modifiers_of(words, taken)
    sentences = [sentence for one in found for sentence in _sentences(one, words, taken, whole, known)]
    return tuple(dict.fromkeys(sentences))[:MOST_SENTENCES]


def _sentences(one: Found, words: list[str], taken: list[bool], whole: Modifiers, known: Lexicon) -> list[str]:
    """The sentences of one phrase, by modifiers of its own part of the name, then by those of the whole name."""
    begin, end = _part(words, one)
    slots = {slot for sentence in one.phrase.sentences for slot in SLOT.findall(sentence)}
    own = _limb_by_side(modifiers_of(words[begin:end], taken[begin:end]), slots)
    moves = own.or_else(whole)
    made = [filled(sentence, moves, known.directions) for sentence in one.phrase.sentences]
    if own.direction and not _says_direction(slots):
        made.append(known.directions["after"][own.direction])
    made += [known.directions["manner"][manner] for manner in own.manners]
    return made


def _part(words: list[str], one: Found) -> tuple[int, int]:
    begin = max((i + 1 for i in range(one.places[0]) if words[i] == AND), default=0)
    end = next((i for i in range(one.places[-1], len(words)) if words[i] == AND), len(words))
    return begin, end


def _limb_by_side(own: Modifiers, slots: set[str]) -> Modifiers:
    """Left or right that is no direction of this movement is its limb: "kick left", but not "kick to the left"."""
    if own.direction not in ("left", "right") or own.aimed or _says_direction(slots):
        return own
    side = own.direction
    parts = {slot.split()[-1] for slot in slots}
    if parts & set(LEG_PARTS):
        return Modifiers(own.arm, own.leg or side, "", False, own.manners)
    if parts & set(ARM_PARTS):
        return Modifiers(own.arm or side, own.leg, "", False, own.manners)
    return own


def _says_direction(slots: set[str]) -> bool:
    return any(re.match(r"(travel|leap|path|circle|turn|face|lean|towards)\b", slot) for slot in slots)
