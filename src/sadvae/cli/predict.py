"""`sadvae predict`: name the actions in skeleton files with words typed now."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sadvae.cli import answers
from sadvae.cli import predict_options as options
from sadvae.cli.ignored import refuse_ignored
from sadvae.cli.loading import load_recognizer
from sadvae.cli.names import names_of
from sadvae.cli.timelines import Over, show_timelines
from sadvae.cli.videos import Asking, read_recordings, refuse_files, watch_camera, with_poses
from sadvae.errors import SadvaeError
from sadvae.files import check_ending
from sadvae.portable.recognizer import PortableRecognizer
from sadvae.recognition.answers import Prediction
from sadvae.recognition.asked import Note, plain, told_apart, without_unfit
from sadvae.recordings.timeline import LEAST_FIT, STEP, WINDOW
from sadvae.recordings.timeline_files import ENDINGS, GOES
from sadvae.text.describe import read_descriptions
from sadvae.types import SkeletonClip
from sadvae.video.camera import Watching

if TYPE_CHECKING:
    from sadvae.recognizer import Recognizer

# Frames from which on somebody may have meant a timeline; no clip of NTU RGB+D has more than 300.
LONG = 600
# From more names on, reading them takes seconds in which nothing is seen.
MANY_NAMES = 100
HELP = """Name the actions in skeleton files, videos or before a camera, with any names you type.

Example: `sadvae predict runs/demo/seed-0/recognizer runs/demo/clip.npz --classes "wave the left hand, squat"`

Names that hold a comma go in double quotes. --classes also takes a file (.txt, .csv: a name a line; .json: a list) or a
data set's name. Sentences on how the body moves help: give them with --descriptions, a JSON
file {"name": ["sentence", ...], ...}; names of the built-in class lists have theirs already. A clip that no name fits
gets "none of these" (--none-of-these 0 turns that off); --explain says which joints and moments an answer rests on.
--timeline says which action happens when in a long recording (docs/timeline.md).

Videos (.mp4 and others) and `--camera 0` need the extra `video` (docs/video.md).
"""


def command(
    context: typer.Context,
    recognizer: options.RecognizerFolder,
    classes: options.Classes,
    clips: options.Clips = None,
    descriptions: options.Descriptions = None,
    top: options.Top = 3,
    mode: options.AskedMode = "zsl",
    none_of_these: options.NoneOfThese = None,
    explain: options.Explain = False,
    layout: options.ClipsLayout = None,
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
    _check_together(context, timeline, camera is not None)
    if camera is not None:
        refuse_files(clips, save_clips, out)
    if out is not None:
        check_ending(out, *((ENDINGS, GOES) if timeline else (answers.ENDINGS, "answers go")))
    names = names_of(classes)
    if len(names) > MANY_NAMES:
        typer.echo(f"{len(names)} names are read before the first answer, some twenty a second.", err=True)
    loaded, sentences = load_recognizer(recognizer), _sentences(descriptions, names)
    least = none_of_these if none_of_these is not None else LEAST_FIT if timeline else 0.5
    asking = Asking(names, sentences, top, mode, least, map_layout)
    explainer = _explainer(loaded, recognizer) if explain else None
    if camera is not None:
        return watch_camera(camera, loaded, asking, Watching(seconds, every), typer.echo)
    given = with_poses(clips, loaded.encoder.layout, save_clips)
    recordings = read_recordings(given, loaded.config.prepare.all_bodies, layout)
    if timeline:
        return show_timelines(loaded, recordings, asking, Over(window, step, fps), out)
    return _answer(loaded, explainer, [recording.clip for recording in recordings], asking, out)


def _answer(
    loaded: Recognizer | PortableRecognizer,
    explainer: Recognizer | None,
    clips: list[SkeletonClip],
    asking: Asking,
    out: Path | None,
) -> None:
    how: dict[str, Any] = {"mode": asking.mode, "map_layout": asking.map_layout}
    # Each sentence once, although clips are asked about twice where some are left out.
    note, named = cache(partial(typer.echo, err=True)), told_apart(clips)
    question = asking.names, asking.sentences

    def ask(some: list[SkeletonClip]) -> list[Prediction]:
        return loaded.predict(some, *question, top_k=asking.top, none_of_these=asking.none_of_these, note=note, **how)

    found, unfit = without_unfit(named, ask)
    for name, reason in unfit.items():
        note(f"Left out: clip {name!r} cannot be recognised: {reason}.")
    _say_long(named, note)
    answers.show_answers(found)
    kept = [clip for clip in named if clip.clip_id not in unfit]
    reasons = explainer.explain(kept, *question, **how) if explainer else []
    answers.show_reasons(found, reasons)
    if out is not None:
        answers.write_answers(out, found, reasons, unfit)


def _say_long(clips: list[SkeletonClip], note: Note) -> None:
    """An answer is of a whole clip, which is seldom what is wanted of a long one."""
    longest = max(clips, key=lambda clip: clip.joints.shape[1])
    if longest.joints.shape[1] > LONG:
        note(
            f"Clip {longest.clip_id!r} has {longest.joints.shape[1]} frames and gets one answer; --timeline says which "
            "action happens when."
        )


def _check_together(context: typer.Context, timeline: bool, camera: bool) -> None:
    """Refuse options that would do nothing beside the others."""
    if camera:
        refuse_ignored(
            context, ("timeline", "explain", "layout"), "does not go together with --camera; ask for one of them"
        )
    else:
        refuse_ignored(context, ("seconds", "every"), "is of --camera, which was not asked for; leave it out")
    if timeline:
        refuse_ignored(context, ("explain", "top"), "is of single clips, not of a --timeline; leave one of them out")
    else:
        refuse_ignored(
            context, ("window", "step", "fps"), "is of --timeline, which was not asked for; give both, or leave it out"
        )


def _explainer(loaded: Recognizer | PortableRecognizer, folder: Path) -> Recognizer:
    if isinstance(loaded, PortableRecognizer):
        raise SadvaeError(f"{folder} was exported and explains nothing; ask the recogniser that it was made of.")
    return loaded


def _sentences(path: Path | None, names: list[str]) -> list[list[str]] | None:
    if path is None:
        return None
    texts = read_descriptions(path)
    given = {plain(name): own for name, own in zip(texts.names, texts.descriptions, strict=True)}
    wanted = {plain(name) for name in names}
    stray = [name for name in texts.names if plain(name) not in wanted]
    bare = [name for name in names if plain(name) not in given]
    if stray and bare:
        raise SadvaeError(
            f"{path} describes {stray[0]!r}, which is not among the classes, and not {bare[0]!r}, which is; write both "
            "names alike."
        )
    return [list(given.get(plain(name), ())) for name in names]
