"""What the hands of a composed movement do: paths of wrists from their shoulders, in arm lengths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sadvae.skeleton.composed.movement import Movement
from sadvae.skeleton.composed.places import PLACES
from sadvae.skeleton.generated.clock import Clock, smooth_step
from sadvae.skeleton.generated.controls import LEFT, RIGHT, Controls
from sadvae.skeleton.generated.rotation import Array

_PERIOD = 0.9  # seconds of one repetition at usual tempo
_FORWARD = np.array([0.0, 0.0, 1.0])
# The first and second axis of a circle in each of its planes: facing the person, level, upright and forward.
_PLANES = ((0, 1), (0, 2), (2, 1))


def move_hands(movement: Movement, clock: Clock, extent: float, bias: Array, controls: Controls) -> Controls:
    """Lead the hands of a movement along their paths; the other ones stay as they are.

    extent: relative size. bias: [3] how far this person's hands are off the places, in arm lengths.
    """
    path, weight = hand_path(movement, clock)
    hands = controls.hands.copy()
    for side in _sides(movement):
        own = _other_way(movement, clock) if movement.limb == "in turn" and side == LEFT else path
        hands[:, side] += weight[:, None] * (_within_reach((own + bias) * (1 + 0.1 * (extent - 1))) - hands[:, side])
    return replace(controls, hands=hands)


def hand_path(movement: Movement, clock: Clock) -> tuple[Array, Array]:
    """Where a hand goes, [frame, 3] (outward, up, forward), and how far it has left its rest, [frame] from 0 to 1."""
    first, second = (PLACES[name].point for name in movement.places[:2])
    if movement.kind in ("stroke", "two strokes", "bend") and not movement.repeated:
        return _strokes(movement, clock)
    if movement.kind in ("stroke", "two strokes", "bend", "shuttle"):
        return _between(first, second, clock.to_and_fro(_PERIOD)), clock.engaged
    if movement.kind == "swing":
        return first + _swing(movement, clock), clock.engaged
    if movement.kind == "circle":
        return first + _circle(movement, clock), clock.engaged
    return np.tile(first, (len(clock.engaged), 1)), clock.engaged


def _sides(movement: Movement) -> tuple[int, ...]:
    if movement.limb == "none":
        return ()
    return {"right": (RIGHT,), "left": (LEFT,)}.get(movement.limb, (RIGHT, LEFT))


def _between(first: Array, second: Array, share: Array) -> Array:
    return first * (1 - share[:, None]) + second * share[:, None]


def _strokes(movement: Movement, clock: Clock) -> tuple[Array, Array]:
    """From place to place once, a little forward on the way; the hand comes from its rest and goes back to it."""
    count = 3 if movement.kind == "two strokes" else 2
    points = np.stack([PLACES[name].point for name in movement.places[:count]])
    done = np.clip((clock.progress - 0.2) / 0.6, 0, 1) * (count - 1)
    which = np.minimum(done.astype(int), count - 2)
    share = smooth_step(done - which)[:, None]
    path = points[which] * (1 - share) + points[which + 1] * share
    weight = np.minimum(smooth_step(clock.progress / 0.2), smooth_step((1 - clock.progress) / 0.2))
    return path + np.sin(np.pi * share) * 0.15 * _FORWARD, weight


def _other_way(movement: Movement, clock: Clock) -> Array:
    """The path of the second of two hands that move in turn: at the second place when the first is at the first."""
    first, second = (PLACES[name].point for name in movement.places[:2])
    return _between(first, second, (1 - np.cos(2 * np.pi * clock.phase(_PERIOD) + np.pi)) / 2)


def _swing(movement: Movement, clock: Clock) -> Array:
    direction = np.zeros(3)
    direction[movement.axis] = movement.size
    return np.sin(2 * np.pi * clock.phase(_PERIOD))[:, None] * direction


def _circle(movement: Movement, clock: Clock) -> Array:
    """Round from the top (in a level circle: from the front), once or again and again."""
    once = 99.0
    angle = 2 * np.pi * clock.phase(_PERIOD * 1.6 if movement.repeated else once)
    first, second = _PLANES[movement.plane]
    sign = 1 if movement.clockwise else -1
    # Clockwise is outward for the right hand and inward for the left one.
    sign = -sign if movement.limb == "left" and movement.plane < 2 else sign
    path = np.zeros((len(angle), 3))
    path[:, first] = sign * np.sin(angle) * movement.size
    path[:, second] = np.cos(angle) * movement.size
    return path


def _within_reach(path: Array) -> Array:
    """A path [frame, 3] with no point farther away than the arm is long."""
    length = np.linalg.norm(path, axis=1, keepdims=True)
    return path * np.minimum(1, 1.0 / np.maximum(length, 1e-6))
