"""Sliding windows over a recording, and what each moment of it gets of the windows around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sadvae.errors import SadvaeError
from sadvae.types import FloatArray, IntArray


def frames_of(seconds: float, fps: float, what: str) -> int:
    """A duration in frames, at least one. Raises SadvaeError, naming `what`, unless both are positive numbers."""
    if not (0 < fps <= 1000):
        raise SadvaeError(f"{fps:g} frames a second; expected more than 0 and at most 1000, as the camera gives them.")
    if not (0 < seconds <= 3600):
        raise SadvaeError(f"{what} is {seconds:g} seconds; expected more than 0 and at most 3600.")
    return max(1, round(seconds * fps))


def window_starts(frames: int, window: int, step: int) -> IntArray:
    """First frames of windows that begin every `step` frames; the last one ends with the recording: int64 [window].

    A recording that is shorter than a window is one window.
    """
    last = max(frames - window, 0)
    starts = np.arange(0, last + 1, step)
    return starts if starts[-1] == last else np.append(starts, last)


def cell_edges(frames: int, step: int) -> IntArray:
    """A recording divided in cells of `step` frames, the last one possibly shorter: int64 [cell + 1]."""
    return np.append(np.arange(0, frames, step), frames)


def cell_scores(scores: FloatArray, starts: IntArray, window: int, edges: IntArray) -> FloatArray:
    """Scores of cells from those of windows: float32 [cell, column] from [window, column], starts ascending.

    A cell takes the mean of the windows over its middle, those weighing most whose own middle is nearest. A cell that
    no window lies over gets zeros.
    """
    length = min(window, int(edges[-1]))
    middles, centres = (edges[:-1] + edges[1:]) / 2, starts + length / 2
    # Windows over a cell lie side by side: a weight for every pair would grow with the square of the recording.
    first = np.searchsorted(centres, middles - length / 2, "left").tolist()
    end = np.searchsorted(centres, middles + length / 2, "right").tolist()
    found = np.zeros((len(middles), scores.shape[1]), np.float32)
    for cell, over in enumerate(map(slice, first, end)):
        found[cell] = _weighted_mean(scores[over], np.abs(centres[over] - middles[cell]), length)
    return found


def _weighted_mean(scores: FloatArray, distance: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """The mean of windows, the nearest weighing most: [column] from [window, column]; zeros of no window."""
    # A cell at the very edge of a window still gets a little of it, since there may be no other.
    weight = 1 - distance / (length / 2 + 1e-6)
    return weight @ scores / (weight.sum() if weight.size else 1)
