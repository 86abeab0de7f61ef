"""From a finished run to the plain data of the figures that a record cannot give: latent maps and traversals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sadvae.evaluation.traversal import Half, Traversal, traverse
from sadvae.methods.protocol import Decodes
from sadvae.report.figures.latent_maps import Marks
from sadvae.report.figures.traversal_rows import Cell, Row
from sadvae.report.finished import FinishedRun
from sadvae.report.motion import centred, facing_viewer
from sadvae.report.tsne import chosen_rows, plane
from sadvae.report.words import class_name
from sadvae.types import SkeletonClip

# Which half is moved along which of its directions.
SHOWN: tuple[tuple[Half, int], ...] = (("z_v", 0), ("z_v", 1), ("z_r", 0))
# Turn of the bodies about the upright, in radians, so that depth shows.
_TURN = 0.45


def maps_of(run: FinishedRun) -> tuple[dict[str, NDArray[np.float64]], list[Marks]]:
    """t-SNE maps by title, and the ways to mark them: by unseen action, and by person where people are known."""
    seen, unseen = run.task.test_seen, run.task.test_unseen
    is_seen = np.arange(len(seen.labels) + len(unseen.labels)) < len(seen.labels)
    rows = chosen_rows(is_seen)
    features = np.concatenate([seen.features, unseen.features])[rows]
    labels = np.concatenate([seen.labels, unseen.labels])[rows]
    latents = run.trained.latents(features)
    spaces = {"features": features} if latents is None else {"z_r": latents.semantic, "z_v": latents.style}
    maps = {name: flat for name, points in spaces.items() if (flat := plane(points)) is not None}
    actions = [None if is_seen[r] else class_name(run.record, int(i)) for r, i in zip(rows, labels, strict=True)]
    ways = [Marks("action", actions)]
    if seen.subjects is not None and unseen.subjects is not None:
        people = (*seen.subjects, *unseen.subjects)
        ways.append(Marks("person", [f"person {people[r]}" for r in rows]))
    return maps, ways


def traversals_of(run: FinishedRun) -> tuple[list[Row], tuple[tuple[int, int], ...]]:
    """Traversals of one unseen test clip as rows of cells, and the bones of its body; none without a decoder."""
    ids = run.task.test_unseen.clip_ids
    latents = run.trained.latents(run.task.test_unseen.features)
    if latents is None or not isinstance(run.trained, Decodes):
        return [], ()
    clip_id, widths = ids[len(ids) // 2], {"z_r": latents.semantic.shape[1], "z_v": latents.style.shape[1]}
    rows = [
        _row(run, traverse(run.trained, run.task, clip_id, half, direction))
        for half, direction in SHOWN
        if direction < widths[half]
    ]
    return rows, run.clips.layout.bones if run.clips else ()


def _row(run: FinishedRun, found: Traversal) -> Row:
    kept = "z_r" if found.half == "z_v" else "z_v"
    title = (
        f"{kept} kept, {found.half} moved along direction {found.direction + 1} "
        f"({100 * found.share:.0f} % of its variance)"
    )
    start = next(step.features for step in found.steps if step.moved == 0)
    size = float(np.linalg.norm(start - run.task.train.features.mean(axis=0)))
    clips = {clip.clip_id: clip for clip in run.clips.clips} if run.clips else {}
    cells = [
        Cell(
            step.moved,
            class_name(run.record, step.nearest[0].label),
            step.nearest[0].label == found.label,
            step.nearest[0].subject,
            pose_of(clips[step.nearest[0].clip_id]) if step.nearest[0].clip_id in clips else None,
            float(np.linalg.norm(step.features - start)) / max(size, 1e-12),
        )
        for step in found.steps
    ]
    return Row(title, cells)


def pose_of(clip: SkeletonClip) -> NDArray[np.float64]:
    """The pose that differs most from the first one, float [joint, 2], seen from a little to the side."""
    moved = centred(facing_viewer(clip.joints[0], clip.layout))
    frame = int(((moved - moved[0]) ** 2).sum(axis=(1, 2)).argmax())
    pose = moved[frame]
    return np.stack([pose[:, 0] * np.cos(_TURN) + pose[:, 2] * np.sin(_TURN), pose[:, 1]], axis=-1)
