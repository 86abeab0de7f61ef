"""The pose estimator: MediaPipe's BlazePose (Bazarevsky et al. 2020), the full model that its package carries."""

from __future__ import annotations

import warnings
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from sadvae.video.extra import load_pose_solution, quiet_stderr
from sadvae.video.poses import Landmarks

Image = NDArray[np.uint8]
# 0 is the light model, 2 the heavy one, which the package does not carry.
FULL_MODEL = 1


class Estimator(Protocol):
    """What finds one person in each picture of a video, given in order; uint8 [height, width, 3] red, green, blue."""

    def landmarks(self, picture: Image) -> Landmarks | None:
        """The person in the next picture; None where there is none."""
        ...


class MediaPipePose:
    """MediaPipe's pose estimator for one video: it follows the person that it found, and smooths over time.

    Use it as a context, and a new one for each video. Raises SadvaeError where the extra `video` is not installed.
    """

    def __init__(self) -> None:
        solution = load_pose_solution()
        self._seen_a_person = False
        with quiet_stderr(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._pose: Any = solution.Pose(model_complexity=FULL_MODEL)
            # The graph says what it has to say when it sees its first picture.
            self._pose.process(np.zeros((64, 64, 3), np.uint8))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pose.close()

    def landmarks(self, picture: Image) -> Landmarks | None:
        """The person in the next picture; None where there is none. See Estimator."""
        found = self._found(picture)
        if found.pose_world_landmarks is None or found.pose_landmarks is None:
            return None
        height, width = picture.shape[:2]
        world = np.array([(mark.x, mark.y, mark.z) for mark in found.pose_world_landmarks.landmark])
        image = np.array([(mark.x - 0.5, mark.y - 0.5) for mark in found.pose_landmarks.landmark]) * [width, height]
        return Landmarks(world, image)

    def _found(self, picture: Image) -> Any:
        with warnings.catch_warnings():
            # Its use of protobuf is deprecated by protobuf.
            warnings.simplefilter("ignore")
            if self._seen_a_person:
                return self._pose.process(picture)
            with quiet_stderr():
                found = self._pose.process(picture)
        self._seen_a_person = found.pose_world_landmarks is not None
        return found
