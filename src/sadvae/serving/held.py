"""The clips that were handed in, kept in memory until others need the room."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from itertools import accumulate

from sadvae.errors import SadvaeError
from sadvae.recordings.timed import TimedClip


class GoneError(SadvaeError):
    """The clip that was asked about is no longer held."""


class HeldClips:
    """Clips by keys that nobody can guess; where they take more than `most_bytes`, the oldest are let go."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._clips: dict[str, TimedClip] = {}

    def first_of(self, recordings: Sequence[TimedClip]) -> Sequence[TimedClip]:
        """Those at the beginning that are held all at once; the first in any case, which `add` refuses if too large."""
        bytes_so_far = accumulate(recording.clip.joints.nbytes for recording in recordings)
        return recordings[: max(1, sum(total <= self._most for total in bytes_so_far))]

    def add(self, recording: TimedClip) -> str:
        """Hold a clip; returns its key. Raises SadvaeError if it alone takes more room than there is."""
        clip = recording.clip
        if clip.joints.nbytes > self._most:
            raise SadvaeError(
                f"clip {clip.clip_id!r} takes {clip.joints.nbytes} bytes in memory; at most {self._most} are held, "
                "so cut the recording into shorter files."
            )
        key = secrets.token_hex(16)
        self._clips[key] = recording
        while sum(held.clip.joints.nbytes for held in self._clips.values()) > self._most:
            del self._clips[next(iter(self._clips))]
        return key

    def get(self, key: str) -> TimedClip:
        """The clip of a key. Raises GoneError if it is not held."""
        if key not in self._clips:
            raise GoneError("that clip is no longer held; hand the file in again.")
        return self._clips[key]

    def forget(self, key: str) -> int:
        """Let a clip go; returns how many were (0 or 1)."""
        return 0 if self._clips.pop(key, None) is None else 1
