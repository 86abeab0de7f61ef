"""Rotations and directions over time, and the bend of a limb of two bones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def about(axis: int, angle: Array) -> Array:
    """Right-handed rotation matrices about a coordinate axis.

    axis: 0 for x, 1 for y, 2 for z. angle: [frame] in radians. Returns [frame, 3, 3].
    """
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrices = np.zeros((len(angle), 3, 3))
    matrices[:, axis, axis] = 1
    matrices[:, first, first] = matrices[:, second, second] = np.cos(angle)
    matrices[:, second, first] = np.sin(angle)
    matrices[:, first, second] = -matrices[:, second, first]
    return matrices


def rotate(matrices: Array, vectors: Array) -> Array:
    """Apply matrices [frame, 3, 3] to vectors [3] or [frame, 3]; returns [frame, 3]."""
    return (matrices @ np.broadcast_to(vectors, (len(matrices), 3))[..., None])[..., 0]


def unit(vectors: Array) -> Array:
    """Vectors [..., 3] scaled to length one."""
    return vectors / np.sqrt((vectors * vectors).sum(-1, keepdims=True))


def across(vectors: Array, direction: Array) -> Array:
    """The unit part of vectors [frame, 3] that is perpendicular to unit directions [frame, 3]."""
    return unit(vectors - (vectors * direction).sum(-1, keepdims=True) * direction)


def bend(start: Array, target: Array, bones: tuple[float, float], towards: Array) -> tuple[Array, Array]:
    """Where the middle and the end of a limb of two bones lie when its end reaches for a target.

    start, target: [frame, 3]. bones: lengths of the upper and the lower bone. towards: [frame, 3], the side to which
    the middle joint points. A target out of reach is approached as far as the limb can stretch or fold.
    Returns middle and end, [frame, 3] each; both bones keep their lengths exactly (law of cosines).
    """
    upper, lower = bones
    reach = target - start
    wanted = np.maximum(np.sqrt((reach * reach).sum(-1, keepdims=True)), 1e-9)
    direction = reach / wanted
    distance = np.clip(wanted, abs(upper - lower) + 0.2 * lower, 0.999 * (upper + lower))
    cosine = (upper**2 + distance**2 - lower**2) / (2 * upper * distance)
    sine = np.sqrt(np.maximum(0, 1 - cosine**2))
    middle = start + upper * (cosine * direction + sine * across(towards, direction))
    return middle, start + distance * direction
