"""A generated body as coloured balls: what a picture of it is painted from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadvae.skeleton.generated.body import ARMS, LEGS
from sadvae.skeleton.generated.rotation import Array, unit

SKIN, HAIR, SHIRT, TROUSERS, SHOE = (224, 172, 138), (62, 42, 30), (52, 96, 168), (66, 66, 78), (40, 34, 34)
WHITE, BLACK, LIP = (240, 240, 240), (24, 20, 20), (176, 84, 84)
_HIP_CENTRE, _MIDDLE, _NECK, _HEAD, _SHOULDERS = 0, 1, 2, 3, 20
# Balls of the head: to the right, up and forward from the head joint, radius, all in metres, and colour.
_HEAD_BALLS = (
    (0, 0.045, 0.0, 0.094, SKIN),
    (0, -0.01, 0.022, 0.078, SKIN),
    (0, -0.045, 0.042, 0.05, SKIN),
    (0, 0.075, -0.012, 0.094, HAIR),
    (0, 0.04, -0.035, 0.094, HAIR),
    (0, 0.018, 0.104, 0.017, SKIN),
    (0, 0.0, 0.11, 0.019, SKIN),
    *((side * 0.094, 0.02, -0.005, 0.024, SKIN) for side in (-1, 1)),
    *((side * 0.034, 0.042, 0.083, 0.015, WHITE) for side in (-1, 1)),
    *((side * 0.034, 0.042, 0.093, 0.0085, BLACK) for side in (-1, 1)),
    *((side * place, 0.068, 0.087 - 0.3 * abs(place - 0.034), 0.007, HAIR)
      for side in (-1, 1) for place in (0.018, 0.026, 0.034, 0.042, 0.05)),
    *((place, -0.042, 0.091 - 0.4 * abs(place), 0.008, LIP)
      for place in (-0.024, -0.016, -0.008, 0.0, 0.008, 0.016, 0.024)),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Balls:
    """Balls of one frame: centres [n, 3] and radii [n] in metres, colours [n, 3] red, green, blue of 0 to 255."""

    centres: Array
    radii: Array
    colours: Array


def body_balls(joints: Array, shirt: tuple[int, int, int] = SHIRT) -> Balls:
    """The balls of one body, joints [25, 3] in metres (layout kinect-v2), that faces where its chest does."""
    (across, up, forward) = _directions(joints)
    parts = [_trunk(joints, forward, shirt), _head(joints, across, forward), *(_limbs(joints, up, forward, shirt))]
    parts.append(_line(joints[_SHOULDERS], joints[_HEAD], 0.056, 0.05, SKIN, 8))
    return Balls(*(np.concatenate(rows) for rows in zip(*parts, strict=True)))


_Part = tuple[Array, Array, Array]


def _directions(joints: Array) -> tuple[Array, Array, Array]:
    """Unit directions of the chest: to its right, up and forward."""
    up = unit(joints[_SHOULDERS] - joints[_MIDDLE])
    right = joints[ARMS[1][0]] - joints[ARMS[0][0]]
    right = unit(right - (right @ up) * up)
    return right, up, np.cross(up, right)


def _part(centres: Array, radii: Array, colour: tuple[int, int, int]) -> _Part:
    return centres, radii, np.tile(np.array(colour, np.float64), (len(centres), 1))


def _line(start: Array, end: Array, first: float, last: float, colour: tuple[int, int, int], count: int = 16) -> _Part:
    """Balls from start to end, of radius `first` to `last`."""
    share = np.linspace(0, 1, count)[:, None]
    return _part(start * (1 - share) + end * share, np.linspace(first, last, count), colour)


def _trunk(joints: Array, forward: Array, shirt: tuple[int, int, int]) -> _Part:
    """Rows of balls from between the hips to between the shoulders; the lowest rows are trousers."""
    waist = joints[_MIDDLE]
    rows = []
    for share in np.linspace(0, 1, 15):
        low, high = (joints[LEGS[side][0]] for side in (0, 1)), (joints[ARMS[side][0]] for side in (0, 1))
        inner = [0.86 * (1 - share) * hip + share * shoulder for hip, shoulder in zip(low, high, strict=True)]
        inner = [point + 0.14 * (1 - share) * joints[_HIP_CENTRE] for point in inner]
        middle = (inner[0] + inner[1]) / 2
        bent = middle + (1 - abs(2 * share - 1)) * 0.5 * (waist - (joints[_HIP_CENTRE] + joints[_SHOULDERS]) / 2)
        half = (inner[1] - inner[0]) / 2 * (0.94 - 0.2 * np.sin(np.pi * share))
        radius = 0.105 - 0.04 * max(0.0, share - 0.7) / 0.3
        colour = TROUSERS if share < 0.15 else shirt
        at = np.linspace(-1, 1, 9)[:, None]
        rows.append(_part(bent + at * half * (0.7 + 0.3 * share) + 0.01 * forward, np.full(9, radius), colour))
    return tuple(np.concatenate(columns) for columns in zip(*rows, strict=True))  # type: ignore[return-value]


def _head(joints: Array, across: Array, forward: Array) -> _Part:
    up = unit(joints[_HEAD] - joints[_NECK])
    front = unit(forward - (forward @ up) * up)
    places, radii, colours = zip(*((ball[:3], ball[3], ball[4]) for ball in _HEAD_BALLS), strict=True)
    axes = np.stack([np.cross(front, up), up, front])
    axes[0] *= np.sign(axes[0] @ across)
    return joints[_HEAD] + np.array(places) @ axes, np.array(radii), np.array(colours, np.float64)


def _limbs(joints: Array, up: Array, forward: Array, shirt: tuple[int, int, int]) -> list[_Part]:
    parts = []
    for shoulder, elbow, wrist, hand, tip, thumb in ARMS:
        sleeve = 0.5 * joints[shoulder] + 0.5 * joints[elbow]
        parts += [
            _line(joints[shoulder] - 0.02 * up, sleeve, 0.064, 0.056, shirt),
            _line(sleeve, joints[elbow], 0.047, 0.041, SKIN),
            _line(joints[elbow], joints[wrist], 0.041, 0.029, SKIN, 20),
            _line(joints[wrist], joints[hand], 0.03, 0.038, SKIN, 6),
            _line(joints[hand], joints[tip], 0.036, 0.016, SKIN, 8),
            _line(joints[wrist], joints[thumb], 0.018, 0.012, SKIN, 8),
        ]
    for hip, knee, ankle, foot in LEGS:
        heel = joints[ankle] - 0.25 * (joints[foot] - joints[ankle]) - np.array([0, 0.035, 0])
        parts += [
            _line(joints[hip], joints[knee], 0.088, 0.06, TROUSERS, 20),
            _line(joints[knee], joints[ankle], 0.06, 0.042, TROUSERS, 20),
            _line(heel, joints[foot], 0.042, 0.036, SHOE, 10),
        ]
    return parts
