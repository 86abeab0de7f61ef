"""Folders of videos as folders of clips files, one a video: what a user trains on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.skeleton.clips_file import read_clips_file, write_clips_file
from sadvae.skeleton.joint_maps import map_clip
from sadvae.types import ClipSet, Layout, SkeletonClip, duplicates
from sadvae.video.capture import is_video
from sadvae.video.read import VideoClip

Progress = Callable[[int, int, str], None]
Reader = Callable[[Path, str], VideoClip]


@dataclass(frozen=True)
class VideoFile:
    """One video: its file, the name that its clip gets, and what the folders say of its action and its subject."""

    path: Path
    name: str
    action: str | None
    subject: str | None


@dataclass(frozen=True)
class Poses:
    """What became of the videos: names written now, names that were there already, notes, and faults by name."""

    written: tuple[str, ...]
    kept: tuple[str, ...]
    notes: tuple[str, ...]
    faults: tuple[str, ...]


def find_recordings(source: Path) -> list[VideoFile]:
    """The videos of a file or folder, sorted: SOURCE/ACTION/SUBJECT/x.mp4, SOURCE/ACTION/x.mp4 or SOURCE/x.mp4.

    Names are the folders and the file joined by "_". Raises SadvaeError where there is no video, or a name twice.
    """
    if source.is_file():
        return [VideoFile(source, source.stem, None, None)]
    if not source.is_dir():
        raise SadvaeError(f"{source} does not exist; check the path.")
    paths = sorted(Path(root) / name for root, _, names in os.walk(source) for name in names)
    found = [_recording(path, source) for path in paths if is_video(path) and not path.name.startswith(".")]
    if not found:
        raise SadvaeError(f"{source} holds no video; expected files such as SOURCE/wave/ann/1.mp4.")
    twice = duplicates(recording.name for recording in found)
    if twice:
        raise SadvaeError(f"{source} holds two videos that are both called {twice[0]!r}; rename one.")
    return found


def _recording(path: Path, source: Path) -> VideoFile:
    inside = path.relative_to(source)
    folders = [*inside.parts[:-1], None, None]
    return VideoFile(path, "_".join(inside.with_suffix("").parts), folders[0], folders[1])


def write_poses(
    out: Path, recordings: Sequence[VideoFile], read: Reader, layout: Layout, progress: Progress | None = None
) -> Poses:
    """Write the poses of each video as OUT/NAME.npz, in that layout; a video that cannot be used is left out.

    A file that is there, of that layout and newer than its video, is not estimated again, so a stopped run goes on;
    labels are those of now. read: reads a video, called with its path and its clip's name. progress is called with
    (videos done, videos in all, name).
    """
    names = tuple(sorted({recording.action for recording in recordings if recording.action is not None}))
    written, kept, notes, faults = [], [], [], []
    for done, recording in enumerate(recordings):
        target = out / f"{recording.name}.npz"
        clip = _before(target, recording.path, layout)
        try:
            if clip is None:
                video = read(recording.path, recording.name)
                clip = map_clip(video.clip, layout)
                notes.extend(video.notes)
                written.append(recording.name)
            else:
                kept.append(recording.name)
            label = None if recording.action is None else names.index(recording.action)
            told = replace(clip, label=label, subject=recording.subject)
            write_clips_file(target, ClipSet(out.name, layout, (told,), names))
        except SadvaeError as error:
            faults.append(str(error))
        if progress is not None:
            progress(done + 1, len(recordings), recording.name)
    return Poses(tuple(written), tuple(kept), tuple(notes), tuple(faults))


def _before(target: Path, video: Path, layout: Layout) -> SkeletonClip | None:
    """The clip that an earlier run wrote for a video, if it is still that of the video."""
    if not target.is_file() or target.stat().st_mtime < video.stat().st_mtime:
        return None
    try:
        clips = read_clips_file(target).clips
    except SadvaeError:
        return None
    return clips[0] if len(clips) == 1 and clips[0].layout.joints == layout.joints else None
