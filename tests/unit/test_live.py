"""A stream of frames gives answers at a steady rate, and the same ones as the whole window asked about at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.recordings.live import Stream
from sadvae.types import SkeletonClip
from tests.conftest import STICK
from tests.unit.test_timeline import NAMES, Heights, recording


@pytest.mark.parametrize(("rate", "fps", "gaps"), [(2.0, 30.0, {15}), (4.0, 30.0, {7, 8}), (10.0, 25.0, {2, 3})])
def test_answers_come_at_a_steady_rate_from_a_full_window_on(rate: float, fps: float, gaps: set[int]) -> None:
    stream = Stream(Heights(), NAMES, window=1.0, rate=rate, fps=fps)
    frames = recording(("up", 300)).joints[0]
    answers = [answer for frame in frames if (answer := stream.push(frame)) is not None]
    at = [answer.frame for answer in answers]
    assert at[0] == fps - 1
    assert set(np.diff(at).tolist()) == gaps
    assert len(at) == pytest.approx((300 - fps) / fps * rate, abs=1.01)
    assert answers[0].seconds == pytest.approx(1.0)


def test_an_answer_is_that_of_its_window() -> None:
    clip = recording(("up", 50), ("down", 70))
    heights = Heights()
    stream = Stream(heights, NAMES, window=1.0, rate=3.0, fps=30.0)
    for number, frame in enumerate(clip.joints[0]):
        answer = stream.push(frame[None])
        if answer is not None and answer.prediction is not None:
            window = SkeletonClip(clip.joints[:, number - 29 : number + 1], STICK, "window")
            assert answer.prediction.answers == heights.predict([window], NAMES)[0].answers


def test_nobody_is_no_prediction_and_people_may_come_and_go() -> None:
    stream = Stream(Heights(), NAMES, window=0.5, rate=30.0, fps=30.0)
    nobody = np.zeros((0, 5, 3), np.float32)
    first = [stream.push(nobody) for _ in range(15)][-1]
    assert first is not None
    assert (first.prediction, first.name) == (None, None)
    names = [a.name for frame in recording(("up", 15)).joints[0] if (a := stream.push(frame)) is not None]
    assert names[-1] == "up"


def test_a_body_that_has_left_is_not_in_the_window_any_more() -> None:
    seen: list[np.ndarray] = []

    class Kept(Heights):
        def predict(self, clips: Any, *rest: Any, **options: Any) -> Any:
            seen.append(clips.joints)
            return super().predict(clips, *rest, **options)

    stream = Stream(Kept(), NAMES, window=0.5, rate=30.0, fps=30.0)
    for people in (2,) * 15 + (1,) * 15:
        stream.push(np.ones((people, 5, 3), np.float32))
    assert [bool(body.any()) for body in seen[0]] == [True, True]
    assert [bool(body.any()) for body in seen[-1]] == [True, False]


def test_a_bad_frame_is_refused_and_not_taken() -> None:
    stream = Stream(Heights(), NAMES, window=2 / 30, rate=30.0)
    for bad in (np.zeros((4, 3)), np.zeros((3, 5, 3)), np.zeros(5)):
        with pytest.raises(SadvaeError, match="a frame has shape"):
            stream.push(bad.astype(np.float32))
    with pytest.raises(SadvaeError, match="frame 0 holds a number that is not finite"):
        stream.push(np.full((5, 3), np.nan, np.float32))
    assert stream.push(np.ones((5, 3), np.float32)) is None
    answer = stream.push(np.ones((5, 3), np.float32))
    assert answer is not None
    assert answer.frame == 1


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SadvaeError, match="answers a second"):
        Stream(Heights(), NAMES, rate=31, fps=30)
    with pytest.raises(SadvaeError, match="people a frame"):
        Stream(Heights(), NAMES, people=0)
