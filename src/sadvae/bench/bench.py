"""Run a plan: every unit in a process, every run a record; what fails is kept to the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sadvae.bench.cluster import Cluster, run_on_cluster
from sadvae.bench.news import Ended, News, Step, failure, progress_of
from sadvae.bench.plan import Job, Plan, is_finished
from sadvae.bench.processes import Tell, run_units
from sadvae.bench.stacks import Stacking, make_features, run_stack, stacks_of, without_features
from sadvae.bench.tally import Tally
from sadvae.errors import SadvaeError
from sadvae.experiment import Sharing, run_experiment

SHARED = "shared"
UNHEARD = "it left no record, and why was not heard; the same command runs it again."


def run_bench(
    plan: Plan,
    out: Path,
    workers: int | Cluster,
    hear: Callable[[News, Tally], None] | None = None,
    stacking: Stacking | None = None,
) -> list[Ended]:
    """Run all jobs of a plan, and say how each ended, in the plan's order.

    workers: how many processes of this machine, or a cluster. Stages that several experiments need are kept in
    out/shared. hear: gets all news, and how far the whole is. stacking: how runs train together (None: each by itself).
    Raises SadvaeError where the cluster or the device is not there, or a cluster is to stack.
    """
    if stacking is not None and isinstance(workers, Cluster):
        raise SadvaeError("runs on a cluster train one by one; leave --stack or --ray out.")
    tally, ends = Tally(len(plan.jobs)), dict[str, Ended]()

    def news(item: News) -> None:
        if item.run in ends:
            # A unit that was lost and begins again tells once more of what it had finished.
            return
        if isinstance(item, Ended):
            ends[item.run] = item
            tally.end(item.run)
        elif isinstance(item, Step):
            for run in (item.run, *item.others):
                tally.step(run, item.stage, item.done, item.total)
        if hear:
            hear(item, tally)

    def lost(unit: tuple[Job, ...], reason: str) -> None:
        for job in unit:
            if job.label not in ends:
                news(Ended(job.label, None if is_finished(job) else reason or UNHEARD))

    def died(unit: tuple[Job, ...], code: int) -> None:
        lost(unit, f"its process ended with code {code} before it was done (was there enough memory?).")

    def made(unit: tuple[Job, ...], code: int) -> None:
        if code:
            died(unit, code)

    tally.start(time.monotonic())
    units, work = plan.units, partial(_run_unit, Path(out) / SHARED)
    if isinstance(workers, Cluster):
        run_on_cluster(units, workers, work, lambda _, item: news(item), lost)
        return [ends[job.label] for job in plan.jobs]
    if stacking is not None:
        work = partial(run_stack, Path(out) / SHARED, stacking.room(workers))
        make = partial(make_features, Path(out) / SHARED)
        run_units(without_features(plan), workers, make, lambda _, item: news(item), made)
        units = stacks_of([job for job in plan.jobs if job.label not in ends], workers, stacking.size)
    run_units(units, workers, work, lambda _, item: news(item), died)
    return [ends[job.label] for job in plan.jobs]


def _run_unit(shared: Path, unit: tuple[Job, ...], tell: Tell) -> None:
    """Run the jobs of a unit; what an earlier try of it, or another bench, has finished since is left as it is."""
    for job in unit:
        tell(Ended(job.label, None if is_finished(job) else _run(shared, job, tell)))


def _run(shared: Path, job: Job, tell: Tell) -> str | None:
    """Run one job; the sentence that says why where it fails."""
    sharing = Sharing(shared, job.origin)
    try:
        run_experiment(job.settings, job.source, job.out, job.seed, progress_of(job, tell), sharing)
    except Exception as error:
        return failure(job, error)
    return None
