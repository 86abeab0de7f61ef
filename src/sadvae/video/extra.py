"""The libraries of the extra `video`, imported when they are needed."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from sadvae.errors import SadvaeError

MEDIAPIPE = "mediapipe==0.10.21"


def load_opencv() -> Any:
    """The module cv2, told to keep its own messages to itself. Raises SadvaeError where it is not installed."""
    # FFmpeg inside OpenCV reads this when it opens its first video.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2 = _load("cv2")
    cv2.setLogLevel(0)
    return cv2


def load_pose_solution() -> Any:
    """MediaPipe's pose solution, whose model lies in its package. Raises SadvaeError where it is not installed."""
    solution = _load("mediapipe.python.solutions.pose")
    if not hasattr(solution, "Pose"):
        raise SadvaeError(f"this mediapipe carries no pose model; install {MEDIAPIPE}.")
    return solution


def _load(module: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(module)
    except ImportError as error:
        raise SadvaeError(
            f"videos need {MEDIAPIPE}, which is not installed here ({error}); install sadvae with its extra `video`, "
            "in an environment of its own since that needs NumPy below 2 (docs/video.md)."
        ) from error


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what libraries write straight to the error stream of the process; no Python setting reaches that."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
