"""`sadvae predict`: name the actions in skeleton files with words typed now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sadvae.cli.show import percent, split_names
from sadvae.cli.videos import Asking, refuse_files, watch_camera, with_poses
from sadvae.errors import SadvaeError
from sadvae.files import read_json, write_json
from sadvae.recognizer import Prediction, Recognizer
from sadvae.video.camera import Watching

HELP = """Name the actions in skeleton files, videos or before a camera, with any names you type.

Example: `sadvae predict runs/demo/seed-0/recognizer runs/demo/clip.npz --classes "wave the left hand, squat"`

Names that hold a comma go in double quotes. Sentences on how the body moves help: give them with --descriptions, a JSON
file {"name": ["sentence", ...], ...}; names of the built-in class lists have theirs already.

Videos (.mp4 and others) and `--camera 0` need the extra `video` (docs/video.md).
"""


def command(
    recognizer: Annotated[Path, typer.Argument(help="Recogniser folder.")],
    classes: Annotated[str, typer.Option(help="Names to choose from, separated by commas.")],
    clips: Annotated[
        list[Path] | None, typer.Argument(help="Skeleton files of any supported format, or videos.")
    ] = None,
    descriptions: Annotated[Path | None, typer.Option(help="JSON file of sentences by class name.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Answers a clip.")] = 3,
    mode: Annotated[
        Literal["zsl", "gzsl"], typer.Option(help="zsl: these names only; gzsl: trained classes too.")
    ] = "zsl",
    map_layout: Annotated[
        bool, typer.Option(help="Bring clips of another skeleton layout to the recogniser's, and say what is missing.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write all answers to this JSON file too.")] = None,
    save_clips: Annotated[
        Path | None, typer.Option(help="Write the poses of the videos to this clips file (.npz) too.")
    ] = None,
    camera: Annotated[int | None, typer.Option(min=0, help="Watch this camera (0: the first) until Ctrl-C.")] = None,
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="Camera: how much of the past an answer is on.")] = 3,
    every: Annotated[float, typer.Option(min=0.1, max=60, help="Camera: seconds from one answer to the next.")] = 1,
) -> None:
    """Predict and print the best answers of each clip."""
    names = split_names(classes)
    loaded, sentences = Recognizer.load(recognizer), _sentences(descriptions, names)
    if camera is not None:
        refuse_files(clips, save_clips, out)
        asking = Asking(names, sentences, top, mode)
        watch_camera(camera, loaded, asking, Watching(seconds, every), typer.echo)
        return
    found = loaded.predict(
        with_poses(clips, loaded.encoder.layout, save_clips),
        names,
        sentences,
        top_k=top,
        mode=mode,
        map_layout=map_layout,
        note=lambda sentence: typer.echo(sentence, err=True),
    )
    Console(soft_wrap=True).print(_table(found))
    if out is not None:
        write_json(out, [_as_json(prediction) for prediction in found])


def _table(found: list[Prediction]) -> Table:
    table = Table("clip", "answer", "%")
    for prediction in found:
        for rank, answer in enumerate(prediction.answers):
            last = rank == len(prediction.answers) - 1
            clip = escape(prediction.clip_id) if rank == 0 else ""
            table.add_row(clip, escape(answer.name), percent(answer.probability), end_section=last)
    return table


def _as_json(prediction: Prediction) -> dict[str, object]:
    answers = [{"name": a.name, "probability": a.probability} for a in prediction.answers]
    return {"clip": prediction.clip_id, "answers": answers}


def _sentences(path: Path | None, names: list[str]) -> list[list[str]] | None:
    if path is None:
        return None
    value = read_json(path)
    good = isinstance(value, dict) and all(
        isinstance(v, list) and all(isinstance(s, str) for s in v) for v in value.values()
    )
    if not good:
        raise SadvaeError(f'{path} is not a JSON object of lists of sentences; expected {{"wave": ["One hand ..."]}}.')
    stray = [name for name in value if name not in names]
    if stray:
        raise SadvaeError(f"{path} describes {stray[0]!r}, which is not among the classes {', '.join(names)}.")
    return [value.get(name, []) for name in names]
