"""The traits of a generated subject, the same in all of its clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadvae.skeleton.generated.rotation import Array


@dataclass(frozen=True, eq=False)
class Subject:
    """A person.

    height: metres. ratios: arm, leg, trunk, shoulder width and hip width relative to an average person of that height.
    tempo, extent: relative speed and size of movements. idle: [2, 3] offset of the idle left and right hand in arm
    lengths (outward, up, forward). stoop, tilt: forward and sideways lean of the resting trunk in radians.
    stance: how much wider than the hips the feet stand, in leg lengths. sway: how much the body moves when idle.
    elbow: [3] how the subject carries the elbows, added to the usual direction.
    """

    height: float
    ratios: tuple[float, float, float, float, float]
    left_handed: bool
    tempo: float
    extent: float
    idle: Array
    stoop: float
    tilt: float
    stance: float
    sway: float
    elbow: Array


def draw_subject(generator: np.random.Generator, style: float, left_handed: float) -> Subject:
    """A random subject. style scales all differences; left_handed is the probability of being it."""
    ratios = np.exp(0.05 * style * generator.standard_normal(5))
    return Subject(
        height=1.72 + 0.1 * style * float(np.clip(generator.standard_normal(), -2, 2)),
        ratios=(float(ratios[0]), float(ratios[1]), float(ratios[2]), float(ratios[3]), float(ratios[4])),
        left_handed=bool(generator.random() < left_handed),
        tempo=float(np.exp(0.18 * style * generator.standard_normal())),
        extent=float(np.exp(0.12 * style * np.clip(generator.standard_normal(), -1.5, 1.5))),
        idle=style * np.abs(generator.standard_normal((2, 3))) * [0.05, 0.08, 0.15],
        stoop=0.07 * style * float(generator.standard_normal()),
        tilt=0.03 * style * float(generator.standard_normal()),
        stance=0.03 + 0.05 * style * float(generator.random()),
        sway=float(np.exp(0.4 * style * generator.standard_normal())),
        elbow=0.2 * style * generator.standard_normal(3),
    )
