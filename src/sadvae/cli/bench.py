"""`sadvae bench`: many experiment files and seeds, in several processes."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskID

from sadvae.bench.bench import run_bench
from sadvae.bench.cluster import Cluster
from sadvae.bench.news import Ended, News, Remark
from sadvae.bench.plan import make_plan, parse_data, read_experiments
from sadvae.bench.stacks import Stacking
from sadvae.bench.tally import Tally
from sadvae.cli.run import say_idle
from sadvae.cli.show import NotedBars
from sadvae.cores import core_count
from sadvae.errors import SadvaeError

HELP = """Run many experiment files and seeds in several processes, each run a record.

Example: `sadvae bench experiments/utd_mhad experiments/msr_action3d --data utd_mhad=A --data msr_action3d=B`

A PATH may also be a features folder, or a folder of features folders named after the experiments (NAME of each file).

Runs that are finished are skipped; a stopped bench goes on where it stopped when the same command is given again. A run
that fails does not end the others: it is named in the end, and the exit code is 2. Then: `sadvae report runs`.

With --stack the SA-DVAE trainings of many runs are done as one: for a GPU (--device cuda).

With --ray the runs go to the machines of a Ray cluster, which share the folders named here.
"""


def command(
    experiments: Annotated[list[Path], typer.Argument(help="Experiment files (TOML), or folders of them.")],
    data: Annotated[
        list[str] | None, typer.Option(help="DATASET=PATH of raw skeletons, once a data set; or one PATH for all.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Number of seeds: 0, 1, ... (default: each file's).")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes of one thread each (default: one a core).")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs: OUT/NAME/seed-N.")] = Path("runs"),
    stack: Annotated[bool, typer.Option("--stack", help="Train runs of equal shape together; same records.")] = False,
    stack_size: Annotated[
        int | None, typer.Option(min=1, help="With --stack: runs of a stack (default: as many as memory holds).")
    ] = None,
    device: Annotated[str, typer.Option(help="With --stack: cpu, or cuda with a number or without.")] = "cpu",
    ray: Annotated[str | None, typer.Option(help="Address of a Ray cluster, or auto for that of this machine.")] = None,
    cpus_per_run: Annotated[float, typer.Option(min=0, help="With --ray: CPUs that a run reserves.")] = 1.0,
    gpus_per_run: Annotated[float, typer.Option(min=0, help="With --ray: GPUs that a run reserves, such as 0.5.")] = 0,
    retries: Annotated[int, typer.Option(min=0, help="With --ray: new tries of runs whose machine was lost.")] = 2,
) -> None:
    """Run what is not finished, and say what failed."""
    if ray is not None and workers is not None:
        raise SadvaeError("--workers counts processes of this machine, and a cluster has its own; leave it out.")
    if not stack and (stack_size is not None or device != "cpu"):
        raise SadvaeError("--stack-size and --device are for runs that train together; add --stack.")
    plan = make_plan(read_experiments(experiments), parse_data(data or []), seeds, out)
    count = len(plan.jobs)
    say_idle((job.settings, job.source) for job in plan.jobs)
    typer.echo(f"{count + len(plan.finished)} runs: {len(plan.finished)} finished before, {count} to run.")
    here = min(workers or core_count(), max(count, 1))
    crew = here if ray is None else Cluster(ray, cpus_per_run, gpus_per_run, retries)
    with BenchProgress(count) as shown:
        ends = run_bench(plan, out, crew, shown, Stacking(device, stack_size) if stack else None)
    failed = [end for end in ends if end.error]
    for end in failed:
        typer.echo(f"Failed: {end.run}: {end.error}", err=True)
    typer.echo(f"{count - len(failed)} runs done, {len(failed)} failed. Tables: sadvae report {out}")
    if failed:
        raise typer.Exit(2)


class BenchProgress(NotedBars):
    """One line for the whole and one for each run under way; on a file or pipe, a line whenever a run ends."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self._whole = self._bars.add_task("all runs", total=1.0, note=f"0 of {total}")
        self._lines: dict[str, TaskID] = {}

    def __call__(self, news: News, tally: Tally) -> None:
        whole = f"{tally.ended} of {tally.total}{_end_words(tally.seconds_left(time.monotonic()))}"
        self._bars.update(self._whole, completed=tally.share, note=whole)
        label = news.run
        if isinstance(news, Remark):
            self._bars.console.print(news.text, markup=False, highlight=False)
            return
        if isinstance(news, Ended):
            if label in self._lines:
                self._bars.remove_task(self._lines.pop(label))
            if self._bars.disable:
                typer.echo(f"{whole}: {label} {'failed' if news.error else 'done'}", err=True)
            return
        if label not in self._lines:
            self._lines[label] = self._bars.add_task(label, total=None, note="")
        note = f"{news.stage} {news.note}"
        self._bars.update(self._lines[label], completed=news.done, total=news.total or None, note=note)


def _end_words(seconds: float | None) -> str:
    """When it ends: the time of day, and the date where it is not today."""
    if seconds is None:
        return ""
    now = datetime.now()
    end = now + timedelta(seconds=seconds)
    return f", ends about {end:%H:%M}" if end.date() == now.date() else f", ends about {end:%Y-%m-%d %H:%M}"
