"""People in frames as pose estimators find them, and one clip of them: who is who from frame to frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sadvae.errors import SadvaeError
from sadvae.skeleton.collection import float32_joints
from sadvae.types import FloatArray

Array = NDArray[np.float64]

MOST_PERSONS = 100
MOST_POSITIONS = 20_000_000


@dataclass(frozen=True, eq=False)
class Person:
    """One person of one frame: joints float64 [joint, 3] as ours (lost: 0), and the estimator's track id if it has."""

    joints: Array
    track: int | None = None


Frames = list[list[Person]]


def clip_joints(frames: Frames, where: str) -> FloatArray:
    """One clip of the persons of all frames: float32 [person, frame, joint, 3], zero where a person was not found.

    Persons are told apart by their track ids where all have one (the MOST_PERSONS that were seen longest), and else by
    place: each goes to the nearest person of the frames before. Raises SadvaeError where there is none or too much.
    """
    sizes = {person.joints.shape for frame in frames for person in frame}
    if len(sizes) != 1:
        raise SadvaeError(f"{where} holds {'no person' if not sizes else 'persons of different numbers of joints'}.")
    if max(len(frame) for frame in frames) > MOST_PERSONS:
        raise SadvaeError(f"{where} has a frame of more than {MOST_PERSONS} persons.")
    tracked = all(person.track is not None for frame in frames for person in frame)
    places = _by_track(frames) if tracked else _by_place(frames)
    count = 1 + max(place for frame in places for place in frame)
    (joints, axes) = sizes.pop()
    if count * len(frames) * joints > MOST_POSITIONS:
        raise SadvaeError(
            f"{where} has {len(frames)} frames of {count} persons; at most {MOST_POSITIONS} positions are read."
        )
    clip = np.zeros((count, len(frames), joints, axes))
    for number, (frame, found) in enumerate(zip(frames, places, strict=True)):
        for person, place in zip(frame, found, strict=True):
            if place >= 0:
                clip[place, number] = person.joints
    return float32_joints(clip, where)


def _by_track(frames: Frames) -> list[list[int]]:
    seen = Counter(person.track for frame in frames for person in frame)
    places = {track: place for place, (track, _) in enumerate(seen.most_common(MOST_PERSONS))}
    return [[places.get(person.track, -1) for person in frame] for frame in frames]


def _by_place(frames: Frames) -> list[list[int]]:
    last: list[Array] = []
    places = []
    for frame in frames:
        middles = [_middle(person.joints) for person in frame]
        places.append(_assigned(middles, last))
        for middle, place in zip(middles, places[-1], strict=True):
            last[place] = middle
    return places


def _assigned(middles: Sequence[Array], last: list[Array]) -> list[int]:
    """For each person the place of the nearest free one of `last`, nearest pairs first; new places at its end."""
    found = [-1] * len(middles)
    if middles and last:
        distance = np.linalg.norm(np.array(middles)[:, None] - np.array(last)[None], axis=2)
        for pair in np.argsort(distance, axis=None, kind="stable").tolist():
            person, place = divmod(pair, len(last))
            if found[person] < 0 and place not in found:
                found[person] = place
    for person in range(len(middles)):
        if found[person] < 0:
            found[person] = len(last)
            last.append(middles[person])
    return found


def _middle(joints: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        known = joints[joints.any(axis=1)]
        return known.mean(axis=0) if len(known) else np.zeros(joints.shape[1])


def numbers(value: Any, sides: int, where: str) -> Array:
    """A JSON value as an array of `sides` dimensions. Raises SadvaeError if it is not one of finite numbers."""
    try:
        found = np.array(value, dtype=np.float64) if isinstance(value, list) else np.zeros(0)
    except (TypeError, ValueError, OverflowError):
        found = np.zeros(0)
    if found.ndim != sides or not found.size or not (np.abs(found) < 1e30).all():
        raise SadvaeError(f"{where} holds joints that are not lists of numbers.")
    return found
