"""Timelines as files: subtitles (SRT), a table (CSV), and everything (JSON)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sadvae.errors import SadvaeError
from sadvae.files import check_ending, write_json, write_text
from sadvae.recordings.timeline import Timeline

ENDINGS = (".srt", ".csv", ".json")
# Of files.check_ending.
GOES = "a timeline goes"
COLUMNS = ("clip", "start_frame", "end_frame", "start_seconds", "end_seconds", "name", "score")


def check_takes(path: Path, timelines: int) -> None:
    """Raise SadvaeError for a file that timelines are not written to, and for subtitles of several recordings."""
    check_ending(path, ENDINGS, GOES)
    if path.suffix.lower() == ".srt" and timelines != 1:
        raise SadvaeError(f"subtitles are of one recording, not of {timelines}; give one clip, or write .csv or .json.")


def write_timelines(path: Path, timelines: Sequence[Timeline]) -> None:
    """Write timelines by the ending of the path, atomically. Raises SadvaeError as check_takes does."""
    path = Path(path)
    check_takes(path, len(timelines))
    if path.suffix.lower() == ".json":
        write_json(path, [timeline_to_json(one) for one in timelines])
    elif path.suffix.lower() == ".csv":
        write_text(path, table_text(timelines))
    else:
        write_text(path, subtitles(timelines[0]))


def subtitles(timeline: Timeline) -> str:
    """Segments as SubRip subtitles: number, times, and the name with its score in percent."""
    blocks = [
        f"{number}\n{_clock(s.start_seconds)} --> {_clock(s.end_seconds)}\n{s.name} ({100 * s.score:.0f} %)\n"
        for number, s in enumerate(timeline.segments, start=1)
    ]
    return "\n".join(blocks)


def _clock(seconds: float) -> str:
    total = round(seconds * 1000)
    return f"{total // 3_600_000:02}:{total // 60_000 % 60:02}:{total // 1000 % 60:02},{total % 1000:03}"


def table_text(timelines: Sequence[Timeline]) -> str:
    """Segments of all recordings as CSV, one a line; seconds to the millisecond."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in timelines:
        for s in one.segments:
            times = (f"{s.start_seconds:.3f}", f"{s.end_seconds:.3f}")
            writer.writerow((one.clip_id, s.start, s.end, *times, s.name, f"{s.score:.4f}"))
    return stream.getvalue()


def timeline_to_json(timeline: Timeline) -> dict[str, Any]:
    """A timeline with the scores of all cells, as JSON."""
    return {
        "clip": timeline.clip_id,
        "fps": timeline.fps,
        "segments": [asdict(segment) for segment in timeline.segments],
        "names": list(timeline.names),
        "cell_edges": timeline.edges.tolist(),
        "scores": [[round(float(value), 6) for value in row] for row in timeline.scores],
        "fits": [round(float(value), 6) for value in timeline.fits],
    }
