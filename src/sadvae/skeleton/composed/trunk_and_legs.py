"""What trunk and legs of a composed movement do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from sadvae.skeleton.composed.movement import Movement
from sadvae.skeleton.generated.body_motions import move_body, step_in_turn
from sadvae.skeleton.generated.clock import Clock, smooth_step
from sadvae.skeleton.generated.controls import LEFT, RIGHT, Controls, vectors
from sadvae.skeleton.generated.leg_motions import move_leg
from sadvae.skeleton.generated.rotation import Array

Motion = Callable[[Movement, Clock, float, Controls], Controls]


def move_trunk_and_legs(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    """Add what trunk and legs of a movement do to the controls. extent: relative size."""
    return _MOTIONS[movement.body](movement, clock, extent, controls)


def _once(clock: Clock) -> Array:
    """0 at both ends, [frame], and 1 for a while in between: done, kept for a moment and undone."""
    return smooth_step(np.minimum(clock.progress / 0.4, (1 - clock.progress) / 0.4))


def _depth(movement: Movement, clock: Clock) -> Array:
    return clock.to_and_fro(1.7) if movement.repeated else _once(clock)


def _sign(movement: Movement) -> int:
    return 1 if movement.side == "right" else -1


def _leg(movement: Movement) -> int:
    return RIGHT if movement.side == "right" else LEFT


def _nothing(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    return controls


def _whole_body(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    return move_body(movement.body, "body", clock, extent, controls)


def _one_leg(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    # A motion that takes longer than the performance is done once.
    pace = clock if movement.repeated else replace(clock, seconds=0.1)
    return move_leg(movement.body, _leg(movement), pace, extent, controls)


def _squat(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    if movement.repeated:
        return _whole_body(movement, clock, extent, controls)
    once = _once(clock)
    pelvis = controls.pelvis + vectors(0.0, -0.42 * extent * once, -0.13 * once)
    return replace(controls, pelvis=pelvis, pitch=controls.pitch + 0.5 * extent * once)


def _bow(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    if movement.repeated:
        return _whole_body(movement, clock, extent, controls)
    once = _once(clock)
    pelvis = controls.pelvis + vectors(0.0, -0.01 * once, -0.12 * once)
    return replace(controls, pelvis=pelvis, pitch=controls.pitch + 1.1 * extent * once)


def _low(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    """Bend trunk and knees until the hanging hands are low."""
    once = _once(clock)
    pelvis = controls.pelvis + vectors(0.0, -0.3 * once, -0.1 * once)
    return replace(controls, pelvis=pelvis, pitch=controls.pitch + 1.0 * extent * once)


def _jog(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    """Lift the feet in quick turn; the bent arms swing against them."""
    phase = clock.phase(0.6)
    swing = 0.25 * np.sin(2 * np.pi * phase) * clock.engaged
    hands = controls.hands.copy()
    for side, sign in ((LEFT, 1), (RIGHT, -1)):
        hands[:, side] += vectors(0.0, 0.45 * clock.engaged + 0.2 * np.abs(swing), 0.25 * clock.engaged + sign * swing)
    feet = step_in_turn(controls, phase, 0.3 * extent * clock.engaged)
    bounce = vectors(0.0, 0.05 * np.abs(np.sin(2 * np.pi * phase)) * clock.engaged, 0.0)
    return replace(controls, feet=feet, hands=hands, pelvis=controls.pelvis + bounce)


def _rise(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    """Get up from a seat; the chest leans forward on the way."""
    seated = 1 - clock.settled()
    pelvis = controls.pelvis + vectors(0.0, -0.44 * seated, -0.4 * seated)
    return replace(controls, pelvis=pelvis, pitch=controls.pitch + 0.7 * np.sin(np.pi * seated))


def _stride(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    """Put one foot forward and take it back; in a lunge far, and the hips sink."""
    once, far = _once(clock), 0.35 if movement.body == "step" else 0.75
    down = 0.0 if movement.body == "step" else -0.3 * extent
    feet, leg = controls.feet.copy(), _leg(movement)
    feet[:, leg] += vectors(0.0, 0.08 * np.sin(np.pi * np.clip(2 * once, 0, 1)) * once, far * once)
    feet[:, leg, 1] = np.maximum(feet[:, leg, 1], 0)
    return replace(controls, feet=feet, pelvis=controls.pelvis + vectors(0.0, down * once, 0.5 * far * once))


def _lean(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    return replace(controls, roll=controls.roll + _sign(movement) * 0.65 * extent * _depth(movement, clock))


def _twist(movement: Movement, clock: Clock, extent: float, controls: Controls) -> Controls:
    return replace(controls, twist=controls.twist - _sign(movement) * 0.7 * extent * _depth(movement, clock))


_MOTIONS: Mapping[str, Motion] = {
    "none": _nothing,
    "step": _stride,
    "lunge": _stride,
    "squat": _squat,
    "bow": _bow,
    "jump": _whole_body,
    "walk": _whole_body,
    "jog": _jog,
    "kick": _one_leg,
    "side kick": _one_leg,
    "raise knee": _one_leg,
    "sit": _whole_body,
    "rise": _rise,
    "lean": _lean,
    "twist": _twist,
    "low": _low,
}
