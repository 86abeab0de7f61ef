"""Motions of the whole body: each takes the controls so far and returns them with the motion added."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from sadvae.skeleton.generated.clock import Clock
from sadvae.skeleton.generated.controls import LEFT, RIGHT, Controls, vectors
from sadvae.skeleton.generated.rotation import Array

Motion = Callable[[Clock, float, Controls], Controls]


def _squat(clock: Clock, extent: float, controls: Controls) -> Controls:
    depth = extent * clock.to_and_fro(1.7)
    down = controls.pelvis + vectors(0.0, -0.42 * depth, -0.13 * depth)
    return replace(controls, pelvis=down, pitch=controls.pitch + 0.5 * depth)


def _bow(clock: Clock, extent: float, controls: Controls) -> Controls:
    depth = extent * clock.to_and_fro(1.9)
    back = controls.pelvis + vectors(0.0, -0.01 * depth, -0.12 * depth)
    return replace(controls, pelvis=back, pitch=controls.pitch + 1.1 * depth)


def _jump(clock: Clock, extent: float, controls: Controls) -> Controls:
    """Crouch, fly along a parabola, and land in a crouch."""
    within = clock.phase(0.95) % 1
    flight = np.clip((within - 0.35) / 0.3, 0, 1)
    height = 1.2 * extent * flight * (1 - flight)
    ground = np.clip(np.where(within < 0.5, within / 0.35, (1 - within) / 0.35), 0, 1)
    crouch = 0.16 * np.sin(np.pi * ground)
    feet = controls.feet.copy()
    feet[:, :, 1] += 0.95 * height[:, None]
    pelvis = controls.pelvis + vectors(0.0, height - crouch, -0.4 * crouch)
    return replace(controls, pelvis=pelvis, pitch=controls.pitch + 1.2 * crouch, feet=feet)


def step_in_turn(controls: Controls, phase: Array, height: Array) -> Array:
    """The feet with left and right lifted in turn."""
    turn = np.sin(2 * np.pi * phase)
    feet = controls.feet.copy()
    for side, lift in ((LEFT, np.maximum(0, -turn)), (RIGHT, np.maximum(0, turn))):
        feet[:, side] += vectors(0.0, height * lift, 0.35 * height * lift)
    return feet


def _walk(clock: Clock, extent: float, controls: Controls) -> Controls:
    """Lift the feet in turn; each arm swings with the leg of the other side."""
    phase = clock.phase(1.0)
    swing = 0.22 * extent * np.sin(2 * np.pi * phase)
    hands = controls.hands.copy()
    hands[:, LEFT] += vectors(0.0, 0.3 * np.abs(swing), swing)
    hands[:, RIGHT] += vectors(0.0, 0.3 * np.abs(swing), -swing)
    shift = controls.pelvis + vectors(-0.15 * swing, 0.0, 0.0)
    feet = step_in_turn(controls, phase, 0.24 * extent * clock.engaged)
    return replace(controls, pelvis=shift, hands=hands, feet=feet)


def _sit(clock: Clock, extent: float, controls: Controls) -> Controls:
    """Go down onto a chair and stay; the chest leans forward on the way."""
    done = clock.settled()
    down = controls.pelvis + vectors(0.0, (-0.38 - 0.08 * extent) * done, -0.4 * done)
    return replace(controls, pelvis=down, pitch=controls.pitch + 0.7 * np.sin(np.pi * done))


def _turn(clock: Clock, extent: float, controls: Controls) -> Controls:
    """Turn half round on the spot with small steps."""
    stepping = step_in_turn(controls, clock.phase(0.9), 0.08 * extent * clock.engaged)
    return replace(controls, heading=controls.heading + np.pi * clock.settled(), feet=stepping)


def _lean(sign: float, clock: Clock, extent: float, controls: Controls) -> Controls:
    """Tip the trunk over to one side (sign 1: right, -1: left); the hips give way to the other."""
    depth = sign * extent * clock.to_and_fro(1.7)
    pelvis = controls.pelvis + vectors(-0.1 * depth, 0.0, 0.0)
    return replace(controls, pelvis=pelvis, roll=controls.roll + 0.65 * depth)


_MOTIONS: Mapping[str, Motion] = {
    "squat": _squat,
    "bow": _bow,
    "jump": _jump,
    "walk": _walk,
    "sit": _sit,
    "turn": _turn,
}


def move_body(motion: str, part: str, clock: Clock, extent: float, controls: Controls) -> Controls:
    """Add a motion of the whole body, or of its "right side" or "left side", to the controls."""
    if motion == "lean":
        return _lean(1.0 if part == "right side" else -1.0, clock, extent, controls)
    return _MOTIONS[motion](clock, extent, controls)
