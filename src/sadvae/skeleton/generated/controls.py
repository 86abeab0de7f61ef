"""What steers the body over time: the trunk, and where hands and feet go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadvae.skeleton.generated.rotation import Array

# Side of a hand or foot in arrays [frame, side, ...].
LEFT, RIGHT = 0, 1


@dataclass(frozen=True, eq=False)
class Controls:
    """The course of a performance.

    heading: [frame] turn of the whole body to its left, radians. pelvis: [frame, 3] (rightward, up, forward) from
    standing, in leg lengths. pitch, roll, twist: [frame] lean of the chest forward, to the right, and its turn to the
    left, radians. hands: [frame, side, 3] wrists from their shoulders along the chest's (outward, up, forward), in arm
    lengths. feet: [frame, side, 3] ankles from where they stand (outward, up, forward), in leg lengths.
    """

    heading: Array
    pelvis: Array
    pitch: Array
    roll: Array
    twist: Array
    hands: Array
    feet: Array


def standing(frames: int) -> Controls:
    """Controls of a body that stands still with hands at (0, 0, 0), which are to be set."""
    flat = np.zeros(frames)
    return Controls(flat, np.zeros((frames, 3)), flat, flat, flat, np.zeros((frames, 2, 3)), np.zeros((frames, 2, 3)))


def hanging(pitch: Array) -> Array:
    """Where a wrist is when the arm hangs: [frame, 3], straight down however the chest leans."""
    return np.stack([np.full_like(pitch, 0.14), -0.95 * np.cos(pitch), 0.95 * np.sin(pitch) + 0.06], -1)


def vectors(*parts: Array | float) -> Array:
    """Stack three arrays [frame] or numbers to vectors [frame, 3] (outward or rightward, up, forward)."""
    return np.stack(np.broadcast_arrays(*parts), -1)
