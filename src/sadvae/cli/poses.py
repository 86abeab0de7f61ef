"""`sadvae poses`: videos to clips files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae.cli.show import Progresses
from sadvae.errors import SadvaeError
from sadvae.skeleton.joint_maps import joint_map
from sadvae.skeleton.layouts import load_layout
from sadvae.video.extra import load_opencv, load_pose_solution
from sadvae.video.folder import Poses, find_recordings, write_poses
from sadvae.video.read import LAYOUT, VideoClip, read_video
from sadvae.video.settings import VideoSettings

HELP = """Estimate the poses of the person in each video, and write them as clips files.

Example: `sadvae poses my_videos --out my_poses`

The source is a video or a folder: SOURCE/ACTION/SUBJECT/any.mp4 gives each clip its action and subject,
SOURCE/ACTION/any.mp4 its action, SOURCE/any.mp4 neither. `sadvae prepare` reads the folder of clips files. Needs the
extra `video` (docs/video.md). Stopped, the same command goes on.
"""

_USUAL = VideoSettings()


def command(
    source: Annotated[Path, typer.Argument(help="Video, or folder of videos.")],
    out: Annotated[Path, typer.Option(help="Folder for one clips file (.npz) a video.")],
    layout: Annotated[str, typer.Option(help="Layout to bring the poses to.")] = LAYOUT,
    longest_gap: Annotated[
        float, typer.Option(min=0, help="Seconds without a person that are interpolated at most.")
    ] = _USUAL.longest_gap,
    most_seconds: Annotated[float, typer.Option(min=1, help="Longest video that is read.")] = _USUAL.most_seconds,
    most_side: Annotated[int, typer.Option(min=16, help="Largest picture, in pixels a side.")] = _USUAL.most_side,
) -> None:
    """Estimate and say what was written and what was left out."""
    settings = VideoSettings(longest_gap=longest_gap, most_seconds=most_seconds, most_side=most_side)
    load_opencv()
    load_pose_solution()
    target, recordings = load_layout(layout), find_recordings(source)
    if target.name != LAYOUT:
        typer.echo(joint_map(load_layout(LAYOUT), target).sentence, err=True)
    with Progresses() as say:

        def read(path: Path, name: str) -> VideoClip:
            return read_video(
                path, settings, name=name, progress=lambda done, total: say("video", done, max(done, total), name)
            )

        made = write_poses(out, recordings, read, target, lambda done, total, name: say("videos", done, total, name))
    _report(made, out)


def _report(made: Poses, out: Path) -> None:
    for sentence in (*made.notes, *(f"Left out: {fault}" for fault in made.faults)):
        typer.echo(sentence, err=True)
    if not made.written and not made.kept:
        raise SadvaeError(f"no video of {len(made.faults)} could be used: {' '.join(made.faults[:1])}")
    already = f" ({len(made.kept)} were there already)" if made.kept else ""
    typer.echo(f"Wrote the poses of {len(made.written)} videos to {out}{already}")
