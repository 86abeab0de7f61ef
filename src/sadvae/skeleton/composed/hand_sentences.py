"""Two sentences that say what the hands of a composed movement do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sadvae.skeleton.composed.movement import Kind
from sadvae.skeleton.composed.wording import Wording

# Takes the words, how often and how fast (", once", " slowly", or nothing).
Sentences = Callable[[Wording, str, str], list[str]]


def hand_sentences(words: Wording) -> list[str]:
    """What the hands do, said in two ways; nothing where no hand moves."""
    pace, often = _pace(words), _often(words)
    if words.movement.limb == "none":
        return []
    one_way = words.movement.kind in ("stroke", "two strokes", "bend") and not words.movement.repeated
    return (_strokes if one_way else _SENTENCES[words.movement.kind])(words, often, pace)


def _pace(words: Wording) -> str:
    strokes = ", in quick strokes" if words.movement.to_and_fro else ", in one quick motion"
    fast = words.choose(", fast", " quickly", strokes)
    slow = words.choose(" slowly", ", slowly and evenly")
    return {"usual": "", "fast": fast, "slow": slow}[words.movement.pace]


def _often(words: Wording) -> str:
    if words.movement.to_and_fro:
        return words.choose(", several times", ", again and again", ", over and over")
    return words.choose(", once", ", a single time", "")


def _person(words: Wording) -> str:
    return f"A {words.choose('standing person', 'person')}"


def _hand_or_arm(words: Wording) -> str:
    return words.choose(words.limb.hand, words.limb.arm)


def _hand(words: Wording) -> str:
    return words.limb.hand.capitalize()


def _strokes(words: Wording, often: str, pace: str) -> list[str]:
    way = words.way(0, 1)
    what = f"{_person(words)} {words.choose('moves', 'swings', 'sweeps', 'brings', 'leads')} {_hand_or_arm(words)}"
    first = f"{what} {way} from {words.end(0)} to {words.end(1)}{often}{pace}."
    begun = f"{_hand(words)} {words.verb('start')} {words.place(0)}"
    done = f"{words.verb(words.choose('move', 'travel', 'sweep'))} {way} and {words.verb('end')} {words.place(1)}"
    if words.movement.kind == "two strokes":
        done += f", then {words.verb('move')} {words.way(1, 2)} to {words.end(2)}"
    return [first, f"{begun}, {done}."]


def _shuttle(words: Wording, often: str, pace: str) -> list[str]:
    what = f"{_person(words)} {words.choose('moves', 'swings', 'brings')} {words.limb.hand} {words.way(0, 1)}"
    first = f"{what} from {words.end(0)} to {words.end(1)} and back{often}{pace}."
    ends = f"{words.end(0)} and {words.end(1)}"
    return [first, f"{_hand(words)} {words.goes} to and fro between {ends}{often}."]


def _swing(words: Wording, often: str, pace: str) -> list[str]:
    sideways = words.choose("from side to side", "left and right")
    forward = words.choose("forward and back", "to the front and back")
    axis = (sideways, "up and down", forward)[words.movement.axis]
    size = "in small quick strokes" if words.movement.size < 0.2 else "in wide strokes"
    it = "them" if words.movement.limb == "both" else "it"
    what = f"{_person(words)} holds {_hand_or_arm(words)} {words.place(0)}"
    verb = words.verb(words.choose("swing", "move", "shake"))
    return [
        f"{what} and moves {it} {axis}{often}{pace}.",
        f"{_hand(words)} {verb} {axis} {size} {words.place(0)}{often}.",
    ]


def _circle(words: Wording, often: str, pace: str) -> list[str]:
    if words.movement.plane:
        return _level_or_upright_circle(words, often, pace)
    clockwise = words.movement.clockwise
    outward = clockwise != (words.movement.limb == "left")
    turn = "clockwise" if clockwise else "counter clockwise"
    if words.movement.limb == "both":
        turn = "outward" if outward else "inward"
    what = f"{_person(words)} moves {words.limb.hand} in a {words.choose('big ', '')}circle {turn}"
    first = f"{what} {words.place(0)}{often}{pace}."
    loop = words.choose("in a smooth loop", "on a round path")
    way = f"from the top {'outward' if outward else 'inward'} and down, then back up"
    return [first, f"{_hand(words)} {words.goes} round {loop}, {way}."]


def _level_or_upright_circle(words: Wording, often: str, pace: str) -> list[str]:
    rolling = "forward rolling" if words.movement.clockwise else "backward rolling"
    circles, path = ("level", "a flat, level") if words.movement.plane == 1 else (rolling, "an upright")
    return [
        f"A person moves {words.limb.hand} in {circles} circles {words.place(0)}{often}{pace}.",
        f"{_hand(words)} {words.goes} round on {path} round path {words.place(0)}.",
    ]


def _hold(words: Wording, often: str, pace: str) -> list[str]:
    held = "are held" if words.movement.limb == "both" else "is held"
    return [
        f"{_person(words)} holds {_hand_or_arm(words)} {words.place(0)} and keeps still.",
        f"{_hand(words)} {held} {words.place(0)} without moving.",
    ]


_SENTENCES: Mapping[Kind, Sentences] = {
    "stroke": _shuttle,
    "two strokes": _shuttle,
    "bend": _shuttle,
    "shuttle": _shuttle,
    "swing": _swing,
    "circle": _circle,
    "hold": _hold,
}
