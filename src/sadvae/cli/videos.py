"""What `sadvae predict` does with videos and cameras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sadvae.cli.show import Progresses, percent
from sadvae.errors import SadvaeError
from sadvae.recognition.answers import THE_NEAREST, Prediction
from sadvae.recognition.asked import Mode, read_all
from sadvae.recordings.timed import TimedClip
from sadvae.skeleton.bvh import stated_rate
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.find import find_files
from sadvae.skeleton.joint_maps import joint_map, map_clip
from sadvae.skeleton.recording import RawFormat
from sadvae.types import ClipSet, Layout
from sadvae.video.camera import Watching, watch
from sadvae.video.capture import is_video, open_camera
from sadvae.video.estimator import MediaPipePose
from sadvae.video.read import ESTIMATED, VideoClip, read_video

if TYPE_CHECKING:
    from sadvae.portable.recognizer import PortableRecognizer
    from sadvae.recognizer import Recognizer


@dataclass(frozen=True)
class Asking:
    """What a recogniser is asked: names, sentences for each, how many answers, the mode, when none fits, and whether
    clips are brought to its layout.
    """

    names: list[str]
    sentences: list[list[str]] | None
    top: int
    mode: Mode
    none_of_these: float = 0.5
    map_layout: bool = False


def read_recordings(given: Sequence[Path | TimedClip], all_bodies: bool, layout: str | None = None) -> list[TimedClip]:
    """Every clip of skeleton files, in order, with the videos among them.

    all_bodies: every body that a sensor reported. layout: of clips files that name none. Raises SadvaeError as reading
    does, and for a layout where there are videos alone.
    """
    if layout is not None and all(isinstance(item, TimedClip) for item in given):
        raise SadvaeError("--layout is of clips files, but only videos were given; leave it out.")
    # Recordings of sensors have a layout of their own; where there is nothing else, reading says so. Folders are not
    # gone through for that where no layout is given.
    own = [layout is not None and _has_own_layout(item) for item in given]
    found: list[TimedClip] = []
    for item, has_own in zip(given, own, strict=True):
        if isinstance(item, TimedClip):
            found.append(item)
            continue
        named = None if has_own and not all(own) else layout
        rate = stated_rate(item)
        found += [TimedClip(clip, rate) for clip in read_all(item, all_bodies=all_bodies, layout=named)]
    return found


def _has_own_layout(item: Path | TimedClip) -> bool:
    return isinstance(item, Path) and isinstance(find_files(item)[0], RawFormat)


def with_poses(paths: Sequence[Path] | None, layout: Layout, save: Path | None) -> list[Path | TimedClip]:
    """The files to recognise, with each video replaced by its poses in a recogniser's layout.

    save: a clips file to write the poses to, as the estimator gave them. Says on the error stream what was mapped and
    which frames have no person. Raises SadvaeError for no files, for videos that cannot be used, and for save without
    a video.
    """
    given = list(paths or [])
    videos = [path for path in given if is_video(path)]
    if not given:
        raise SadvaeError("nothing to recognise; give skeleton files or videos, or --camera 0.")
    if save is not None and not videos:
        raise SadvaeError("--save-clips writes the poses of videos, but no video was given; give one, or leave it out.")
    found = {path: _poses(path) for path in videos}
    if save is not None:
        clips = [video.clip for video in found.values()]
        write_clips_file(save, ClipSet(save.stem, clips[0].layout, tuple(clips), ()))
        typer.echo(f"Wrote poses to {save}: {', '.join(clip.clip_id for clip in clips)}", err=True)
    _say(list(found.values()), layout)
    return [
        TimedClip(map_clip(found[path].clip, layout), found[path].rate) if path in found else path for path in given
    ]


def _poses(path: Path) -> VideoClip:
    with Progresses() as say:
        return read_video(path, progress=lambda done, total: say("poses", done, max(done, total), path.name))


def _say(videos: list[VideoClip], layout: Layout) -> None:
    sentences = [note for video in videos for note in video.notes]
    if videos and videos[0].clip.layout.joints != layout.joints:
        sentences.append(joint_map(videos[0].clip.layout, layout).sentence)
    if videos:
        sentences.append(ESTIMATED)
    for sentence in sentences:
        typer.echo(sentence, err=True)


def refuse_files(clips: Sequence[Path] | None, save: Path | None, out: Path | None) -> None:
    """Raises SadvaeError for what does not go together with a camera."""
    for what, value in (("files", clips), ("--save-clips", save), ("--out", out)):
        if value:
            raise SadvaeError(f"--camera does not go together with {what}; ask for one of them.")


def watch_camera(
    number: int,
    recognizer: Recognizer | PortableRecognizer,
    asking: Asking,
    watching: Watching,
    say: Callable[[str], None],
) -> None:
    """Say an answer at a steady rate until the camera ends or the user stops; raises SadvaeError without a camera."""
    try:
        with MediaPipePose() as estimator:
            capture = open_camera(number)
            say(f"Watching camera {number}: an answer every {watching.every:g} s; Ctrl-C ends.")
            for at, video in watch(capture, estimator, watching):
                say(f"{at:7.1f} s  {_answers(video, recognizer, asking)}")
    except KeyboardInterrupt:
        say("Stopped.")


def _answers(video: VideoClip | None, recognizer: Recognizer | PortableRecognizer, asking: Asking) -> str:
    if video is None:
        return "no person"
    try:
        clip = map_clip(video.clip, recognizer.encoder.layout)
        found = recognizer.predict(
            clip,
            asking.names,
            asking.sentences,
            top_k=asking.top,
            mode=asking.mode,
            none_of_these=asking.none_of_these,
        )
    except SadvaeError as error:
        return str(error)
    return _line(found[0])


def _line(prediction: Prediction) -> str:
    answers = ", ".join(f"{answer.name} {percent(answer.probability)} %" for answer in prediction.answers)
    return f"{THE_NEAREST} {answers}" if prediction.none_of_these else answers
