"""`sadvae predict`: name the actions in skeleton files with words typed now."""

from __future__ import annotations

from dataclasses import asdict
from itertools import zip_longest
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
from sadvae.recognition.answers import NONE_OF_THESE, Explanation, Prediction
from sadvae.recognizer import Recognizer
from sadvae.video.camera import Watching

HELP = """Name the actions in skeleton files, videos or before a camera, with any names you type.

Example: `sadvae predict runs/demo/seed-0/recognizer runs/demo/clip.npz --classes "wave the left hand, squat"`

Names that hold a comma go in double quotes. Sentences on how the body moves help: give them with --descriptions, a JSON
file {"name": ["sentence", ...], ...}; names of the built-in class lists have theirs already. A clip that no name fits
gets "none of these" (--none-of-these 0 turns that off); --explain says which joints and moments an answer rests on.

Videos (.mp4 and others) and `--camera 0` need the extra `video` (docs/video.md).
"""


def command(
    recognizer: Annotated[Path, typer.Argument(help="Recogniser folder, or its hub name OWNER/MODEL.")],
    classes: Annotated[str, typer.Option(help="Names to choose from, separated by commas.")],
    clips: Annotated[
        list[Path] | None, typer.Argument(help="Skeleton files of any supported format, or videos.")
    ] = None,
    descriptions: Annotated[Path | None, typer.Option(help="JSON file of sentences by class name.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Answers a clip.")] = 3,
    mode: Annotated[
        Literal["zsl", "gzsl"], typer.Option(help="zsl: these names only; gzsl: trained classes too.")
    ] = "zsl",
    none_of_these: Annotated[
        float, typer.Option(min=0, max=1, help="Say none of these where any name fits with less probability; 0: never.")
    ] = 0.5,
    explain: Annotated[bool, typer.Option("--explain", help="Say which joints and moments each answer rests on.")] = (
        False
    ),
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
    loaded, sentences = Recognizer.from_pretrained(recognizer), _sentences(descriptions, names)
    if camera is not None:
        refuse_files(clips, save_clips, out)
        asking = Asking(names, sentences, top, mode, none_of_these)
        watch_camera(camera, loaded, asking, Watching(seconds, every), typer.echo)
        return
    asked = with_poses(clips, loaded.encoder.layout, save_clips)
    found = loaded.predict(
        asked,
        names,
        sentences,
        top_k=top,
        mode=mode,
        none_of_these=none_of_these,
        map_layout=map_layout,
        note=lambda sentence: typer.echo(sentence, err=True),
    )
    console = Console(soft_wrap=True)
    console.print(_table(found))
    reasons = loaded.explain(asked, names, sentences, mode=mode, map_layout=map_layout) if explain else []
    for reason in reasons:
        console.print(explained(reason), markup=False, highlight=False)
    if out is not None:
        write_json(out, [_as_json(p, r) for p, r in zip_longest(found, reasons)])


def _table(found: list[Prediction]) -> Table:
    table = Table("clip", "answer", "%")
    for prediction in found:
        rows = [(escape(answer.name), percent(answer.probability)) for answer in prediction.answers]
        if prediction.none_of_these:
            rows = [(f"{NONE_OF_THESE}; the nearest:", ""), *rows]
        for position, row in enumerate(rows):
            clip = escape(prediction.clip_id) if position == 0 else ""
            table.add_row(clip, *row, end_section=position == len(rows) - 1)
    return table


def explained(reason: Explanation) -> str:
    """An explanation in plain words, some lines of text."""
    answer, near = reason.answer, ", ".join(f"{a.name} {percent(a.probability)} %" for a in reason.nearest)
    lines = [f"{reason.clip_id}: {answer.name}, {percent(answer.probability)} %. Looks most like: {near}."]
    for what, held in (("parts", reason.parts), ("joints", reason.joints), ("moments", reason.moments)):
        best = sorted(held, key=lambda effect: effect.probability)[:3]
        lines.append(f"  without its {what}: " + ", ".join(f"{e.name} {percent(e.probability)} %" for e in best))
    return "\n".join(lines)


def _as_json(prediction: Prediction, reason: Explanation | None) -> dict[str, object]:
    answers = [{"name": a.name, "probability": a.probability} for a in prediction.answers]
    found: dict[str, object] = {
        "clip": prediction.clip_id,
        "name": prediction.name,
        "fits": prediction.fits,
        "answers": answers,
    }
    return found | ({"explanation": asdict(reason)} if reason else {})


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
