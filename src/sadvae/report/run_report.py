"""From a finished run to its report page: latents of test clips, and a few unseen clips with the model's answers."""

from __future__ import annotations

import numpy as np

from sadvae.experiment import Run
from sadvae.methods.protocol import class_vectors
from sadvae.report.figure import write_picture
from sadvae.report.finished import FinishedRun, of_run
from sadvae.report.html import write_report
from sadvae.report.motion import facing_viewer
from sadvae.report.scene import ReportScene, SceneClip
from sadvae.types import FloatArray, SkeletonClip

SHOWN_CLIPS = 6


def write_run_report(run: Run) -> None:
    """Write report.html and, where there are clips to draw, picture.png beside a run's record."""
    scene = scene_of(of_run(run))
    write_report(run.folder / "report.html", run.record, scene)
    if scene.clips:
        write_picture(run.folder / "picture.png", run.record, scene)


def scene_of(run: FinishedRun) -> ReportScene:
    """What the page draws beyond the record: z_r and z_v of the test clips, and unseen clips that move (if at hand)."""
    task = run.task
    features = np.concatenate([task.test_seen.features, task.test_unseen.features])
    labels = np.concatenate([task.test_seen.labels, task.test_unseen.labels])
    latents = run.trained.latents(features)
    semantic = features if latents is None else latents.semantic
    style = None if latents is None or latents.style.shape[1] == 0 else latents.style
    is_seen = np.arange(len(labels)) < len(task.test_seen.labels)
    return ReportScene(semantic, style, labels, is_seen, _clips(run))


def _clips(run: FinishedRun) -> tuple[SceneClip, ...]:
    """Unseen test clips, one a class in turn, with the ranked unseen classes; none where features were imported."""
    if run.clips is None:
        return ()
    task, names = run.task, run.record.class_names
    unseen = task.split.unseen
    texts = class_vectors(run.trained, task.classes, unseen)
    probabilities = run.trained.unseen_probabilities(task.test_unseen.features, texts)
    by_id = {clip.clip_id: clip for clip in run.clips.clips}
    return tuple(
        _scene_clip(by_id[task.test_unseen.clip_ids[i]], names, probabilities[i], unseen)
        for i in _in_turn(task.test_unseen.labels)
    )


def _in_turn(labels: np.ndarray) -> list[int]:
    """Up to SHOWN_CLIPS indices that go round the classes, a middle clip of each first."""
    rows = [np.flatnonzero(labels == c) for c in np.unique(labels)]
    turns = [np.roll(r, -(len(r) // 2)) for r in rows]
    longest = max((len(t) for t in turns), default=0)
    return [int(t[i]) for i in range(longest) for t in turns if i < len(t)][:SHOWN_CLIPS]


def _scene_clip(clip: SkeletonClip, names: list[str], row: FloatArray, unseen: tuple[int, ...]) -> SceneClip:
    order = np.argsort(-row, kind="stable")
    answers = tuple((names[unseen[i]], float(row[i])) for i in order)
    truth = names[clip.label] if clip.label is not None else ""
    return SceneClip(facing_viewer(clip.joints[0], clip.layout), clip.layout.bones, truth, answers)
