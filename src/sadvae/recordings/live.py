"""Answers while frames arrive: a buffer of the last seconds, and a question to the recogniser at a steady rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.recognition.answers import Prediction
from sadvae.recordings.timeline import FPS, WINDOW, Names
from sadvae.recordings.windows import frames_of
from sadvae.skeleton.preprocess import Dropped, prepare_clip
from sadvae.types import FloatArray, Layout, SkeletonClip

RATE = 2.0


@dataclass(frozen=True)
class LiveAnswer:
    """What happened in the window that ends with a frame.

    frame: its number, from 0. seconds: from the first frame to its end. prediction: None where the window holds no
    body that can be recognised.
    """

    frame: int
    seconds: float
    prediction: Prediction | None

    @property
    def name(self) -> str | None:
        """The best name, "none of these", or None where there is no body."""
        return None if self.prediction is None else self.prediction.name


class Stream:
    """Takes frames one by one and gives an answer every 1 / rate seconds, counted in frames.

    The first answer comes when the window is full. Answers follow from the frames alone, whenever they arrive.
    """

    def __init__(
        self,
        recognizer: Names,
        classes: Sequence[str],
        descriptions: Sequence[Sequence[str]] | None = None,
        *,
        window: float = WINDOW,
        rate: float = RATE,
        fps: float = FPS,
        mode: Literal["zsl", "gzsl"] = "zsl",
        none_of_these: float = 0.5,
        people: int = 2,
    ) -> None:
        """window: seconds that an answer is about. rate: answers a second. fps: frames a second that will be pushed.

        people: the most bodies a frame may have. The rest is as for Recognizer.predict; the names are embedded here,
        so that no answer waits for that. Raises SadvaeError for settings out of range.
        """
        if not 0 < rate <= fps:
            raise SadvaeError(f"{rate:g} answers a second; expected more than 0 and at most the frames, {fps:g}.")
        if people < 1:
            raise SadvaeError(f"{people} people a frame; expected at least 1.")
        self._recognizer, self._question = recognizer, (list(classes), descriptions)
        self._options = {"mode": mode, "none_of_these": none_of_these}
        self._layout: Layout = recognizer.encoder.layout
        self._fps, self._rate, self._frame = fps, rate, -1
        size = frames_of(window, fps, "the window")
        self._ring = np.zeros((people, size, len(self._layout.joints), 3), np.float32)
        recognizer.embed([name.strip() for name in classes], descriptions)

    def push(self, joints: FloatArray) -> LiveAnswer | None:
        """Take the next frame; returns an answer when one is due, else None.

        joints: [joint, 3] or [person, joint, 3], metres, in the recogniser's layout; (0, 0, 0) is a lost joint, and an
        array without persons a frame without bodies. A person keeps its place from frame to frame.
        Raises SadvaeError for another shape or a number that is not finite; the frame is then not taken.
        """
        bodies = self._checked(np.asarray(joints, np.float32))
        self._frame += 1
        place = self._frame % self._ring.shape[1]
        self._ring[:, place] = 0
        self._ring[: len(bodies), place] = bodies
        return self._answer() if self._due() else None

    def _checked(self, joints: FloatArray) -> FloatArray:
        bodies = joints[None] if joints.ndim == 2 else joints
        most, _, count, _ = self._ring.shape
        if bodies.ndim != 3 or bodies.shape[1:] != (count, 3) or len(bodies) > most:
            raise SadvaeError(
                f"a frame has shape {joints.shape}; expected [{count}, 3] or [person, {count}, 3] of layout "
                f"{self._layout.name!r} and at most {most} people."
            )
        if not np.isfinite(bodies).all():
            raise SadvaeError(f"frame {self._frame + 1} holds a number that is not finite (NaN or infinity).")
        return bodies

    def _due(self) -> bool:
        """Whether the frame is the first of a new interval of 1 / rate seconds since the window was full."""
        since = self._frame + 1 - self._ring.shape[1]
        intervals = [int(frame * self._rate / self._fps) for frame in (since - 1, since)]
        return since == 0 or (since > 0 and intervals[1] > intervals[0])

    def _answer(self) -> LiveAnswer:
        first = (self._frame + 1) % self._ring.shape[1]
        ordered = np.roll(self._ring, -first, axis=1)
        seconds = (self._frame + 1) / self._fps
        clip = SkeletonClip(ordered, self._layout, f"frame {self._frame}")
        if isinstance(prepare_clip(clip, self._recognizer.config.prepare), Dropped):
            return LiveAnswer(self._frame, seconds, None)
        (prediction,) = self._recognizer.predict(clip, *self._question, **self._options)
        return LiveAnswer(self._frame, seconds, prediction)
