"""One subject performs one action: from moves to joints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sadvae.skeleton.generated.actions import Action, Move
from sadvae.skeleton.generated.arm_motions import ARM_MOTIONS
from sadvae.skeleton.generated.body import pose
from sadvae.skeleton.generated.body_motions import move_body
from sadvae.skeleton.generated.clock import FRAMES_PER_SECOND, Clock, draw_clock
from sadvae.skeleton.generated.controls import LEFT, RIGHT, Controls, hanging, standing
from sadvae.skeleton.generated.leg_motions import move_leg
from sadvae.skeleton.generated.rotation import Array, unit
from sadvae.skeleton.generated.subjects import Subject


def perform(
    action: Action,
    subject: Subject,
    habit: np.random.Generator,
    moment: np.random.Generator,
    frames: tuple[int, int] = (40, 90),
    style: float = 1.0,
) -> Array:
    """The joints of a subject that performs an action, before any sensor.

    habit: what is the subject's own way with this action (the same in every repetition). moment: what differs between
    repetitions. frames: (fewest, most). Returns [frame, 25, 3] metres, x to its right, y up, z to its back.
    """
    tempo = subject.tempo * float(np.exp(0.1 * style * moment.standard_normal()))
    extent = min(
        1.25, subject.extent * float(np.exp(style * (0.08 * habit.standard_normal() + 0.06 * moment.standard_normal())))
    )
    clock = draw_clock(moment, frames, tempo, style)
    controls = accompany(rest(subject, moment, len(clock.engaged), style), clock, habit, style)
    for move in (move for move in action.moves if move.part.endswith(("body", "side"))):
        controls = move_body(move.motion, move.part, clock, extent, controls)
    controls = hang(controls, subject, moment, style)
    for move in (move for move in action.moves if move.part.endswith("leg")):
        controls = move_leg(move.motion, _sides(move, subject)[0], clock, extent, controls)
    for move in (move for move in action.moves if move.part.endswith(("arm", "arms"))):
        bias = style * (0.07 * habit.standard_normal(3) + 0.04 * moment.standard_normal(3))
        controls = _move_arms(move, subject, clock, extent, controls, bias)
    return pose(subject, controls)


def _sides(move: Move, subject: Subject) -> tuple[int, ...]:
    """The sides of the body that a move's part has: a left-handed subject's main arm is the left one."""
    if move.part == "both arms":
        return (LEFT, RIGHT)
    if move.part == "main arm":
        return (LEFT,) if subject.left_handed else (RIGHT,)
    return (LEFT,) if move.part.startswith("left") else (RIGHT,)


def rest(subject: Subject, moment: np.random.Generator, frames: int, style: float) -> Controls:
    """A body at rest: nobody stands still, so pelvis and trunk drift slowly."""
    drift = 0.012 * style * subject.sway * slow_drift(moment, frames, 6)
    resting = standing(frames)
    return replace(
        resting,
        pelvis=drift[:, :3] * [1, 0.1, 1],
        pitch=subject.stoop + 2 * drift[:, 3],
        roll=subject.tilt + drift[:, 4],
        twist=4 * drift[:, 5],
    )


def accompany(
    controls: Controls,
    clock: Clock,
    habit: np.random.Generator,
    style: float,
    sizes: tuple[float, float, float, float] = (0.07, 0.05, 0.15, 0.07),
) -> Controls:
    """Add what a person does along with an action by habit: the trunk goes with it, and idle arms do not hang still.

    sizes: of pitch, roll and twist in radians, and of the hands in arm lengths.
    """
    pitch, roll, twist, hands = sizes
    size = style * clock.to_and_fro(1.7)[:, None] * habit.standard_normal((1, 9))
    return replace(
        controls,
        pitch=controls.pitch + pitch * size[:, 0],
        roll=controls.roll + roll * size[:, 1],
        twist=controls.twist + twist * size[:, 2],
        hands=controls.hands + hands * size[:, 3:].reshape(-1, 2, 3),
    )


def hang(controls: Controls, subject: Subject, moment: np.random.Generator, style: float) -> Controls:
    """Add the hanging arms to the swing that the hands may have from walking."""
    frames = len(controls.pitch)
    drift = 0.03 * style * subject.sway * slow_drift(moment, frames, 6).reshape(frames, 2, 3)
    idle = hanging(controls.pitch)[:, None] + subject.idle + drift
    return replace(controls, hands=controls.hands + idle)


def _move_arms(move: Move, subject: Subject, clock: Clock, extent: float, controls: Controls, bias: Array) -> Controls:
    usual = ARM_MOTIONS[move.motion](clock, extent, move.hold)
    # A habit changes the direction in which an arm reaches, not how far it is stretched.
    path = unit(usual + bias) * np.sqrt((usual**2).sum(-1, keepdims=True))
    # An arm that is kept up must be led there along its path, so it leaves the resting position sooner.
    weight = np.minimum(1, (4 if move.hold else 1) * clock.engaged)[:, None]
    hands = controls.hands.copy()
    for side in _sides(move, subject):
        hands[:, side] += weight * (path - hands[:, side])
    return replace(controls, hands=hands)


def slow_drift(generator: np.random.Generator, frames: int, channels: int) -> Array:
    """Slow random movement, about 1 in size: [frame, channel], two sine waves of 0.1 to 0.7 per second each."""
    time = np.arange(frames)[:, None, None] / FRAMES_PER_SECOND
    rate = generator.uniform(0.1, 0.7, (2, channels))
    start = generator.uniform(0, 2 * np.pi, (2, channels))
    return np.sin(2 * np.pi * (rate * time) + start).sum(1)
