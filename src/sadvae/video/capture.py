"""Pictures from video files and cameras, by OpenCV."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.video.estimator import Image
from sadvae.video.extra import load_opencv, quiet_stderr
from sadvae.video.settings import VideoSettings

SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".3gp")
# A file that names no rate, or a senseless one, is taken to have this one.
USUAL_RATE = 30.0


class Capture(Protocol):
    """What is used of cv2.VideoCapture; pictures are blue, green, red."""

    def read(self) -> tuple[bool, Any]:
        """Whether there is another picture, and the picture."""
        ...

    def release(self) -> None:
        """Let the file or the camera go."""
        ...


@dataclass(frozen=True)
class VideoFacts:
    """frames: as the file says, 0 if it does not. rate, kept_rate: frames a second of the file, and of what is kept."""

    frames: int
    rate: float
    kept_rate: float

    def picks(self, frame: int) -> bool:
        """Whether a frame, counted from 0, is one of those that are kept: evenly spread, kept_rate a second."""
        share = self.kept_rate / self.rate
        return math.floor((frame + 1) * share + 1e-9) > math.floor(frame * share + 1e-9)


def is_video(path: Path) -> bool:
    """Whether a file is a video by its name."""
    return path.suffix.lower() in SUFFIXES


@dataclass(frozen=True, eq=False)
class Video:
    """An open video file."""

    path: Path
    facts: VideoFacts
    capture: Capture
    settings: VideoSettings

    def pictures(self) -> Iterator[tuple[int, Image]]:
        """(number in the file, picture) of frames that are kept. Raises SadvaeError where it is too long or empty."""
        most = int(self.settings.most_seconds * self.facts.rate) + 1
        number = -1
        with closing(_Released(self.capture)):
            while True:
                with quiet_stderr():
                    there, picture = self.capture.read()
                if not there or picture is None:
                    break
                number += 1
                if number >= most:
                    raise too_long(self.path, number / self.facts.rate, self.settings)
                if self.facts.picks(number):
                    yield number, red_green_blue(picture)
        if number < 0:
            raise SadvaeError(f"{self.path} holds no picture that can be decoded; check that it plays, or convert it.")


@dataclass(frozen=True)
class _Released:
    capture: Capture

    def close(self) -> None:
        self.capture.release()


def open_video(path: Path, settings: VideoSettings) -> Video:
    """Open a video file. Raises SadvaeError if it is missing, no video, or more than the settings allow."""
    if not path.is_file():
        raise SadvaeError(f"{path} does not exist; check the path.")
    size = path.stat().st_size
    if size > settings.most_bytes:
        raise SadvaeError(
            f"{path} has {size / 2**20:.0f} MiB; at most {settings.most_bytes / 2**20:.0f} are read: cut or shrink it."
        )
    cv2 = load_opencv()
    with quiet_stderr():
        capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise SadvaeError(f"{path} cannot be read as a video; check that it plays, or convert it to .mp4 (H.264).")
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    facts = facts_of(capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS), settings)
    try:
        _check(path, facts, max(width, height), settings)
    except SadvaeError:
        capture.release()
        raise
    return Video(path, facts, capture, settings)


def facts_of(frames: float, rate: float, settings: VideoSettings) -> VideoFacts:
    """The facts of a file from what its header says, which may be nonsense."""
    known = math.isfinite(rate) and 1 <= rate <= 1000
    own = float(rate) if known else USUAL_RATE
    count = int(frames) if math.isfinite(frames) and 0 < frames < 2**31 else 0
    return VideoFacts(count, own, min(own, settings.frames_per_second))


def _check(path: Path, facts: VideoFacts, side: float, settings: VideoSettings) -> None:
    if side > settings.most_side:
        raise SadvaeError(
            f"{path} has pictures of {side:.0f} pixels a side; at most {settings.most_side} are read: shrink it."
        )
    if facts.frames / facts.rate > settings.most_seconds:
        raise too_long(path, facts.frames / facts.rate, settings)


def too_long(path: Path, seconds: float, settings: VideoSettings) -> SadvaeError:
    """The error for a video that is longer than the settings allow."""
    return SadvaeError(
        f"{path} is {seconds:.0f} seconds long or longer; at most {settings.most_seconds:g} are read: cut it, or allow "
        "more (--most-seconds of `sadvae poses`, most_seconds in Python)."
    )


def open_camera(number: int) -> Capture:
    """Open a camera by its number, 0 for the first. Raises SadvaeError where there is none."""
    cv2 = load_opencv()
    with quiet_stderr():
        capture = cv2.VideoCapture(number)
    if not capture.isOpened():
        raise SadvaeError(f"camera {number} cannot be opened; check that one is there and that nothing else uses it.")
    return capture


def red_green_blue(picture: Any) -> Image:
    """A picture of OpenCV's, its colours in our order."""
    return np.ascontiguousarray(picture[..., ::-1])
