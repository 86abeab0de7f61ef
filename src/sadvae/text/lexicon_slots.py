"""Side, direction, speed and number in an action name, and the sentences that they change.

Sentences of the lexicon have slots. {the arm}, {The hand}, {the other foot}: a limb, the right one unless the name
says which. {Rest arm}, {Rest leg}: what the other limb does. {s}, {es}, {ies}, {is}, {has}, {its}: what agrees with the
limb before it. {travel}, {path:up}: a phrase of the direction, of lexicon_data/directions.json; after the colon stands
the direction meant where the name has none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

BOTH = "both"
# fmt: off
ARM_PARTS = {
    "arm": "arms", "hand": "hands", "forearm": "forearms", "elbow": "elbows", "wrist": "wrists", "fist": "fists",
    "palm": "palms", "shoulder": "shoulders", "finger": "fingers",
}
# fmt: on
# fmt: off
LEG_PARTS = {
    "leg": "legs", "foot": "feet", "knee": "knees", "thigh": "thighs", "shin": "shins", "heel": "heels", "hip":
    "hips", "ankle": "ankles", "toe": "toes",
}
# fmt: on
AGREEING = {
    "s": ("s", ""),
    "es": ("es", ""),
    "ies": ("ies", "y"),
    "is": ("is", "are"),
    "has": ("has", "have"),
    "its": ("its", "their"),
}  # fmt: skip
REST = {
    "rest arm": ("the {} arm hangs still at the side", "both arms move alike at the same time"),
    "rest leg": ("the {} leg stands and bears the weight", "both legs move alike at the same time"),
}
SLOT = re.compile(r"\{([^{}]*)\}")
_HANDED = {"handed": "arm", "armed": "arm", "legged": "leg", "footed": "leg"}
# fmt: off
_DIRECTIONS = {
    "ahead": "forward", "forwards": "forward", "front": "forward", "back": "backward", "backwards": "backward",
    "leftward": "left", "leftwards": "left", "rightward": "right", "rightwards": "right", "upward": "up", "upwards":
    "up", "downward": "down", "downwards": "down", "inward": "in", "inwards": "in", "outward": "out", "outwards":
    "out", "sideway": "sideways", "sideward": "sideways", "sidewards": "sideways", "lateral": "sideways",
}
# fmt: on
DIRECTIONS = frozenset((*_DIRECTIONS.values(), "clockwise", "counterclockwise", "sideways"))
# Directions only where no thing follows: "wave up", not "walk up a hill".
_PREPOSITIONS = frozenset(("up", "down", "in", "out", "back", "front"))
# fmt: off
_MANNERS = {
    "quickly": "fast", "quick": "fast", "rapidly": "fast", "rapid": "fast", "hastily": "fast", "slowly": "slow",
    "gently": "slow", "repeatedly": "again", "continuously": "again", "double": "twice", "highly": "high",
    "alternately": "alternating", "alternate": "alternating", "seated": "sitting",
}
# fmt: on
MANNERS = frozenset(_MANNERS.values()) | {"once", "low"}
_SIDES = frozenset(("left", "right", BOTH, "two", "double"))
MODIFYING = _SIDES | DIRECTIONS | MANNERS | set(_DIRECTIONS) | set(_MANNERS) | {"one", "single", "to"}


@dataclass(frozen=True)
class Modifiers:
    """What a name says beside the movement; "" where it says nothing.

    arm, leg: "left", "right" or "both". direction: one of DIRECTIONS. aimed: "to the left", not only "left".
    manners: of MANNERS.
    """

    arm: str = ""
    leg: str = ""
    direction: str = ""
    aimed: bool = False
    manners: tuple[str, ...] = ()

    def or_else(self, other: Modifiers) -> Modifiers:
        """These, and of `other` whatever these leave open."""
        return Modifiers(*(getattr(self, f.name) or getattr(other, f.name) for f in fields(self)))


def modifiers_of(words: Sequence[str], taken: Sequence[bool]) -> Modifiers:
    """Modifiers among the words of a name. taken: words of a phrase, which may say a limb but nothing else."""
    free = ["" if gone else word for word, gone in zip(words, taken, strict=True)]
    manners = [_MANNERS.get(word, word) for word in free]
    direction, aimed = _way(words, free)
    return Modifiers(
        _limbs(words, "arm", ARM_PARTS),
        _limbs(words, "leg", LEG_PARTS),
        direction,
        aimed,
        tuple(dict.fromkeys(manner for manner in manners if manner in MANNERS)),
    )


def _limbs(words: Sequence[str], kind: str, parts: dict[str, str]) -> str:
    """The side that a name says of its arms or legs; a plural such as "hands" says both."""
    found = ""
    for i, word in enumerate(words):
        if word in _SIDES and _group(words, i) == kind:
            found = _side(found, word)
    plural = any(word in parts.values() for word in words) or (kind == "arm" and BOTH in words)
    return found or (BOTH if plural else "")


def _way(words: Sequence[str], free: Sequence[str]) -> tuple[str, bool]:
    """The direction that a name says outside of its phrase, and whether "to" stands before it."""
    found, aimed = "", False
    for i, word in enumerate(free):
        towards = _DIRECTIONS.get(word, word)
        if towards not in DIRECTIONS or (word in _SIDES and _group(words, i)):
            continue
        if word in _PREPOSITIONS and i + 1 < len(words) and words[i + 1] not in MODIFYING - {"to"}:
            continue
        found = "sideways" if {found, towards} == {"left", "right"} else towards
        aimed = aimed or (i > 0 and words[i - 1] == "to")
    return found, aimed


def _group(words: Sequence[str], i: int) -> str:
    """Whether "left" at i is of an arm or a leg, by the next word that is no side: "left", "left and right hand"."""
    for word in words[i + 1 :]:
        if word in ARM_PARTS or word in ARM_PARTS.values():
            return "arm"
        if word in LEG_PARTS or word in LEG_PARTS.values():
            return "leg"
        if word in _HANDED:
            return _HANDED[word]
        if word not in _SIDES and word != "and":
            return ""
    return ""


def _side(before: str, word: str) -> str:
    side = BOTH if word in ("two", "double") else word
    return side if before in ("", side) else BOTH


def filled(sentence: str, modifiers: Modifiers, directions: dict[str, dict[str, str]]) -> str:
    """A sentence of the lexicon with its slots filled. Raises KeyError for a slot that is not known."""
    many = False

    def put(match: re.Match[str]) -> str:
        nonlocal many
        slot = match[1]
        if slot in AGREEING:
            return AGREEING[slot][many]
        if slot.casefold() in REST or slot.split()[0].casefold() == "the":
            text, many = _limb(slot, modifiers)
            return text[0].upper() + text[1:] if slot[0].isupper() else text
        return _direction(slot, modifiers, directions)

    return SLOT.sub(put, sentence)


def _limb(slot: str, modifiers: Modifiers) -> tuple[str, bool]:
    part = slot.split()[-1]
    side = (modifiers.leg if part in LEG_PARTS else modifiers.arm) or "right"
    other = "left" if side == "right" else "right"
    if slot.casefold() in REST:
        one, alike = REST[slot.casefold()]
        return (alike if side == BOTH else one.format(other)), False
    plural = {**ARM_PARTS, **LEG_PARTS}[part]
    if " other " in slot:
        return (f"the other {part}" if side == BOTH else f"the {other} {part}"), False
    return (f"both {plural}", True) if side == BOTH else (f"the {side} {part}", False)


def _direction(slot: str, modifiers: Modifiers, directions: dict[str, dict[str, str]]) -> str:
    kind, _, default = slot.partition(":")
    phrases = directions[kind]
    arm = modifiers.arm or "right"
    for towards in filter(None, (modifiers.direction, default)):
        for key in (f"{towards} by {arm}", towards):
            if key in phrases:
                return phrases[key]
    return phrases[""]
