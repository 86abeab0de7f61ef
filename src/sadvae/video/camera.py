"""A camera as a stream of clips: the last seconds, again and again at a steady rate."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass

from sadvae.errors import SadvaeError
from sadvae.video.capture import Capture, red_green_blue
from sadvae.video.estimator import Estimator
from sadvae.video.poses import Landmarks
from sadvae.video.read import VideoClip, clip_of
from sadvae.video.settings import VideoSettings


@dataclass(frozen=True)
class Watching:
    """seconds: how much of the past a clip holds. every: seconds from one clip to the next."""

    seconds: float = 3.0
    every: float = 1.0


def watch(
    capture: Capture,
    estimator: Estimator,
    watching: Watching | None = None,
    settings: VideoSettings | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[tuple[float, VideoClip | None], None, None]:
    """Yield (seconds since the start, clip of the last seconds) at a steady rate until the capture ends.

    None in place of a clip: no person was seen. A rate that this machine cannot keep is kept as far as it can: what was
    missed is left out, so that answers are never late. The capture is released at the end. Raises SadvaeError for a
    camera that gives no picture at all.
    """
    chosen, limits = watching or Watching(), settings or VideoSettings()
    held: deque[tuple[float, Landmarks | None]] = deque()
    start, due = clock(), chosen.every
    now = 0.0
    try:
        while True:
            (there, picture) = capture.read()
            if not there or picture is None:
                break
            now = clock() - start
            held.append((now, estimator.landmarks(red_green_blue(picture))))
            while held[0][0] < now - chosen.seconds:
                held.popleft()
            if now >= due:
                yield now, _clip(held, limits)
                due += chosen.every * (int((clock() - start - due) / chosen.every) + 1)
        if not held:
            raise SadvaeError("the camera gives no picture; check that nothing else uses it.")
    finally:
        capture.release()


def _clip(held: deque[tuple[float, Landmarks | None]], settings: VideoSettings) -> VideoClip | None:
    found = [marks for _, marks in held]
    if sum(marks is not None for marks in found) < settings.least_frames:
        return None
    rate = (len(held) - 1) / max(held[-1][0] - held[0][0], 1e-3)
    return clip_of(found, rate, "camera", "camera", settings)
