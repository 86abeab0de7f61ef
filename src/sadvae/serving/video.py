"""Videos on the local page: whether they can be read here, and reading them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.recordings.timed import TimedClip
from sadvae.video import read


def can_read_videos() -> bool:
    """Whether the extra `video` is installed."""
    return find_spec("mediapipe") is not None and find_spec("cv2") is not None


def read_video(path: Path) -> list[TimedClip]:
    """The poses of the person in a video. Raises SadvaeError where videos cannot be read, here or at all."""
    if not can_read_videos():
        raise SadvaeError(
            f"{path} is a video, and this installation reads skeletons alone; start the page in the environment that "
            "`make video` makes (docs/video.md)."
        )
    found = read.read_video(path)
    return [TimedClip(found.clip, found.rate, (*found.notes, read.ESTIMATED))]
