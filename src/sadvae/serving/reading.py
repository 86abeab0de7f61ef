"""From a handed-in file to raw clips; sentences name the file as its sender does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.recordings.timed import TimedClip
from sadvae.serving.video import read_video
from sadvae.skeleton.bvh import stated_rate
from sadvae.skeleton.layouts import layout_names
from sadvae.skeleton.read import read_clip_set
from sadvae.video.capture import is_video


def read_upload(path: Path, shown: str, layout: str | None) -> list[TimedClip]:
    """The raw clips of a file; a clip that was named after the file gets its sender's name for it.

    shown: the sender's name of the file. layout: of a file that names none; a built-in layout by name.
    Raises SadvaeError for anything that is not a raw skeleton file (or a video, where videos can be read).
    """
    if layout is not None and layout not in layout_names():
        raise SadvaeError(f"unknown layout {layout[:40]!r}; choose {', '.join(layout_names())}.")
    try:
        found = read_video(path) if is_video(path) else _skeletons(path, layout)
    except SadvaeError as error:
        raise SadvaeError(_in_their_words(str(error), path, shown)) from error
    return [_renamed(recording, path.stem, Path(shown).stem) for recording in found]


def _renamed(recording: TimedClip, ours: str, theirs: str) -> TimedClip:
    clip = replace(recording.clip, clip_id=recording.clip.clip_id.replace(ours, theirs)[:200])
    return replace(recording, clip=clip, notes=tuple(note.replace(ours, theirs) for note in recording.notes))


def _skeletons(path: Path, layout: str | None) -> list[TimedClip]:
    found = read_clip_set(path, layout=layout)
    if found.steps:
        raise SadvaeError(
            f"{path} holds prepared clips ({', '.join(found.steps)}); give the raw recordings that it was made of."
        )
    if not found.clips:
        raise SadvaeError(f"{path} holds no clip; hand in another file.")
    rate = stated_rate(path)
    return [TimedClip(clip, rate) for clip in found.clips]


def _in_their_words(sentence: str, path: Path, shown: str) -> str:
    """A sentence without our folder, our name of the file, and options that only commands have."""
    sentence = re.sub(
        r"give one with --layout: (.*) or the path of a layout \.json file", r"say which it has: \1", sentence
    )
    return sentence.replace(str(path), shown).replace(f"{path.parent}/", "").replace(path.stem, Path(shown).stem)
