"""A finished run, as it is in memory after training or read again from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sadvae.experiment import Run
from sadvae.features.folder import read_features
from sadvae.methods.protocol import Trained
from sadvae.recognition.folder import read_parts
from sadvae.record import RunRecord, read_record
from sadvae.skeleton.store import read_prepared
from sadvae.task import ZeroShotTask
from sadvae.text.embed import read_class_embeddings
from sadvae.types import ClipSet


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """What reports draw: the record, the task, the trained main method, and the clips where they are at hand."""

    record: RunRecord
    task: ZeroShotTask
    trained: Trained
    clips: ClipSet | None


def of_run(run: Run) -> FinishedRun:
    """A run that has just been trained."""
    return FinishedRun(run.record, run.task, run.trained, run.clips)


def is_run_folder(folder: Path) -> bool:
    """Whether a folder holds, beside its record, all that is needed to compute latents again."""
    inside = (folder / "record.json", folder / "features" / "task.json", folder / "recognizer" / "config.json")
    return all(path.exists() for path in (*inside, folder.parent / "embeddings.npz"))


def read_run(folder: Path) -> FinishedRun:
    """Read a run folder such as runs/demo/seed-0. Raises SadvaeError where a part is missing or damaged."""
    embeddings = read_class_embeddings(folder.parent / "embeddings.npz")
    task = read_features(folder / "features").task(embeddings)
    trained = read_parts(folder / "recognizer").trained
    return FinishedRun(read_record(folder / "record.json"), task, trained, _clips(folder.parent))


def _clips(folder: Path) -> ClipSet | None:
    found = [path for path in (folder / "clips.npz", folder / "clips") if path.exists()]
    return read_prepared(found[0]) if found else None
