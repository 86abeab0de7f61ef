"""Where a hand can be, and how one says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sadvae.skeleton.generated.rotation import Array


@dataclass(frozen=True)
class Place:
    """A place of a wrist, seen from its shoulder along the chest's (outward, up, forward), in arm lengths.

    phrases: ways to say it, each of which may follow "is held".
    """

    at: tuple[float, float, float]
    phrases: tuple[str, str, str]

    @property
    def point(self) -> Array:
        """Where it is, [3]."""
        return np.array(self.at, np.float64)


# The order is part of what a seed draws.
PLACES: Mapping[str, Place] = {
    "hanging": Place((0.14, -0.93, 0.1), ("beside the hip", "down at the side", "beside the thigh")),
    "waist": Place(
        (-0.1, -0.55, 0.45),
        ("in front of the waist", "at waist height in front of the body", "in front of the belly"),
    ),
    "chest": Place(
        (-0.3, -0.2, 0.45), ("in front of the chest", "at chest height close to the body", "before the chest")
    ),
    "opposite": Place(
        (-0.75, -0.05, 0.45),
        ("at the opposite shoulder", "across the body on the other side", "near the other shoulder"),
    ),
    "side": Place(
        (0.95, 0.0, 0.1),
        ("out to the side at shoulder height", "far out at its own side", "stretched to the side"),
    ),
    "front": Place(
        (0.0, 0.0, 0.97),
        ("stretched straight to the front", "out in front at shoulder height", "far in front of the body"),
    ),
    "ear": Place((0.2, 0.35, 0.2), ("beside the head", "up beside the ear with the elbow bent", "next to the head")),
    "face": Place((-0.3, 0.32, 0.45), ("in front of the face", "at the mouth", "before the eyes")),
    "top": Place((0.0, 0.95, 0.15), ("high above the head", "straight up overhead", "up over the head")),
    "high front": Place((0.0, 0.6, 0.75), ("up in front of the head", "high in front", "up and forward")),
    "back": Place((0.2, -0.75, -0.5), ("behind the hip", "behind the body", "low behind the back")),
    "nape": Place((0.0, 0.45, -0.25), ("behind the head", "back over the shoulder", "drawn back behind the head")),
    "thigh": Place(
        (-0.2, -0.85, 0.35),
        ("low in front of the thighs", "down in front of the knees", "low before the legs"),
    ),
    "shoulder": Place(
        (0.05, -0.05, 0.3),
        ("at its own shoulder", "close to the shoulder with the elbow bent", "in front of its shoulder"),
    ),
}
