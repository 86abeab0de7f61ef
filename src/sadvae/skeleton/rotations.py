"""Rotations of motion capture files: Euler angles to matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def about(axis: int, angles: Array) -> Array:
    """Rotations by angles (radians, [n]) about one axis (0, 1, 2): float64 [n, 3, 3], for column vectors."""
    one, other = (axis + 1) % 3, (axis + 2) % 3
    matrices = np.zeros((*angles.shape, 3, 3))
    matrices[..., axis, axis] = 1
    matrices[..., one, one] = matrices[..., other, other] = np.cos(angles)
    matrices[..., other, one] = np.sin(angles)
    matrices[..., one, other] = -np.sin(angles)
    return matrices


def in_turn(axes: Sequence[int], angles: Array) -> Array:
    """The product R(axes[0]) R(axes[1]) ... of rotations by angles [n, len(axes)], radians: float64 [n, 3, 3].

    This is "in the order of the channels, each in the frame turned so far", as BVH has it; the fixed axes X, Y, Z in
    turn, as ASF has it, are the same product with the axes reversed.
    """
    matrices = np.broadcast_to(np.eye(3), (len(angles), 3, 3))
    for place, axis in enumerate(axes):
        matrices = matrices @ about(axis, angles[:, place])
    return matrices
