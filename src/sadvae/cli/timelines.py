"""What `sadvae predict --timeline` prints and writes: segments of long recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sadvae.cli.show import Progresses, percent
from sadvae.cli.videos import Asking
from sadvae.recognition.asked import UnfitError, told_apart
from sadvae.recordings.timed import TimedClip
from sadvae.recordings.timeline import FPS, Names, Progress, Timeline, timeline
from sadvae.recordings.timeline_files import check_takes, write_timelines
from sadvae.types import SkeletonClip


@dataclass(frozen=True)
class Over:
    """Windows over time: their seconds, the seconds between them, and frames a second (None: a video's own, or FPS)."""

    window: float
    step: float
    fps: float | None = None


def show_timelines(
    recognizer: Names, recordings: Sequence[TimedClip], asking: Asking, over: Over, out: Path | None
) -> None:
    """Print the segments of every clip, and write them to `out`. Raises SadvaeError as recordings.timeline does."""
    clips = told_apart([recording.clip for recording in recordings])
    rates = [(one.rate or FPS) if over.fps is None else over.fps for one in recordings]
    if over.fps is None and not all(one.rate for one in recordings):
        typer.echo(f"{FPS:g} frames a second are assumed, as files do not say; give others with --fps.", err=True)
    if out is not None:
        check_takes(out, len(clips))
    found: list[Timeline] = []
    unfit: list[UnfitError] = []
    with Progresses() as say:
        for clip, fps in zip(clips, rates, strict=True):
            told = partial(say, clip.clip_id[:9])
            try:
                found.append(_timeline(recognizer, clip, asking, Over(over.window, over.step, fps), told))
            except UnfitError as error:
                unfit.append(error)
    if not found:
        raise unfit[0]
    for error in unfit:
        typer.echo(f"Left out: {error}", err=True)
    Console(soft_wrap=True, emoji=False).print(segments_table(found))
    if out is not None:
        write_timelines(out, found)
        typer.echo(f"Wrote {out}")


def _timeline(recognizer: Names, clip: SkeletonClip, asking: Asking, over: Over, told: Progress) -> Timeline:
    return timeline(
        recognizer,
        clip,
        asking.names,
        asking.sentences,
        window=over.window,
        step=over.step,
        fps=FPS if over.fps is None else over.fps,
        mode=asking.mode,
        none_of_these=asking.none_of_these,
        map_layout=asking.map_layout,
        note=partial(typer.echo, err=True),
        progress=told,
    )


def segments_table(timelines: Sequence[Timeline]) -> Table:
    """One row a segment: clip, start and end in seconds and frames, name, score."""
    table = Table("clip", "start s", "end s", "frames", "action", "%")
    for one in timelines:
        rows = [
            (f"{s.start_seconds:.2f}", f"{s.end_seconds:.2f}", f"{s.start}-{s.end}", escape(s.name), percent(s.score))
            for s in one.segments
        ] or [("", "", "", "nothing that is named here", "")]
        for position, row in enumerate(rows):
            table.add_row(escape(one.clip_id) if position == 0 else "", *row, end_section=position == len(rows) - 1)
    return table
