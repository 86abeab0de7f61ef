"""One subject performs one composed movement: from the movement to joints."""

from __future__ import annotations

import numpy as np

from sadvae.skeleton.composed.hands import move_hands
from sadvae.skeleton.composed.movement import Movement
from sadvae.skeleton.composed.trunk_and_legs import move_trunk_and_legs
from sadvae.skeleton.generated.body import pose
from sadvae.skeleton.generated.clock import draw_clock
from sadvae.skeleton.generated.perform import accompany, hang, rest
from sadvae.skeleton.generated.rotation import Array
from sadvae.skeleton.generated.subjects import Subject


def perform_movement(movement: Movement, subject: Subject, moment: np.random.Generator, style: float = 1.0) -> Array:
    """The joints of a subject that performs a movement, before any sensor.

    moment: what differs between performances. style: how much. Returns [frame, 25, 3] metres, x to its right, y up,
    z to its back.
    """
    tempo = subject.tempo * float(np.exp(0.1 * style * moment.standard_normal()))
    tempo *= {"usual": 1.0, "fast": 1.4, "slow": 0.7}[movement.pace]
    clock = draw_clock(moment, _frames(movement), tempo, style)
    extent = min(1.25, subject.extent * float(np.exp(0.08 * style * moment.standard_normal())))
    controls = rest(subject, moment, len(clock.engaged), style)
    controls = accompany(controls, clock, moment, style, sizes=(0.05, 0.04, 0.1, 0.05))
    controls = move_trunk_and_legs(movement, clock, extent, controls)
    controls = hang(controls, subject, moment, style)
    if movement.limb != "none":
        bias = style * 0.07 * moment.standard_normal(3)
        controls = move_hands(movement, clock, extent, bias, controls)
    return pose(subject, controls)


def _frames(movement: Movement) -> tuple[int, int]:
    """The fewest and most frames: what is slow or done several times takes longer."""
    return (45, 90) if movement.to_and_fro or movement.pace == "slow" else (30, 70)
