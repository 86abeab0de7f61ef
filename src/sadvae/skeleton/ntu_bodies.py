"""Which bodies of an NTU recording are people: drop short and noisy tracks, and join the rest into two actors.

The rules and thresholds are those that the CTR-GCN project (Chen et al., ICCV 2021) uses for NTU RGB+D.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sadvae.errors import SadvaeError

# What a file holds of a body: lines of 12 numbers, one a joint.
JOINTS = 25
COLUMNS = 12

SHORT = 11
WIDE = 0.8
NOISY_SHARE = 0.69754
# Bodies of a frame that the projects after ST-GCN read, told apart by their place in the frame alone.
MOST_PLACES = 4
# Joints, frames and bodies of a clip, multiplied: two hours of one body at 30 frames a second.
MOST_POSITIONS = 6_000_000


@dataclass(frozen=True, eq=False)
class Sightings:
    """All bodies of all frames, in the order of the file.

    bodies: the id of each. frames: int64 [n], ascending. joints: float64 [n, joint, 3]. count: frames of the file.
    """

    bodies: Sequence[bytes]
    frames: np.ndarray
    joints: np.ndarray
    count: int


@dataclass(frozen=True, eq=False)
class Track:
    """One body: frames int64 [n], ascending, in which it was seen, and its joints float64 [n, joint, 3]."""

    frames: np.ndarray
    joints: np.ndarray

    @cached_property
    def wide(self) -> np.ndarray:
        """bool [n]: frames in which the body is wider than a standing person, as chairs and noise are."""
        # Joints first in memory: NumPy goes through the first axis much faster than through a short one in the middle.
        places = np.ascontiguousarray(self.joints[:, :, :2].transpose(1, 0, 2))
        extent = places.max(axis=0) - places.min(axis=0)
        return extent[:, 0] > WIDE * extent[:, 1]

    @property
    def motion(self) -> float:
        """Summed variance of the joints over the frames that are not wide (over all where none is)."""
        good = ~self.wide
        joints = self.joints[good] if good.any() else self.joints
        return float(joints.var(axis=0).sum())


def tracks(seen: Sightings) -> list[Track]:
    """One track for each body id, in order of appearance."""
    bodies = np.array(seen.bodies)
    return [Track(seen.frames[bodies == body], seen.joints[bodies == body]) for body in dict.fromkeys(seen.bodies)]


def check_size(frames: int, bodies: int, where: str) -> None:
    """Raise SadvaeError where the file `where` has more positions than are read; frames without bodies are 2 bytes."""
    if frames * bodies * JOINTS > MOST_POSITIONS:
        raise SadvaeError(
            f"{where} has {frames} frames of {bodies} {'body' if bodies == 1 else 'bodies'}; at most {MOST_POSITIONS} "
            f"positions are read ({JOINTS} a body), so cut it into shorter recordings."
        )


def places(seen: Sightings, where: str) -> np.ndarray:
    """The bodies by their place in each frame: float64 [1 to 4, count (at least 1), joint, 3], zero where none is.

    Nothing is dropped but what comes after the fourth place; a person may change places when another one leaves.
    Raises SadvaeError that names the file `where` if that is too much.
    """
    first = np.searchsorted(seen.frames, seen.frames)
    place = np.arange(len(seen.frames)) - first
    used = place < MOST_PLACES
    joints = _unseen(int(place[used].max(initial=0)) + 1, seen.count, where)
    joints[place[used], seen.frames[used]] = seen.joints[used]
    return joints


def two_actors(tracks: list[Track], count: int, where: str) -> np.ndarray:
    """One or two actors of `count` frames: float64 [person, count (at least 1), joint, 3], zero where unseen.

    Tracks are taken in order of motion, most first; each goes to the first actor that it does not overlap in time.
    Raises SadvaeError that names the file `where` if that is too much.
    """
    actors: list[list[Track]] = []
    kept = people(tracks)
    for track in sorted(kept, key=lambda track: -track.motion) if len(kept) > 1 else kept:
        free = [actor for actor in actors if not any(_overlap(track, other) for other in actor)]
        if free:
            free[0].append(track)
        elif len(actors) < 2:
            actors.append([track])
    joints = _unseen(max(len(actors), 1), count, where)
    for person, actor in enumerate(actors):
        for track in actor:
            joints[person, track.frames] = track.joints
    return joints


def _unseen(bodies: int, frames: int, where: str) -> np.ndarray:
    check_size(frames, bodies, where)
    return np.zeros((bodies, max(frames, 1), JOINTS, 3))


def people(tracks: list[Track]) -> list[Track]:
    """The tracks that are long and steady enough; the longest one where none is. A single track is kept as it is."""
    if len(tracks) < 2:
        return tracks
    long = [track for track in tracks if len(track.frames) > SHORT]
    steady = [track for track in long if track.wide.mean() < NOISY_SHARE] if len(long) > 1 else long
    return steady or [max(long or tracks, key=lambda track: len(track.frames))]


def _overlap(one: Track, other: Track) -> bool:
    return bool(one.frames[0] <= other.frames[-1] and other.frames[0] <= one.frames[-1])
