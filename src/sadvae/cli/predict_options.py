"""The arguments and options of `sadvae predict`, and what --help says of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from sadvae.recordings.timeline import FPS

RecognizerFolder = Annotated[Path, typer.Argument(help="Recogniser folder, or its hub name OWNER/MODEL.")]
Clips = Annotated[list[Path] | None, typer.Argument(help="Skeleton files of any supported format, or videos.")]
Classes = Annotated[
    str, typer.Option(help="Names to choose from, separated by commas or line ends, or a file with a name a line.")
]
Descriptions = Annotated[Path | None, typer.Option(help="JSON file of sentences by class name.")]
Top = Annotated[int, typer.Option(min=1, help="Answers a clip.")]
AskedMode = Annotated[Literal["zsl", "gzsl"], typer.Option(help="zsl: these names only; gzsl: trained classes too.")]
NoneOfThese = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Say none of these where any name fits less likely than this; 0: never."),
]
Explain = Annotated[bool, typer.Option("--explain", help="Say which joints and moments each answer rests on.")]
ClipsLayout = Annotated[
    str | None, typer.Option("--layout", help="Built-in layout or layout JSON, for clips files without one.")
]
MapLayout = Annotated[
    bool, typer.Option(help="Bring clips of another skeleton layout to the recogniser's, and say what is missing.")
]
OverTime = Annotated[bool, typer.Option("--timeline", help="Say which action happens when in a long recording.")]
Window = Annotated[float, typer.Option(help="With --timeline: seconds that an answer is about.")]
Step = Annotated[float, typer.Option(help="With --timeline: seconds between answers.")]
FramesASecond = Annotated[
    float | None,
    typer.Option(help=f"With --timeline: frames a second of the recording (default: a video's own, else {FPS:g})."),
]
Out = Annotated[
    Path | None, typer.Option(help="Write all answers to this .json file too; a timeline to .srt, .csv or .json.")
]
SaveClips = Annotated[Path | None, typer.Option(help="Write the poses of the videos to this clips file (.npz) too.")]
Camera = Annotated[int | None, typer.Option(min=0, help="Watch this camera (0: the first) until Ctrl-C.")]
Seconds = Annotated[float, typer.Option(min=0.5, max=60, help="Camera: how much of the past an answer is on.")]
Every = Annotated[float, typer.Option(min=0.1, max=60, help="Camera: seconds from one answer to the next.")]
