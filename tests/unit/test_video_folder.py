"""Folders of videos become folders of clips files that preparation reads; a stopped run goes on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.read import read_clip_set
from sadvae.video.folder import Poses, find_recordings, write_poses
from sadvae.video.read import LAYOUT, VideoClip, clip_of
from sadvae.video.settings import VideoSettings
from tests.unit.test_poses import body, seen

KINECT = load_layout("kinect-v2")


class FakeReader:
    """Gives a clip for each video, by its name, and refuses those called "bad"; remembers what it read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, path: Path, name: str) -> VideoClip:
        self.read.append(name)
        if path.stem == "bad":
            raise SadvaeError(f"{path}: no person was found in any of its 9 frames.")
        return clip_of([seen(body(len(name)))] * 9, 30, name, str(path), VideoSettings())


def videos(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"video")
        os.utime(path, (1000, 1000))
    return folder


def made(source: Path, out: Path, reader: FakeReader, layout: str = LAYOUT) -> Poses:
    return write_poses(out, find_recordings(source), reader, load_layout(layout))


def test_folders_name_actions_and_subjects(tmp_path: Path) -> None:
    source = videos(
        tmp_path / "v", "wave/ann/1.mp4", "wave/bob/1.MOV", "squat/ann/1.mp4", "squat/x.avi", "wave/note.txt"
    )
    found = made(source, tmp_path / "poses", FakeReader(), "kinect-v2")
    assert len(found.written) == 4
    clips = read_clip_set(tmp_path / "poses")
    assert clips.layout.joints == KINECT.joints
    assert clips.class_names == ("squat", "wave")
    assert [(clip.clip_id, clip.label, clip.subject) for clip in clips.clips] == [
        ("squat_ann_1", 0, "ann"),
        ("squat_x", 0, None),
        ("wave_ann_1", 1, "ann"),
        ("wave_bob_1", 1, "bob"),
    ]


def test_what_is_there_is_kept_and_gets_the_labels_of_now(tmp_path: Path) -> None:
    source, out, reader = videos(tmp_path / "v", "wave/1.mp4", "walk/1.mp4"), tmp_path / "poses", FakeReader()
    made(source, out, reader)
    before = {clip.clip_id: clip.joints for clip in read_clip_set(out).clips}
    videos(tmp_path / "v", "bow/1.mp4")
    found = made(source, out, reader)
    assert reader.read == ["walk_1", "wave_1", "bow_1"]
    assert (found.written, found.kept) == (("bow_1",), ("walk_1", "wave_1"))
    clips = read_clip_set(out)
    assert clips.class_names == ("bow", "walk", "wave")
    assert {clip.clip_id: clip.label for clip in clips.clips} == {"bow_1": 0, "walk_1": 1, "wave_1": 2}
    assert all(np.array_equal(clip.joints, before[clip.clip_id]) for clip in clips.clips if clip.clip_id in before)


def test_a_newer_video_and_another_layout_are_estimated_again(tmp_path: Path) -> None:
    source, out, reader = videos(tmp_path / "v", "a.mp4", "b.mp4"), tmp_path / "poses", FakeReader()
    made(source, out, reader)
    later = (out / "a.npz").stat().st_mtime + 10
    os.utime(source / "a.mp4", (later, later))
    assert made(source, out, reader).written == ("a",)
    assert made(source, out, reader, "kinect-v2").written == ("a", "b")


def test_a_video_that_cannot_be_used_is_left_out_and_named(tmp_path: Path) -> None:
    found = made(videos(tmp_path / "v", "a/bad.mp4", "a/good.mp4"), tmp_path / "poses", FakeReader())
    assert found.written == ("a_good",)
    assert "bad.mp4: no person was found" in found.faults[0]
    assert [path.name for path in (tmp_path / "poses").iterdir()] == ["a_good.npz"]


def test_empty_folders_and_one_name_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match="holds no video"):
        find_recordings(videos(tmp_path / "v", "readme.txt"))
    with pytest.raises(SadvaeError, match="two videos that are both called 'a_b'"):
        find_recordings(videos(tmp_path / "w", "a/b.mp4", "a/b.avi"))
    with pytest.raises(SadvaeError, match="does not exist"):
        find_recordings(tmp_path / "nothing")
