"""Pictures of files and cameras: which are kept, what is refused, answers at a steady rate; none needs OpenCV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.video.camera import Watching, watch
from sadvae.video.capture import Video, facts_of, is_video, open_video
from sadvae.video.estimator import Image
from sadvae.video.poses import Landmarks
from sadvae.video.settings import VideoSettings
from tests.unit.test_poses import body, seen


class FakeCapture:
    """A camera or file of so many pictures; picture n is all n in blue. Each takes `seconds` of the clock."""

    def __init__(self, pictures: int, seconds: float = 0.0) -> None:
        self.left, self.seconds, self.time, self.released = pictures, seconds, 0.0, False
        self.given = 0

    def read(self) -> tuple[bool, Image | None]:
        self.time += self.seconds
        if self.given == self.left:
            return False, None
        picture = np.zeros((4, 6, 3), np.uint8)
        picture[..., 0] = self.given % 256
        self.given += 1
        return True, picture

    def release(self) -> None:
        self.released = True

    def clock(self) -> float:
        return self.time


class FakeEstimator:
    """Finds a body in pictures of these numbers alone."""

    def __init__(self, numbers: range) -> None:
        self.numbers = numbers

    def landmarks(self, picture: Image) -> Landmarks | None:
        number = int(picture[0, 0, 2])
        return seen(body(), (number / 100, 0.0)) if number in self.numbers else None


def fake_video(pictures: int, rate: float, settings: VideoSettings) -> tuple[Video, FakeCapture]:
    capture = FakeCapture(pictures)
    return Video(Path("x.mp4"), facts_of(0, rate, settings), capture, settings), capture


def test_answers_come_at_a_steady_rate_on_the_last_seconds() -> None:
    capture = FakeCapture(201, seconds=0.1)
    found = list(watch(capture, FakeEstimator(range(50, 256)), Watching(3, 2), clock=capture.clock))
    assert [round(at, 1) for at, _ in found] == pytest.approx([2.0 * i for i in range(1, 11)], abs=0.11)
    clips = [video for _, video in found]
    # No body in the first five seconds; the window of the answer at 6 s holds ten pictures with one.
    assert clips[0] is None
    assert clips[1] is None
    assert clips[2] is not None
    assert clips[2].found == pytest.approx(10, abs=1)
    assert clips[-1] is not None
    assert clips[-1].found == clips[-1].clip.joints.shape[1] == pytest.approx(31, abs=1)
    assert clips[-1].rate == pytest.approx(10)
    assert capture.released


def test_a_slow_reader_gets_the_present_and_not_what_it_missed() -> None:
    capture = FakeCapture(400, seconds=0.1)
    times = []
    for at, _ in watch(capture, FakeEstimator(range(0)), Watching(3, 1), clock=capture.clock):
        times.append(at)
        capture.time += 2.3
    assert np.diff(times) == pytest.approx(3.0, abs=0.11)


def test_a_camera_that_is_left_is_let_go() -> None:
    capture = FakeCapture(100, seconds=0.5)
    stream = watch(capture, FakeEstimator(range(0)), clock=capture.clock)
    next(stream)
    stream.close()
    assert capture.released


def test_a_dead_camera_is_one_sentence() -> None:
    with pytest.raises(SadvaeError, match="the camera gives no picture"):
        list(watch(FakeCapture(0), FakeEstimator(range(0))))


@pytest.mark.parametrize(("rate", "kept"), [(30, 120), (60, 60), (59.94, 60), (50, 72), (25, 120), (240, 15)])
def test_fast_videos_are_thinned_evenly(rate: float, kept: int) -> None:
    video, capture = fake_video(120, rate, VideoSettings())
    numbers = [number for number, _ in video.pictures()]
    assert len(numbers) == pytest.approx(kept, abs=1)
    assert len(set(np.diff(numbers))) <= 2
    assert capture.released


def test_pictures_come_in_red_green_blue() -> None:
    video, _ = fake_video(5, 30, VideoSettings())
    assert [picture[0, 0].tolist() for _, picture in video.pictures()] == [[0, 0, n] for n in range(5)]


def test_a_video_that_hides_its_length_is_stopped_at_the_limit() -> None:
    video, capture = fake_video(1000, 30, VideoSettings(most_seconds=2))
    with pytest.raises(SadvaeError, match=r"x.mp4 is 2 seconds long or longer; at most 2 are read"):
        list(video.pictures())
    assert capture.given <= 62
    assert capture.released


def test_a_video_without_pictures_is_one_sentence() -> None:
    video, _ = fake_video(0, 30, VideoSettings())
    with pytest.raises(SadvaeError, match="holds no picture that can be decoded"):
        list(video.pictures())


@pytest.mark.parametrize("rate", [0.0, -5.0, float("nan"), float("inf"), 1e9])
def test_senseless_headers_mean_the_usual_rate(rate: float) -> None:
    facts = facts_of(float("nan"), rate, VideoSettings())
    assert (facts.frames, facts.rate, facts.kept_rate) == (0, 30.0, 30.0)


def test_big_and_missing_files_are_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "big.mp4"
    path.write_bytes(bytes(3 * 2**20))
    with pytest.raises(SadvaeError, match=r"big.mp4 has 3 MiB; at most 2 are read: cut or shrink it"):
        open_video(path, VideoSettings(most_bytes=2 * 2**20))
    with pytest.raises(SadvaeError, match=r"none.mp4 does not exist"):
        open_video(tmp_path / "none.mp4", VideoSettings())


def test_videos_are_known_by_name() -> None:
    assert is_video(Path("a/B.MP4"))
    assert is_video(Path("a.webm"))
    assert not is_video(Path("a.npz"))
