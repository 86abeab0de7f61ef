"""A clip and its frame rate, on the way from a file to an answer."""

from __future__ import annotations

from dataclasses import dataclass

from sadvae.types import SkeletonClip


@dataclass(frozen=True, eq=False)
class TimedClip:
    """A clip of a skeleton file or the poses of a video, its frames a second where known, and how it was read.

    notes: sentences for who handed it in.
    """

    clip: SkeletonClip
    rate: float | None = None
    notes: tuple[str, ...] = ()
