"""Motions of one arm: the path of its wrist from the shoulder, (outward, up, forward) in arm lengths."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from sadvae.skeleton.generated.clock import Clock, smooth_step
from sadvae.skeleton.generated.controls import vectors
from sadvae.skeleton.generated.rotation import Array

# Takes the clock, the extent, and whether the end position is kept; returns the path [frame, 3].
Motion = Callable[[Clock, float, bool], Array]


def _lifted(clock: Clock, period: float, hold: bool) -> Array:
    return clock.engaged if hold else clock.to_and_fro(period)


def _raise(clock: Clock, extent: float, hold: bool) -> Array:
    """Bring the straight arm up in front until it points to the ceiling."""
    angle = np.minimum(2.95 * extent, 3.05) * _lifted(clock, 1.7, hold)
    return vectors(0.14, -0.95 * np.cos(angle), 0.95 * np.sin(angle))


def _side_lift(clock: Clock, extent: float, hold: bool) -> Array:
    """Bring the straight arm out to the side, to the height of the shoulder."""
    angle = 0.1 + 1.5 * extent * _lifted(clock, 1.7, hold)
    return vectors(0.95 * np.sin(angle), -0.95 * np.cos(angle), 0.08)


def _wave(clock: Clock, extent: float, hold: bool) -> Array:
    """Hold the hand up beside the head and move it from side to side."""
    side = np.sin(2 * np.pi * clock.phase(0.62))
    return vectors(0.38 + 0.26 * extent * side, 0.55 - 0.08 * np.abs(side), 0.32)


def _punch(clock: Clock, extent: float, hold: bool) -> Array:
    """Shoot the fist from the chest straight forward and take it back."""
    out = clock.to_and_fro(0.75) ** 1.5
    return vectors(-0.05 - 0.1 * out, -0.2 + 0.2 * out, 0.32 + 0.6 * extent * out)


def _circle(clock: Clock, extent: float, hold: bool) -> Array:
    """Draw circles in the plane in front of the body."""
    angle = 2 * np.pi * clock.phase(1.15)
    radius = 0.48 * extent
    return vectors(0.1 - radius * np.sin(angle), 0.05 - radius * np.cos(angle), 0.6)


def _swing(clock: Clock, extent: float, hold: bool) -> Array:
    """Sweep the stretched arm level from its own side to the other one and back."""
    angle = 1.15 - 1.75 * extent * clock.to_and_fro(1.1)
    return vectors(0.88 * np.sin(angle), -0.08, 0.88 * np.cos(angle))


def _throw(clock: Clock, extent: float, hold: bool) -> Array:
    """Take the hand back behind the head, then hurl it forward and down."""
    stations = np.array([[0.14, -0.9, 0.1], [0.5, 0.35, -0.3], [0.2, 0.6, 0.6], [-0.2, -0.3, 0.85], [0.14, -0.9, 0.1]])
    return _through(clock.phase(1.7) % 1, (0.0, 0.4, 0.55, 0.68, 1.0), stations * [1, 1, extent])


def _drink(clock: Clock, extent: float, hold: bool) -> Array:
    """Lead the hand slowly to the mouth, keep it there, and take it down."""
    there = smooth_step(3 * (clock.to_and_fro(2.4) - 0.15))
    low, mouth = np.array([0.0, -0.55, 0.5]), np.array([-0.3, 0.33, 0.36])
    return low + there[:, None] * (mouth - low)


def _clap(clock: Clock, extent: float, hold: bool) -> Array:
    """Bring the hand from outside to the middle in front of the chest, again and again."""
    apart = (1 + np.cos(2 * np.pi * clock.phase(0.5))) / 2
    return vectors(-0.27 + 0.36 * extent * apart, -0.1, 0.58)


def _through(within: Array, times: tuple[float, ...], stations: Array) -> Array:
    return np.stack([np.interp(within, times, stations[:, axis]) for axis in range(3)], -1)


ARM_MOTIONS: Mapping[str, Motion] = {
    "raise": _raise,
    "side lift": _side_lift,
    "wave": _wave,
    "punch": _punch,
    "circle": _circle,
    "swing": _swing,
    "throw": _throw,
    "drink": _drink,
    "clap": _clap,
}
