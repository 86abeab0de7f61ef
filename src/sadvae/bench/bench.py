"""Run a plan: every unit in a process, every run a record; what fails is kept to the end."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sadvae.bench.cluster import Cluster, run_on_cluster
from sadvae.bench.plan import Job, Plan, is_finished
from sadvae.bench.processes import Tell, run_units
from sadvae.bench.tally import Tally
from sadvae.errors import SadvaeError
from sadvae.experiment import Sharing, run_experiment

SHARED = "shared"
UNHEARD = "it left no record, and why was not heard; the same command runs it again."


@dataclass(frozen=True)
class Step:
    """How far a run (a job by its label) is: the stage, steps done and in all, and a note."""

    run: str
    stage: str
    done: int
    total: int
    note: str


@dataclass(frozen=True)
class Ended:
    """A run is over; error: one sentence where it failed, None where its record is written."""

    run: str
    error: str | None


News = Step | Ended


def run_bench(
    plan: Plan, out: Path, workers: int | Cluster, hear: Callable[[News, Tally], None] | None = None
) -> list[Ended]:
    """Run all jobs of a plan, and say how each ended, in the plan's order.

    workers: how many processes of this machine, or a cluster. Stages that several experiments need are kept in
    out/shared. hear: gets all news, and how far the whole is. Raises SadvaeError where the cluster is not there.
    """
    tally, ends = Tally(len(plan.jobs)), dict[str, Ended]()

    def news(item: News) -> None:
        if item.run in ends:
            # A unit that was lost and begins again tells once more of what it had finished.
            return
        if isinstance(item, Ended):
            ends[item.run] = item
            tally.end(item.run)
        else:
            tally.step(item.run, item.stage, item.done, item.total)
        if hear:
            hear(item, tally)

    def lost(unit: tuple[Job, ...], reason: str) -> None:
        for job in unit:
            if job.label not in ends:
                news(Ended(job.label, None if is_finished(job) else reason or UNHEARD))

    def died(unit: tuple[Job, ...], code: int) -> None:
        lost(unit, f"its process ended with code {code} before it was done (was there enough memory?).")

    tally.start(time.monotonic())
    work = partial(_run_unit, Path(out) / SHARED)
    if isinstance(workers, Cluster):
        run_on_cluster(plan.units, workers, work, lambda _, item: news(item), lost)
    else:
        run_units(plan.units, workers, work, lambda _, item: news(item), died)
    return [ends[job.label] for job in plan.jobs]


def _run_unit(shared: Path, unit: tuple[Job, ...], tell: Tell) -> None:
    """Run the jobs of a unit; what an earlier try of it, or another bench, has finished since is left as it is."""
    for job in unit:
        tell(Ended(job.label, None if is_finished(job) else _run(shared, job, tell)))


def _run(shared: Path, job: Job, tell: Tell) -> str | None:
    """Run one job; the sentence that says why where it fails. The steps of an unforeseen error go to error.txt."""

    def say(stage: str, done: int, total: int, note: str = "") -> None:
        tell(Step(job.label, stage, done, total, note))

    try:
        run_experiment(job.settings, job.source, job.out, job.seed, say, Sharing(shared, job.origin))
    except SadvaeError as error:
        return str(error)
    except Exception as error:
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        return f"{type(error).__name__}: {error} (see {job.folder / 'error.txt'})."
    return None
