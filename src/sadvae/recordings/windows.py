"""Sliding windows over a recording, and what each moment of it gets of the windows around it."""

from __future__ import annotations

import numpy as np

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
    """Scores of cells from those of windows: float32 [cell, column] from [window, column].

    A cell takes the mean of the windows over its middle, those weighing most whose own middle is nearest. A cell that
    no window lies over gets zeros.
    """
    length = min(window, int(edges[-1]))
    middle = (edges[:-1] + edges[1:]) / 2
    distance = np.abs(middle[:, None] - (starts + length / 2)[None])
    weight = np.maximum(1 - distance / (length / 2 + 1e-6), 0)
    # The middle of a recording of one cell is that of its window; a cell at an edge still weighs a little.
    weight[(weight == 0) & (distance <= length / 2)] = 1e-6
    total = weight.sum(axis=1, keepdims=True)
    return (weight @ scores / np.where(total > 0, total, 1)).astype(np.float32)
