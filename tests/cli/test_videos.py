"""Videos and cameras through the command line: with stand-ins for the estimator always, with MediaPipe where it is.

Where MediaPipe is missing the tests that need it are skipped; `make test-video` makes an environment that has it.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.skeleton.canonical import canonicalise
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.generated.picture import Image, draw_clip
from sadvae.skeleton.joint_maps import map_clip
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.read import read_clip_set, read_clips
from sadvae.types import SkeletonClip
from sadvae.video.capture import open_video
from sadvae.video.read import clip_of
from sadvae.video.settings import VideoSettings
from sadvae.video.write import write_video
from tests.cli.conftest import CommandLine
from tests.unit.test_camera import FakeCapture, FakeEstimator
from tests.unit.test_poses import body, seen

needs_mediapipe = pytest.mark.skipif(find_spec("mediapipe") is None, reason="needs mediapipe: make test-video")
NAMES = "wave the right hand, squat, bow"
KINECT = load_layout("kinect-v2")


class FakePose(FakeEstimator):
    """An estimator for the first 60 pictures, used as a context."""

    def __init__(self) -> None:
        super().__init__(range(60))

    def __enter__(self) -> FakePose:
        return self

    def __exit__(self, *error: object) -> None:
        pass


@pytest.fixture
def recognizer(run_folder: Path) -> Path:
    return run_folder / "seed-0" / "recognizer"


def test_without_mediapipe_one_sentence_says_what_to_install(
    recognizer: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("cv2", "mediapipe", "mediapipe.python.solutions.pose"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "a.mp4").write_bytes(b"video")
    for words in (
        ("predict", recognizer, tmp_path / "a.mp4", "--classes", NAMES),
        ("predict", recognizer, "--camera", 0, "--classes", NAMES),
        ("poses", tmp_path, "--out", tmp_path / "poses"),
    ):
        done = sadvae(*words)
        assert done.code == 2
        assert "videos need mediapipe==0.10.21, which is not installed here" in done.err
        assert "extra `video`" in done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to recognise; give skeleton files or videos, or --camera 0"),
        (("--camera", 0, "--out", "x.json"), "--camera does not go together with --out"),
        (("--camera", 0, "a.mp4"), "--camera does not go together with files"),
        (("a.npz", "--save-clips", "b.npz"), "no video was given"),
        (("nothing.mp4",), "nothing.mp4 does not exist"),
    ],
)
def test_words_that_do_not_fit_are_one_sentence(
    words: tuple[object, ...], said: str, recognizer: Path, sadvae: CommandLine
) -> None:
    done = sadvae("predict", recognizer, *words, "--classes", NAMES)
    assert done.code == 2
    assert said in done.err


def test_a_camera_is_answered_until_it_ends(
    recognizer: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = FakeCapture(125, seconds=0.1)
    monkeypatch.setattr("sadvae.cli.videos.MediaPipePose", FakePose)
    monkeypatch.setattr("sadvae.cli.videos.open_camera", lambda number: capture)
    monkeypatch.setattr("sadvae.video.camera.watch.__defaults__", (None, None, capture.clock))
    done = sadvae("predict", recognizer, "--camera", 0, "--classes", NAMES, "--every", 2, "--top", 2)
    assert done.code == 0, done.err
    first, *lines = done.out.splitlines()
    assert first == "Watching camera 0: an answer every 2 s; Ctrl-C ends."
    assert len(lines) == 6
    for line in lines[:4]:
        assert sum(name in line for name in NAMES.split(", ")) == 2
    # The person left after 6 s; the answer at 10 s is on the last three seconds.
    assert [line.endswith("no person") for line in lines] == [False] * 4 + [True] * 2
    assert capture.released


def test_videos_and_skeleton_files_are_answered_in_their_order(
    recognizer: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [seen(body(frame % 3)) for frame in range(12)]
    video = clip_of([*found, None, *found], 30, "film", "film.mp4", VideoSettings())
    monkeypatch.setattr("sadvae.cli.videos.read_video", lambda path, progress: video)
    clips = generate_clip_set(subjects=1, repetitions=1, actions=("squat",))
    write_clips_file(tmp_path / "a.npz", clips)
    words = ("--classes", NAMES, "--out", tmp_path / "out.json", "--save-clips", tmp_path / "saved.npz")
    done = sadvae("predict", recognizer, tmp_path / "a.npz", "film.mp4", *words)
    assert done.code == 0, done.err
    answers = json.loads((tmp_path / "out.json").read_text())
    assert [answer["clip"] for answer in answers] == [clips.clips[0].clip_id, "film"]
    assert "film: 1 frames without a person were interpolated." in done.err
    assert "mediapipe-33 was mapped to kinect-v2" in done.err
    assert "what that costs with real people is not measured" in done.err
    (saved,) = read_clips(tmp_path / "saved.npz")
    assert np.array_equal(saved.joints, video.clip.joints)
    assert saved.layout.name == "mediapipe-33"


def drawn(action: str, frames: int = 30) -> tuple[SkeletonClip, list[Image]]:
    """A generated clip without noise, and pictures of it."""
    settings = {
        "subjects": 1,
        "repetitions": 1,
        "noise": 0,
        "dropped": 0,
        "view_degrees": 15,
        "frames": (frames, frames),
    }
    clip = generate_clip_set(actions=(action,), **settings).clips[0]
    return clip, draw_clip(clip.joints[0])


@pytest.fixture(scope="module")
def waving(tmp_path_factory: pytest.TempPathFactory) -> tuple[SkeletonClip, list[Image], Path]:
    path = tmp_path_factory.mktemp("videos") / "waving.mp4"
    clip, pictures = drawn("wave the right hand")
    write_video(path, pictures)
    return clip, pictures, path


@needs_mediapipe
def test_a_drawn_person_is_found_named_and_stands_where_it_was_drawn(
    waving: tuple[SkeletonClip, list[Image], Path], recognizer: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    true, _, path = waving
    out, saved = tmp_path / "answers.json", tmp_path / "saved.npz"
    done = sadvae("predict", recognizer, path, "--classes", NAMES, "--out", out, "--save-clips", saved)
    assert done.code == 0, done.err
    assert "INFO" not in done.err
    assert "W0000" not in done.err
    (answer,) = json.loads(out.read_text())
    assert answer["clip"] == "waving"
    assert {one["name"] for one in answer["answers"]} == set(NAMES.split(", "))
    guess = map_clip(read_clips(saved)[0], KINECT)
    assert guess.joints.shape == true.joints.shape
    one, other = (canonicalise(clip.joints, KINECT)[0] for clip in (true, guess))
    assert np.linalg.norm(one - other, axis=2).mean() < 0.3
    for side, raised in (("right", True), ("left", False)):
        wrist, shoulder = (KINECT.joints.index(f"{side} {joint}") for joint in ("wrist", "shoulder"))
        assert (other[:, wrist, 1] > other[:, shoulder, 1]).any() == raised
        assert (one[:, wrist, 1] > one[:, shoulder, 1]).any() == raised


@needs_mediapipe
def test_a_person_who_is_away_for_a_moment_is_interpolated(
    waving: tuple[SkeletonClip, list[Image], Path], recognizer: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    pictures = list(waving[1])
    pictures[12:16] = [np.full_like(pictures[0], 200)] * 4
    write_video(tmp_path / "gap.mp4", pictures)
    done = sadvae("predict", recognizer, tmp_path / "gap.mp4", "--classes", NAMES)
    assert done.code == 0, done.err
    assert "gap: 4 frames without a person were interpolated." in done.err


@needs_mediapipe
def test_videos_without_a_person_and_damaged_ones_are_one_sentence(
    waving: tuple[SkeletonClip, list[Image], Path], recognizer: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    write_video(tmp_path / "empty.mp4", [np.full((120, 160, 3), 90 + i, np.uint8) for i in range(12)])
    whole = waving[2].read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "noise.avi").write_bytes(np.random.default_rng(0).bytes(4000))
    for name, said in (
        ("empty.mp4", "no person was found in any of its 12 frames"),
        ("cut.mp4", "cannot be read as a video"),
        ("noise.avi", "cannot be read as a video"),
    ):
        done = sadvae("predict", recognizer, tmp_path / name, "--classes", NAMES)
        assert done.code == 2, name
        assert f"{name}" in done.err
        assert said in done.err
        assert "Traceback" not in done.err
        assert "moov" not in done.err


@needs_mediapipe
def test_limits_are_checked_from_the_header(waving: tuple[SkeletonClip, list[Image], Path]) -> None:
    facts = open_video(waving[2], VideoSettings()).facts
    assert (facts.frames, facts.rate) == (30, 30.0)
    with pytest.raises(SadvaeError, match=r"is 1 seconds long or longer; at most 0.5 are read"):
        open_video(waving[2], VideoSettings(most_seconds=0.5))
    with pytest.raises(SadvaeError, match="pictures of 480 pixels a side; at most 400 are read"):
        open_video(waving[2], VideoSettings(most_side=400))


@needs_mediapipe
def test_folders_of_videos_become_clips_to_train_on(
    waving: tuple[SkeletonClip, list[Image], Path], tmp_path: Path, sadvae: CommandLine
) -> None:
    for place in ("wave/ann", "wave/bob"):
        (tmp_path / "v" / place).mkdir(parents=True)
        (tmp_path / "v" / place / "1.mp4").write_bytes(waving[2].read_bytes())
    (tmp_path / "v" / "wave" / "ann" / "bad.mp4").write_bytes(b"nothing")
    words = ("poses", tmp_path / "v", "--out", tmp_path / "poses", "--layout", "kinect-v2")
    done = sadvae(*words)
    assert done.code == 0, done.err
    assert "Wrote the poses of 2 videos" in done.out
    assert "Left out:" in done.err
    assert "bad.mp4 cannot be read as a video" in done.err
    assert "(2 were there already)" in sadvae(*words).out
    done = sadvae("prepare", tmp_path / "poses", "--out", tmp_path / "clips.npz")
    assert done.code == 0, done.err
    clips = read_clip_set(tmp_path / "clips.npz")
    assert [(clip.clip_id, clip.label, clip.subject) for clip in clips.clips] == [
        ("wave_ann_1", 0, "ann"),
        ("wave_bob_1", 0, "bob"),
    ]
