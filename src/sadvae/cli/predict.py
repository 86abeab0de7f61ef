"""`sadvae predict`: name the actions in skeleton files with words typed now."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sadvae.cli import predict_options as options
from sadvae.cli.loading import load_recognizer
from sadvae.cli.show import percent, split_names
from sadvae.cli.timelines import Over, show_timelines
from sadvae.cli.videos import Asking, refuse_files, watch_camera, with_poses
from sadvae.errors import SadvaeError
from sadvae.files import write_json
from sadvae.portable.recognizer import PortableRecognizer
from sadvae.recognition.answers import NONE_OF_THESE, Explanation, Prediction
from sadvae.recordings.timeline import LEAST_FIT, STEP, WINDOW
from sadvae.text.describe import read_descriptions
from sadvae.video.camera import Watching

if TYPE_CHECKING:
    from sadvae.recognizer import Recognizer

HELP = """Name the actions in skeleton files, videos or before a camera, with any names you type.

Example: `sadvae predict runs/demo/seed-0/recognizer runs/demo/clip.npz --classes "wave the left hand, squat"`

Names that hold a comma go in double quotes. Sentences on how the body moves help: give them with --descriptions, a JSON
file {"name": ["sentence", ...], ...}; names of the built-in class lists have theirs already. A clip that no name fits
gets "none of these" (--none-of-these 0 turns that off); --explain says which joints and moments an answer rests on.
--timeline says which action happens when in a long recording (docs/timeline.md).

Videos (.mp4 and others) and `--camera 0` need the extra `video` (docs/video.md).
"""


def command(
    recognizer: options.RecognizerFolder,
    classes: options.Classes,
    clips: options.Clips = None,
    descriptions: options.Descriptions = None,
    top: options.Top = 3,
    mode: options.AskedMode = "zsl",
    none_of_these: options.NoneOfThese = None,
    explain: options.Explain = False,
    map_layout: options.MapLayout = False,
    timeline: options.OverTime = False,
    window: options.Window = WINDOW,
    step: options.Step = STEP,
    fps: options.FramesASecond = None,
    out: options.Out = None,
    save_clips: options.SaveClips = None,
    camera: options.Camera = None,
    seconds: options.Seconds = 3,
    every: options.Every = 1,
) -> None:
    """Predict and print the best answers of each clip."""
    names = split_names(classes)
    loaded, sentences = load_recognizer(recognizer), _sentences(descriptions, names)
    explainer = _explainer(loaded, recognizer) if explain else None
    least = none_of_these if none_of_these is not None else LEAST_FIT if timeline else 0.5
    if camera is not None:
        refuse_files(clips, save_clips, out)
        asking = Asking(names, sentences, top, mode, least)
        return watch_camera(camera, loaded, asking, Watching(seconds, every), typer.echo)
    recordings = with_poses(clips, loaded.encoder.layout, save_clips)
    if timeline:
        how: dict[str, Any] = {"mode": mode, "none_of_these": least, "map_layout": map_layout}
        note = partial(typer.echo, err=True)
        over = Over(window, step, fps)
        return show_timelines(loaded, recordings, names, over, out, descriptions=sentences, note=note, **how)
    asked = [recording.what for recording in recordings]
    found = loaded.predict(
        asked,
        names,
        sentences,
        top_k=top,
        mode=mode,
        none_of_these=least,
        map_layout=map_layout,
        note=lambda sentence: typer.echo(sentence, err=True),
    )
    console = Console(soft_wrap=True)
    console.print(_table(found))
    reasons = explainer.explain(asked, names, sentences, mode=mode, map_layout=map_layout) if explainer else []
    for reason in reasons:
        console.print(explained(reason), markup=False, highlight=False)
    if out is not None:
        write_json(out, [_as_json(p, r) for p, r in zip_longest(found, reasons)])
    return None


def _explainer(loaded: Recognizer | PortableRecognizer, folder: Path) -> Recognizer:
    if isinstance(loaded, PortableRecognizer):
        raise SadvaeError(f"{folder} was exported and explains nothing; ask the recogniser that it was made of.")
    return loaded


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
    texts = read_descriptions(path)
    given = dict(zip(texts.names, texts.descriptions, strict=True))
    stray, bare = ([name for name in a if name not in b] for a, b in ((given, names), (names, given)))
    if stray and bare:
        raise SadvaeError(
            f"{path} describes {stray[0]!r}, which is not among the classes, and not {bare[0]!r}, which is; write both "
            "names alike."
        )
    return [list(given.get(name, ())) for name in names]
