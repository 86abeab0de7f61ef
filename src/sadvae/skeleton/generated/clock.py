"""The time of a performance: when it starts, how fast it goes, and in which phase of a motion it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadvae.skeleton.generated.rotation import Array

FRAMES_PER_SECOND = 30


def smooth_step(values: Array) -> Array:
    """Rise from 0 to 1 with level ends, for values from 0 to 1 (clipped)."""
    clipped = np.clip(values, 0, 1)
    return clipped * clipped * (3 - 2 * clipped)


@dataclass(frozen=True, eq=False)
class Clock:
    """The time of one performance.

    progress: [frame], 0 until the action starts, 1 after it has ended. seconds: how long it lasts.
    engaged: [frame], 0 in rest, 1 while the action goes on, smooth in between. tempo: 1 is usual, 2 twice as fast.
    """

    progress: Array
    engaged: Array
    seconds: float
    tempo: float

    def phase(self, period: float) -> Array:
        """The number of repetitions done, [frame], of a motion that takes `period` seconds at usual tempo.

        It starts at 0 and ends at a whole number, at least 1.
        """
        return max(1, round(self.seconds * self.tempo / period)) * self.progress

    def to_and_fro(self, period: float) -> Array:
        """0 at the start and end of each repetition, 1 in its middle, [frame]."""
        return (1 - np.cos(2 * np.pi * self.phase(period))) / 2

    def settled(self) -> Array:
        """0 before the action and 1 after it, [frame]: for what is done once and not undone."""
        return smooth_step(self.progress)


def draw_clock(generator: np.random.Generator, frames: tuple[int, int], tempo: float, style: float) -> Clock:
    """A random clock of a clip that has between frames[0] and frames[1] frames."""
    count = int(generator.integers(frames[0], frames[1] + 1))
    before, after = generator.uniform(0.06, 0.06 + 0.16 * style, 2) * count
    time = np.arange(count, dtype=np.float64)
    progress = np.clip((time - before) / (count - before - after), 0, 1)
    # People do not move like a metronome: the pace rises and falls within a performance.
    shift = generator.uniform(0, 2 * np.pi)
    uneven = 0.06 * style * (np.sin(2 * np.pi * progress + shift) - np.sin(shift)) * (progress < 1)
    ramp = 0.25 * FRAMES_PER_SECOND / tempo
    engaged = smooth_step((time - before) / ramp) * smooth_step((count - 1 - after * 0.3 - time) / ramp)
    return Clock(np.clip(progress + uneven, 0, 1), engaged, (count - before - after) / FRAMES_PER_SECOND, tempo)
