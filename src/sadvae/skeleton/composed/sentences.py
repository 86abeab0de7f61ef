"""The sentences that say a composed movement, and its short name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sadvae.skeleton.composed.hand_sentences import hand_sentences
from sadvae.skeleton.composed.movement import Body, Movement
from sadvae.skeleton.composed.wording import Wording

# What trunk and legs do, and a short name of it; {side} is right or left, {often} may be ", once".
_BODIES: Mapping[Body, tuple[str, str]] = {
    "none": ("", ""),
    "step": ("The {side} foot takes one step forward and comes back", "step forward"),
    "lunge": ("The {side} leg takes one long step forward and the hips sink, the front knee bends", "lunge"),
    "squat": ("Both knees bend deeply and the hips sink low, then the body rises{often}", "squat"),
    "bow": ("The trunk bends far forward and comes up{often}", "bend forward"),
    "jump": ("Both feet leave the floor as the body jumps up", "jump"),
    "walk": ("The feet step in turn on the spot, calmly, as in walking, and the arms swing a little", "walk"),
    "jog": ("The feet step in quick turn on the spot, as in running, with bent arms pumping", "run"),
    "kick": ("The {side} leg swings up to the front in a kick{often}", "kick with {side} leg"),
    "side kick": ("The {side} leg swings out to the side{often}", "kick sideways"),
    "raise knee": ("The {side} knee is raised to hip height{often}", "raise knee"),
    "sit": ("The knees bend and the hips drop backward onto a seat; the body ends seated", "sit down"),
    "rise": ("The body rises from a seat, the knees straighten, and it ends standing", "stand up"),
    "lean": ("The trunk leans to the {side} side{often}", "lean {side}"),
    "twist": ("The trunk twists to the {side}{often}", "twist {side}"),
    "low": ("The trunk bends down, the knees bend and the hands come near the floor", "bend down"),
}
# The same where hands do something of their own; {other} says that the other arm, if one, is near the floor.
_BODIES_ALONG: Mapping[Body, str] = {
    "walk": "The feet step in turn on the spot, calmly, as in walking",
    "jog": "The feet step in quick turn on the spot, as in running",
    "low": "The trunk bends down and the knees bend{other}",
}
_STILL_FEET = ("none", "bow", "lean", "twist")


def describe_movement(movement: Movement, generator: np.random.Generator) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Two to four whole sentences that say a movement, and short names of its parts.

    Parts are that of the hands and that of trunk and legs, as far as there are: ("sweep right hand up", "squat").
    """
    words = Wording(movement, generator)
    sentences = hand_sentences(words)
    often = words.choose(", again and again", ", several times") if movement.repeated else words.choose(", once", "")
    body, name = _BODIES[movement.body]
    body = body if movement.limb == "none" else _BODIES_ALONG.get(movement.body, body)
    other = f", {words.limb.other} hangs near the floor" if movement.limb in ("right", "left") else ""
    body, name = (text.format(side=movement.side, often=often, other=other) for text in (body, name))
    if movement.limb == "none":
        sentences += _body_alone(words, body)
        return tuple(sentences), (name,)
    sentences += _body_along(words, body)
    return tuple(sentences), tuple(part for part in (_hand_name(words), name) if part)


def _body_alone(words: Wording, body: str) -> list[str]:
    stands = "" if words.movement.body == "rise" else "A person stands. "
    arms = words.choose("The arms hang at the sides.", "The arms do little.", "Both arms hang down.")
    feet = ["The feet stay in place."] if words.movement.body in _STILL_FEET else []
    return [f"{stands}{body}.", arms, *feet]


def _body_along(words: Wording, body: str) -> list[str]:
    only = words.choose(*words.limb.only)
    if words.limb.other and words.movement.body in ("walk", "jog"):
        return [f"{body}.", f"{words.limb.other.capitalize()} swings along."]
    only += f"; {words.limb.other} hangs down" if words.limb.other else ""
    if words.movement.body == "none":
        return [f"{only}{words.choose(' and', ',')} the legs stand still."]
    return [f"{body}.", f"{only}{' and the feet stay in place' if words.movement.body in _STILL_FEET else ''}."]


def _hand_name(words: Wording) -> str:
    movement = words.movement
    stroke = words.choose("move", "swing", "sweep")
    verbs = {"stroke": stroke, "two strokes": "sweep", "shuttle": "move", "swing": "shake"}
    name = f"{verbs.get(movement.kind, movement.kind)} {words.limb.short}"
    if movement.kind in ("stroke", "two strokes", "shuttle"):
        return f"{name} {words.way(0, 1)}"
    if movement.kind == "swing":
        return f"{name} {('sideways', 'up and down', 'back and forth')[movement.axis]}"
    return name
