"""The list of generated actions: each is a name and the moves of body parts that it is composed of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ArmMotion = Literal["raise", "wave", "punch", "circle", "swing", "side lift", "throw", "drink", "clap"]
LegMotion = Literal["kick", "side kick", "raise knee"]
BodyMotion = Literal["squat", "bow", "jump", "walk", "sit", "turn", "lean"]
Part = Literal[
    "right arm", "left arm", "both arms", "main arm", "right leg", "left leg", "body", "right side", "left side"
]


@dataclass(frozen=True)
class Move:
    """One motion of one part of the body.

    part: "main arm" is the arm of the hand that a subject writes with; every other part is what it says.
    hold: the end position is taken once and kept, rather than reached again and again (only "raise" and "side lift").
    """

    motion: ArmMotion | LegMotion | BodyMotion
    part: Part
    hold: bool = False


@dataclass(frozen=True)
class Action:
    """A class of generated motion: its name, as a person would type it, and moves made at the same time."""

    name: str
    moves: tuple[Move, ...]


def _action(name: str, *moves: Move) -> Action:
    return Action(name, moves)


# Class id = position. The text of each class is in text/data/generated.json, under the same id and name.
ACTIONS: tuple[Action, ...] = (
    _action("raise the right arm", Move("raise", "right arm")),
    _action("raise the left arm", Move("raise", "left arm")),
    _action("raise both arms", Move("raise", "both arms")),
    _action("wave the right hand", Move("wave", "right arm")),
    _action("wave the left hand", Move("wave", "left arm")),
    _action("wave both hands", Move("wave", "both arms")),
    _action("punch forward with the right hand", Move("punch", "right arm")),
    _action("punch forward with the left hand", Move("punch", "left arm")),
    _action("punch forward with both hands", Move("punch", "both arms")),
    _action("draw a big circle with the right hand", Move("circle", "right arm")),
    _action("draw a big circle with the left hand", Move("circle", "left arm")),
    _action("swing the right arm across the body", Move("swing", "right arm")),
    _action("swing the left arm across the body", Move("swing", "left arm")),
    _action("lift the right arm out to the side", Move("side lift", "right arm")),
    _action("lift both arms out to the sides", Move("side lift", "both arms")),
    _action("kick forward with the right leg", Move("kick", "right leg")),
    _action("kick forward with the left leg", Move("kick", "left leg")),
    _action("kick sideways with the right leg", Move("side kick", "right leg")),
    _action("kick sideways with the left leg", Move("side kick", "left leg")),
    _action("raise the right knee", Move("raise knee", "right leg")),
    _action("raise the left knee", Move("raise knee", "left leg")),
    _action("squat", Move("squat", "body")),
    _action("bow", Move("bow", "body")),
    _action("jump", Move("jump", "body")),
    _action("walk in place", Move("walk", "body")),
    _action("sit down", Move("sit", "body")),
    _action("turn around", Move("turn", "body")),
    _action("lean to the right", Move("lean", "right side")),
    _action("lean to the left", Move("lean", "left side")),
    _action("throw a ball", Move("throw", "main arm")),
    _action("drink from a cup", Move("drink", "main arm")),
    _action("clap the hands", Move("clap", "both arms")),
    _action("squat with both arms raised", Move("squat", "body"), Move("raise", "both arms", hold=True)),
    _action("jump with both arms raised", Move("jump", "body"), Move("raise", "both arms", hold=True)),
    _action("walk in place while waving the right hand", Move("walk", "body"), Move("wave", "right arm")),
    _action("bow with both arms out to the sides", Move("bow", "body"), Move("side lift", "both arms", hold=True)),
)


def action_names() -> tuple[str, ...]:
    """The names of all generated actions; class id = position."""
    return tuple(action.name for action in ACTIONS)
