"""What happens when in a recording, as the page shows it."""

from __future__ import annotations

from sadvae.recognizer import Recognizer
from sadvae.recordings.timeline import timeline
from sadvae.serving.messages import Stretch, Timeline, TimelineQuestion
from sadvae.types import SkeletonClip

MOST_ANSWERS = 2000


def timeline_of(recognizer: Recognizer, name: str, clip: SkeletonClip, asked: TimelineQuestion) -> Timeline:
    """The timeline of a recording by one recogniser, `name` on the page. Raises SadvaeError as predict does."""
    found = timeline(
        recognizer,
        clip,
        asked.classes,
        window=asked.window,
        step=_step(asked.window, clip.joints.shape[1] / asked.frames_a_second),
        fps=asked.frames_a_second,
        mode=asked.mode,
        map_layout=asked.map_layout,
    )
    percent = 100 * found.scores.T
    return Timeline(
        recognizer=name,
        names=list(found.names),
        edges=found.edges.tolist(),
        scores=[[round(float(value), 1) for value in row] for row in percent],
        stretches=[Stretch(start=s.start, end=s.end, name=s.name, probability=s.score) for s in found.segments],
    )


def _step(window: float, length: float) -> float:
    """Seconds between answers: eight a window, fewer where a recording would get more than MOST_ANSWERS."""
    return min(window, max(window / 8, length / MOST_ANSWERS))
