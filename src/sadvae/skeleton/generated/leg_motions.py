"""Motions of one leg: the path of its foot, and how the trunk gives way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from sadvae.skeleton.generated.clock import Clock
from sadvae.skeleton.generated.controls import RIGHT, Controls, vectors
from sadvae.skeleton.generated.rotation import Array

# Returns the foot's path [frame, 3] (outward, up, forward) from standing, and how far the trunk leans back and to the
# other side, [frame] each in radians.
Motion = Callable[[Clock, float], tuple[Array, Array, Array]]


def _kick(clock: Clock, extent: float) -> tuple[Array, Array, Array]:
    """Swing the leg up in front; the knee is bent on the way up and straight at the top."""
    raised = clock.to_and_fro(1.15)
    angle = 1.25 * extent * raised
    length = 1 - 0.3 * np.exp(-(((clock.phase(1.15) % 1 - 0.25) / 0.12) ** 2))
    path = vectors(0.0, 0.97 - 0.97 * length * np.cos(angle), 0.97 * length * np.sin(angle))
    return path, 0.25 * raised, 0.05 * raised


def _side_kick(clock: Clock, extent: float) -> tuple[Array, Array, Array]:
    """Swing the straight leg out to its side."""
    raised = clock.to_and_fro(1.15)
    angle = 0.95 * extent * raised
    return vectors(0.97 * np.sin(angle), 0.97 - 0.97 * np.cos(angle), 0.0), 0.0 * raised, 0.28 * raised


def _raise_knee(clock: Clock, extent: float) -> tuple[Array, Array, Array]:
    """Lift the knee in front to the height of the hip, the shin hanging down."""
    raised = clock.to_and_fro(1.05)
    return vectors(0.0, 0.48 * extent * raised, 0.16 * raised), 0.05 * raised, 0.05 * raised


LEG_MOTIONS: Mapping[str, Motion] = {"kick": _kick, "side kick": _side_kick, "raise knee": _raise_knee}


def move_leg(motion: str, side: int, clock: Clock, extent: float, controls: Controls) -> Controls:
    """Add a leg's motion to the controls; the body shifts over the other leg so as not to fall."""
    path, back, away = LEG_MOTIONS[motion](clock, extent)
    sign = 1.0 if side == RIGHT else -1.0
    feet = controls.feet.copy()
    feet[:, side] += path
    pelvis = controls.pelvis + vectors(-0.1 * sign * clock.engaged, 0.0, 0.0)
    return replace(controls, feet=feet, pelvis=pelvis, pitch=controls.pitch - back, roll=controls.roll - sign * away)
