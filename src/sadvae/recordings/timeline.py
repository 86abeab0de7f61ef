"""Which action happens when: a recogniser asked about every window of a long recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sadvae.errors import SadvaeError
from sadvae.recognition.answers import Prediction
from sadvae.recognition.asked import Note, UnfitError, without_unfit
from sadvae.recordings.segments import Segment, best_path, log_scores, merged_segments
from sadvae.recordings.windows import cell_edges, cell_scores, frames_of, window_starts
from sadvae.skeleton.joint_maps import joint_map, map_clip
from sadvae.types import FloatArray, IntArray, Layout, SkeletonClip

# Seconds, and how likely a name must fit; chosen on trained classes (benchmarks/timeline.py).
WINDOW, STEP = 1.5, 0.25
LEAST_FIT = 0.25
FPS = 30.0
# In natural logarithms: a change of name pays where later cells are together e times as likely under the new one.
PRICE = 1.0
# Windows that are asked about at a time, which bounds memory.
CHUNK = 64
Progress = Callable[[int, int], None]


class Names(Protocol):
    """A recogniser: sadvae.recognizer.Recognizer, or one that was exported."""

    @property
    def config(self) -> Any: ...

    @property
    def encoder(self) -> Any: ...

    @property
    def predict(self) -> Callable[..., list[Prediction]]: ...

    @property
    def embed(self) -> Callable[..., FloatArray]: ...


@dataclass(frozen=True, eq=False)
class Timeline:
    """What happens in one recording.

    fps: frames a second. edges: int64 [cell + 1], where cells of one step begin and end, in frames.
    scores: float32 [cell, name], probabilities among the names. fits: float32 [cell], how likely any name fits (1 where
    the recogniser was not calibrated to tell, 0 where there is no body).
    """

    clip_id: str
    names: tuple[str, ...]
    fps: float
    edges: IntArray
    scores: FloatArray
    fits: FloatArray
    segments: tuple[Segment, ...]


def timeline(
    recognizer: Names,
    clip: SkeletonClip | str | Path,
    classes: Sequence[str],
    descriptions: Sequence[Sequence[str]] | None = None,
    *,
    window: float = WINDOW,
    step: float = STEP,
    fps: float = FPS,
    price: float = PRICE,
    least: float = 0.0,
    mode: Literal["zsl", "gzsl"] = "zsl",
    none_of_these: float = LEAST_FIT,
    map_layout: bool = False,
    note: Note | None = None,
    progress: Progress | None = None,
) -> Timeline:
    """Name the actions of a recording over time.

    clip: a raw clip, or a skeleton file of one clip. classes, descriptions, mode, none_of_these, map_layout, note: as
    for Recognizer.predict. window, step: seconds that an answer is about, and seconds between answers.
    fps: frames a second of the recording. price: of a change of name, in natural logarithms; more gives fewer segments.
    least: segments whose score is lower are left out. progress: called with windows done and windows in all.
    Stretches without a body have no segment, and neither have those that no name fits.
    Raises SadvaeError as Recognizer.predict does, and for settings out of range.
    """
    size, stride = frames_of(window, fps, "the window"), frames_of(step, fps, "the step")
    if stride > size:
        raise SadvaeError(f"a step of {step:g} seconds leaves gaps between windows of {window:g}; make it shorter.")
    whole = _one_clip(clip, recognizer)
    if map_layout or whole.layout.name in recognizer.config.layouts:
        whole = _mapped(whole, recognizer.encoder.layout, note)
    frames = whole.joints.shape[1]
    starts = window_starts(frames, size, stride)
    names, answers, kept = _asked(
        recognizer, _windows(whole, starts, size), (classes, descriptions, mode), note, progress
    )
    starts = starts[kept]
    edges = cell_edges(frames, stride)
    cells = cell_scores(answers, starts, size, edges)
    nobody = _nobody(cells, whole.joints, edges)
    scores, fits = cells[:, :-1], np.where(nobody, np.float32(0), cells[:, -1])
    logs = log_scores(scores, fits, none_of_these)
    logs[nobody] = np.append(np.full(len(names), -np.inf), 0.0)
    found = merged_segments(best_path(logs, price), scores, edges, names, fps)
    return Timeline(whole.clip_id, names, fps, edges, scores, fits, tuple(s for s in found if s.score >= least))


def _one_clip(clip: SkeletonClip | str | Path, recognizer: Names) -> SkeletonClip:
    if isinstance(clip, SkeletonClip):
        return clip
    # Reading needs more libraries than recognising does.
    from sadvae.skeleton.read import read_clips

    read = read_clips(clip, all_bodies=recognizer.config.prepare.all_bodies)
    if len(read) != 1:
        raise SadvaeError(f"{clip} holds {len(read)} clips; a timeline is of one, so give them one by one.")
    return read[0]


def _mapped(clip: SkeletonClip, target: Layout, note: Note | None) -> SkeletonClip:
    if note is not None and clip.layout.joints != target.joints:
        note(joint_map(clip.layout, target).sentence)
    return map_clip(clip, target)


def _windows(whole: SkeletonClip, starts: IntArray, size: int) -> list[SkeletonClip]:
    return [
        replace(whole, joints=whole.joints[:, start : start + size], clip_id=f"{whole.clip_id} frame {start}")
        for start in starts.tolist()
    ]


def _asked(
    recognizer: Names,
    pieces: list[SkeletonClip],
    question: tuple[Any, Any, str],
    note: Note | None,
    progress: Progress | None,
) -> tuple[tuple[str, ...], FloatArray, list[int]]:
    """Names, those asked for first; scores of windows, and whether any fits, float32 [window, name + 1]; and which.

    Windows that hold nothing to recognise have no scores. Raises UnfitError if all are so.
    """
    classes, descriptions, mode = question
    found: list[Prediction] = []
    unfit: dict[str, str] = {}
    for start in range(0, len(pieces), CHUNK):
        # What is to be said of the question is said once.
        ask = partial(recognizer.predict, note=None if found else note)
        some, left_out = _of_chunk(ask, pieces[start : start + CHUNK], classes, descriptions, mode)
        found, unfit = found + some, unfit | left_out
        if progress is not None:
            progress(len(found) + len(unfit), len(pieces))
    if not found:
        name, reason = pieces[0].clip_id.rpartition(" frame ")[0], unfit[pieces[0].clip_id]
        raise UnfitError(f"no part of clip {name!r} can be recognised; the first: {reason}.", {name: reason})
    kept = [place for place, piece in enumerate(pieces) if piece.clip_id not in unfit]
    return *_scored(found, classes), kept


def _of_chunk(
    predict: Callable[..., list[Prediction]], pieces: list[SkeletonClip], classes: Any, descriptions: Any, mode: str
) -> tuple[list[Prediction], dict[str, str]]:
    def ask(clips: list[SkeletonClip]) -> list[Prediction]:
        return predict(clips, classes, descriptions, mode=mode)

    try:
        return without_unfit(pieces, ask)
    except UnfitError as error:
        return [], error.reasons


def _scored(found: list[Prediction], classes: Sequence[str]) -> tuple[tuple[str, ...], FloatArray]:
    candidates = [answer.name for answer in found[0].answers]
    asked = [name.strip() for name in classes if name.strip() in candidates]
    names = (*asked, *sorted(set(candidates) - set(asked)))
    scores = np.zeros((len(found), len(names) + 1), np.float32)
    for row, prediction in zip(scores, found, strict=True):
        given = {answer.name: answer.probability for answer in prediction.answers}
        row[:-1] = [given[name] for name in names]
        row[-1] = 1.0 if prediction.fits is None else prediction.fits
    return names, scores


def _nobody(cells: FloatArray, joints: FloatArray, edges: IntArray) -> NDArray[np.bool_]:
    """Which cells are without any body, or lie under no window that tells of them: bool [cell]."""
    seen = np.any(joints, axis=(0, 2, 3))
    return ~np.logical_or.reduceat(seen, edges[:-1]) | ~np.any(cells, axis=1)
