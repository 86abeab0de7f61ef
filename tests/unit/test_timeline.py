"""Timelines find concatenated actions where they are, say nothing where nobody is, and become files."""

from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sadvae.cli.timelines import Over, show_timelines
from sadvae.cli.videos import Asking
from sadvae.errors import SadvaeError
from sadvae.recognition.answers import Answer, Prediction
from sadvae.recognition.asked import UnfitError, prepared
from sadvae.recordings.segments import Segment, best_path, log_scores, merged_segments
from sadvae.recordings.timed import TimedClip
from sadvae.recordings.timeline import CHUNK, LEAST_FIT, PRICE, STEP, WINDOW, Timeline, timeline
from sadvae.recordings.timeline_files import subtitles, write_timelines
from sadvae.recordings.windows import cell_edges, cell_scores, frames_of, window_starts
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.types import ClipSet, SkeletonClip
from tests.conftest import STICK

NAMES = ("up", "down", "still")


@dataclass
class Heights:
    """A recogniser that knows exactly: it names the way the first joint goes in a window, in proportion to frames."""

    fits: float | None = None
    asked: list[int] = field(default_factory=list)
    config: Any = field(
        default_factory=lambda: SimpleNamespace(prepare=PrepareSettings(canonicalise=False), layouts=())
    )
    encoder: Any = field(default_factory=lambda: SimpleNamespace(layout=STICK))

    def predict(
        self, clips: SkeletonClip | Sequence[SkeletonClip], classes: Sequence[str], *_: object, **__: object
    ) -> list[Prediction]:
        several = [clips] if isinstance(clips, SkeletonClip) else clips
        prepared(several, STICK, self.config.prepare)
        self.asked.append(len(several))
        return [self._one(clip, classes) for clip in several]

    def embed(self, names: Sequence[str], descriptions: object = None) -> np.ndarray:
        return np.zeros((len(names), 1), np.float32)

    def _one(self, clip: SkeletonClip, classes: Sequence[str]) -> Prediction:
        way = np.sign(np.diff(clip.joints[0, :, 0, 1]).round(6))
        share = {"up": (way > 0).mean(), "down": (way < 0).mean(), "still": (way == 0).mean()}
        answers = sorted((Answer(name, float(share[name])) for name in classes), key=lambda a: -a.probability)
        return Prediction(clip.clip_id, tuple(answers), self.fits)


def recording(*parts: tuple[str, int]) -> SkeletonClip:
    """A body that goes up, down or stays, for some frames each; "nobody" is an empty stretch."""
    steps = np.concatenate([np.full(n, {"up": 0.1, "down": -0.1}.get(what, 0.0)) for what, n in parts])
    joints = np.ones((1, len(steps), 5, 3), np.float32)
    joints[..., 0] = np.arange(5)
    joints[0, :, :, 1] = (10 + np.cumsum(steps))[:, None]
    joints[0, np.repeat([what == "nobody" for what, _ in parts], [n for _, n in parts])] = 0
    return SkeletonClip(joints, STICK, "long")


def test_segments_of_concatenated_actions_are_where_the_actions_are() -> None:
    clip = recording(("up", 60), ("still", 45), ("down", 75))
    found = timeline(Heights(), clip, NAMES, window=1.0, step=0.1, fps=30)
    assert [s.name for s in found.segments] == ["up", "still", "down"]
    assert [s.start for s in found.segments][1:] == [s.end for s in found.segments][:-1]
    assert [s.end for s in found.segments] == pytest.approx([60, 105, 180], abs=3)
    assert found.segments[0].end_seconds == found.segments[0].end / 30
    assert all(s.score > 0.6 for s in found.segments)


def test_stretches_without_a_body_have_no_segment() -> None:
    clip = recording(("up", 60), ("nobody", 60), ("down", 60))
    found = timeline(Heights(), clip, NAMES, window=1.0, step=0.1, fps=30)
    assert [(s.name, s.start, s.end) for s in found.segments] == [("up", 0, 60), ("down", 120, 180)]
    assert found.fits.tolist() == [1.0] * 20 + [0.0] * 20 + [1.0] * 20


def test_a_stretch_without_a_body_has_no_segment_even_where_none_of_these_is_never_said() -> None:
    clip = recording(("up", 60), ("nobody", 60), ("down", 60))
    found = timeline(Heights(), clip, NAMES, window=1.0, step=0.1, fps=30, none_of_these=0)
    assert [(s.name, s.start, s.end) for s in found.segments] == [("up", 0, 60), ("down", 120, 180)]


def test_what_no_name_fits_has_no_segment_unless_that_is_turned_off() -> None:
    clip = recording(("up", 90))
    assert timeline(Heights(fits=0.1), clip, NAMES).segments == ()
    assert [s.name for s in timeline(Heights(fits=0.1), clip, NAMES, none_of_these=0).segments] == ["up"]
    assert [s.name for s in timeline(Heights(fits=0.9), clip, NAMES).segments] == ["up"]


def test_a_high_price_gives_fewer_segments_and_a_least_score_leaves_weak_ones_out() -> None:
    clip = recording(("up", 60), ("still", 12), ("up", 60))
    dear, cheap = (timeline(Heights(), clip, NAMES, window=0.5, step=0.1, price=p).segments for p in (20.0, 0.1))
    assert (len(dear), len(cheap)) == (1, 3)
    assert timeline(Heights(), clip, NAMES, window=0.5, step=0.1, price=20.0, least=0.99).segments == ()


def test_windows_are_asked_about_in_chunks_and_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    heights = Heights()
    timeline(heights, recording(("up", 600)), NAMES, step=0.1, progress=lambda *now: told.append(now))
    assert max(heights.asked) <= 64
    assert told[-1] == (sum(heights.asked), sum(heights.asked))


def test_a_recording_shorter_than_a_window_is_one_window() -> None:
    found = timeline(Heights(), recording(("up", 20)), NAMES, window=2.0)
    assert [(s.name, s.start, s.end) for s in found.segments] == [("up", 0, 20)]


def test_a_duration_is_the_nearest_number_of_frames() -> None:
    assert [frames_of(seconds, 29.97, "it") for seconds in (1.5, 0.25, 0.001)] == [45, 7, 1]


def test_defaults_are_those_that_the_page_states() -> None:
    assert (WINDOW, STEP, LEAST_FIT, PRICE) == (1.5, 0.25, 0.25, 1.0)


def test_every_frame_lies_in_a_window_and_in_one_cell() -> None:
    for frames, window, step in product((1, 7, 30, 31), (1, 5, 40), (1, 3)):
        if step > window:
            continue
        starts, edges = window_starts(frames, window, step), cell_edges(frames, step)
        covered = np.zeros(frames, int)
        for start in starts:
            covered[start : start + window] += 1
        assert covered.min() > 0
        assert (edges[0], edges[-1]) == (0, frames)
        assert starts[-1] + min(window, frames) == frames
        ones = np.ones((len(starts), 2), np.float32)
        np.testing.assert_allclose(cell_scores(ones, starts, window, edges), 1, atol=1e-6)


def all_pairs(scores: np.ndarray, starts: np.ndarray, window: int, edges: np.ndarray) -> np.ndarray:
    """What cell_scores says, by a weight for every pair of a cell and a window."""
    length = min(window, int(edges[-1]))
    distance = np.abs(((edges[:-1] + edges[1:]) / 2)[:, None] - (starts + length / 2)[None])
    weight = np.maximum(1 - distance / (length / 2 + 1e-6), 0)
    weight[(weight == 0) & (distance <= length / 2)] = 1e-6
    total = weight.sum(axis=1, keepdims=True)
    return weight @ scores / np.where(total > 0, total, 1)


def test_cells_get_what_a_weight_for_every_pair_would_give_them() -> None:
    rng = np.random.default_rng(0)
    for frames, window, step in product((1, 7, 30, 31, 200), (1, 5, 8, 45, 300), (1, 3, 5)):
        starts, edges = window_starts(frames, window, step), cell_edges(frames, step)
        kept = starts[rng.random(len(starts)) < 0.5]
        for some in (starts, kept):
            scores = rng.random((len(some), 3)).astype(np.float32)
            found = cell_scores(scores, some, window, edges)
            np.testing.assert_allclose(found, all_pairs(scores, some, window, edges), atol=1e-6)


def most_memory(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_scores_of_a_recording_twice_as_long_take_twice_the_memory() -> None:
    def memory(frames: int) -> int:
        starts, edges = window_starts(frames, 45, 8), cell_edges(frames, 8)
        return most_memory(lambda: cell_scores(np.ones((len(starts), 4), np.float32), starts, 45, edges))

    assert memory(18000) < 3 * memory(9000)


def test_prepared_windows_are_not_kept_while_the_others_are_looked_at() -> None:
    clip = recording(("up", 900))
    heights = Heights(config=SimpleNamespace(prepare=PrepareSettings(canonicalise=False, frames=1000), layouts=()))
    one = 1000 * clip.joints[0, 0].nbytes
    # Of 291 windows, those of one question are there at a time.
    assert most_memory(lambda: timeline(heights, clip, NAMES, window=1.0, step=0.1)) < 2 * CHUNK * one
    assert sum(heights.asked) == 291


def test_the_best_path_is_the_best_of_all_paths() -> None:
    rng = np.random.default_rng(0)
    for price in (0.0, 0.7, 3.0):
        logs = rng.normal(size=(6, 3))
        logs[2, 0] = -np.inf

        def worth(path: Sequence[int], logs: np.ndarray = logs, price: float = price) -> float:
            return sum(logs[i, c] for i, c in enumerate(path)) - price * int(np.count_nonzero(np.diff(path)))

        best = max(product(range(3), repeat=6), key=worth)
        assert worth(best_path(logs, price).tolist()) == pytest.approx(worth(best))


def test_none_of_the_names_is_best_exactly_where_a_fit_is_less_likely_than_asked() -> None:
    scores = np.array([[0.7, 0.3]] * 3, np.float32)
    fits = np.array([0.2, 0.29, 0.31], np.float32)
    assert log_scores(scores, fits, 0.3).argmax(axis=1).tolist() == [2, 2, 0]
    assert np.isneginf(log_scores(scores, fits, 0.0)[:, 2]).all()


def test_one_cell_alone_cannot_rule_a_name_out() -> None:
    scores, fits = np.array([[1.0, 0.0]], np.float32), np.ones(1, np.float32)
    assert log_scores(scores, fits, 0.5)[0, 1] == pytest.approx(np.log(1e-3))


def test_runs_become_segments_with_mean_scores() -> None:
    scores = np.array([[0.9, 0.1], [0.7, 0.3], [0.5, 0.5], [0.1, 0.9]], np.float32)
    found = merged_segments(np.array([0, 0, 2, 1]), scores, np.array([0, 5, 10, 15, 18]), ("a", "b"), 10.0)
    assert [(s.name, s.start, s.end, round(s.score, 3)) for s in found] == [("a", 0, 10, 0.8), ("b", 15, 18, 0.9)]
    assert (found[1].start_seconds, found[1].end_seconds) == (1.5, 1.8)


def test_recordings_of_one_name_get_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = [TimedClip(recording(("up", 60))), TimedClip(recording(("down", 60)))]
    show_timelines(Heights(), clips, Asking(list(NAMES), None, 3, "zsl"), Over(1.0, 0.25), tmp_path / "t.csv")
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [(row["clip"], row["name"]) for row in rows] == [("long (1)", "up"), ("long (2)", "down")]
    shown = capsys.readouterr().out
    assert "long (1)" in shown
    assert "long (2)" in shown


MADE = Timeline(
    "long",
    ("wave, left", "bow"),
    30.0,
    np.array([0, 15, 30]),
    np.array([[0.9, 0.1], [0.2, 0.8]], np.float32),
    np.ones(2, np.float32),
    (Segment(0, 15, 0.0, 0.5, "wave, left", 0.9), Segment(15, 109815, 0.5, 3660.5, "bow", 0.8)),
)


def test_subtitles_have_number_times_and_name() -> None:
    assert subtitles(MADE) == (
        "1\n00:00:00,000 --> 00:00:00,500\nwave, left (90 %)\n\n2\n00:00:00,500 --> 01:01:00,500\nbow (80 %)\n"
    )


def test_subtitles_round_to_the_nearest_millisecond() -> None:
    segment = Segment(0, 30, 1.001, 2.0006, "up", 0.5)
    assert "00:00:01,001 --> 00:00:02,001" in subtitles(replace(MADE, segments=(segment,)))


def test_tables_and_json_hold_the_segments(tmp_path: Path) -> None:
    write_timelines(tmp_path / "t.csv", [MADE])
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [(r["clip"], r["name"], r["start_frame"], r["end_seconds"]) for r in rows] == [
        ("long", "wave, left", "0", "0.500"),
        ("long", "bow", "15", "3660.500"),
    ]
    write_timelines(tmp_path / "t.json", [MADE])
    (read,) = json.loads((tmp_path / "t.json").read_text())
    assert read["names"] == ["wave, left", "bow"]
    assert [s["name"] for s in read["segments"]] == ["wave, left", "bow"]
    assert read["scores"][1] == pytest.approx([0.2, 0.8])


def test_bad_questions_are_refused_in_words(tmp_path: Path) -> None:
    clip = recording(("up", 30))
    with pytest.raises(SadvaeError, match="gaps between windows"):
        timeline(Heights(), clip, NAMES, window=0.5, step=1.0)
    with pytest.raises(SadvaeError, match="frames a second"):
        timeline(Heights(), clip, NAMES, fps=0)
    with pytest.raises(SadvaeError, match="the window is -1 seconds"):
        timeline(Heights(), clip, NAMES, window=-1)
    with pytest.raises(SadvaeError, match="no part of clip 'long' can be recognised"):
        timeline(Heights(), recording(("nobody", 30)), NAMES)
    both = ClipSet("two", STICK, (clip, replace(clip, clip_id="other")), ())
    write_clips_file(tmp_path / "two.npz", both)
    with pytest.raises(SadvaeError, match="holds 2 clips"):
        timeline(Heights(), tmp_path / "two.npz", NAMES)
    with pytest.raises(SadvaeError, match="subtitles are of one recording, not of 2"):
        write_timelines(tmp_path / "x.srt", [MADE, MADE])
    with pytest.raises(SadvaeError, match=r"ends in \.txt"):
        write_timelines(tmp_path / "x.txt", [MADE])


def test_windows_without_a_body_are_left_out_of_the_question_and_others_keep_their_places() -> None:
    heights, clip = Heights(), recording(("up", 60), ("nobody", 120), ("down", 60))
    done: list[tuple[int, int]] = []
    found = timeline(heights, clip, NAMES, window=1.0, step=0.1, fps=30, progress=lambda *now: done.append(now))
    assert [s.name for s in found.segments] == ["up", "down"]
    assert found.segments[1].start == pytest.approx(180, abs=3)
    assert sum(heights.asked) < done[-1][0] == done[-1][1]


def test_a_recording_without_anybody_costs_the_others_no_timeline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, empty = recording(("up", 60)), replace(recording(("nobody", 60)), clip_id="empty")
    asking, out = Asking(list(NAMES), None, 3, "zsl"), tmp_path / "t.json"
    show_timelines(Heights(), [TimedClip(good, 30.0), TimedClip(empty, 30.0)], asking, Over(1.0, 0.1), out)
    said = capsys.readouterr()
    assert "Left out: no part of clip 'empty' can be recognised" in said.err
    assert "frames a second are assumed" not in said.err
    assert [one["clip"] for one in json.loads(out.read_text())] == ["long"]
    with pytest.raises(UnfitError, match="'empty'"):
        show_timelines(Heights(), [TimedClip(empty)], asking, Over(1.0, 0.1), None)
    assert "30 frames a second are assumed" in capsys.readouterr().err
