"""What `sadvae predict --timeline` prints and writes: segments of long recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sadvae.cli.show import Progresses, percent
from sadvae.cli.videos import Recording
from sadvae.recognition.asked import read_all, told_apart
from sadvae.recordings.timeline import FPS, Names, Timeline, timeline
from sadvae.recordings.timeline_files import check_ending, write_timelines


@dataclass(frozen=True)
class Over:
    """Windows over time: their seconds, the seconds between them, and frames a second (None: a video's own, or FPS)."""

    window: float
    step: float
    fps: float | None = None


def show_timelines(
    recognizer: Names,
    recordings: Sequence[Recording],
    names: Sequence[str],
    over: Over,
    out: Path | None,
    **options: Any,
) -> None:
    """Print the segments of every clip, and write them to `out`; options: of recordings.timeline."""
    all_bodies = recognizer.config.prepare.all_bodies
    read = [(c, over.fps or r.rate or FPS) for r in recordings for c in read_all(r.what, all_bodies=all_bodies)]
    clips = told_apart([clip for clip, _ in read])
    if out is not None:
        check_ending(out, len(clips))
    found = []
    with Progresses() as say:
        for clip, (_, fps) in zip(clips, read, strict=True):
            options["progress"] = lambda done, total, clip=clip: say(clip.clip_id[:9], done, total)
            found.append(timeline(recognizer, clip, names, window=over.window, step=over.step, fps=fps, **options))
    Console(soft_wrap=True).print(segments_table(found))
    if out is not None:
        write_timelines(out, found)
        typer.echo(f"Wrote {out}")


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
