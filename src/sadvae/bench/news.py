"""What the processes of a bench tell of its runs, and the sentence for one that fails."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from sadvae.bench.plan import Job
from sadvae.bench.processes import Tell
from sadvae.errors import SadvaeError
from sadvae.experiment import Progress


@dataclass(frozen=True)
class Step:
    """How far a run (a job by its label) is: the stage, steps done and in all, and a note.

    others: runs that are as far, as they train as one with it.
    """

    run: str
    stage: str
    done: int
    total: int
    note: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ended:
    """A run is over; error: one sentence where it failed, None where its record is written."""

    run: str
    error: str | None


@dataclass(frozen=True)
class Remark:
    """A sentence that stays to be read; run: whom it is about first."""

    run: str
    text: str


News = Step | Ended | Remark


def progress_of(job: Job, tell: Tell) -> Progress:
    """Tells the steps of a job."""

    def say(stage: str, done: int, total: int, note: str = "") -> None:
        tell(Step(job.label, stage, done, total, note))

    return say


def failure(job: Job, error: Exception) -> str:
    """The sentence that says why a job failed; the steps of an unforeseen error go to error.txt."""
    if isinstance(error, SadvaeError):
        return str(error)
    job.folder.mkdir(parents=True, exist_ok=True)
    steps = "".join(traceback.format_exception(error))
    (job.folder / "error.txt").write_text(steps, encoding="utf-8")
    return f"{type(error).__name__}: {error} (see {job.folder / 'error.txt'})."
