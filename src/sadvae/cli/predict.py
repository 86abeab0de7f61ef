"""`sadvae predict`: name the actions in skeleton files with words typed now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sadvae.cli.show import percent, split_names
from sadvae.errors import SadvaeError
from sadvae.files import read_json, write_json
from sadvae.recognizer import Prediction, Recognizer

HELP = """Name the actions in skeleton files, with any names you type.

Example: `sadvae predict runs/demo/seed-0/recognizer runs/demo/clip.npz --classes "wave the left hand, squat"`

Names that hold a comma go in double quotes. Sentences on how the body moves help: give them with --descriptions, a JSON
file {"name": ["sentence", ...], ...}; names of the built-in class lists have theirs already.
"""


def command(
    recognizer: Annotated[Path, typer.Argument(help="Recogniser folder.")],
    clips: Annotated[list[Path], typer.Argument(help="Skeleton files of any supported format.")],
    classes: Annotated[str, typer.Option(help="Names to choose from, separated by commas.")],
    descriptions: Annotated[Path | None, typer.Option(help="JSON file of sentences by class name.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Answers a clip.")] = 3,
    mode: Annotated[
        Literal["zsl", "gzsl"], typer.Option(help="zsl: these names only; gzsl: trained classes too.")
    ] = "zsl",
    map_layout: Annotated[
        bool, typer.Option(help="Bring clips of another skeleton layout to the recogniser's, and say what is missing.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write all answers to this JSON file too.")] = None,
) -> None:
    """Predict and print the best answers of each clip."""
    names = split_names(classes)
    found = Recognizer.load(recognizer).predict(
        clips,
        names,
        _sentences(descriptions, names),
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
