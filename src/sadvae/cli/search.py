"""`sadvae search`: look for better settings of a method, on held-out classes alone."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sadvae.cli.run import ClassVectors, Data, FeaturesFolder, read_with, source_of
from sadvae.cli.show import NotedBars, Progresses
from sadvae.cores import core_count
from sadvae.errors import SadvaeError
from sadvae.experiment import source_origin
from sadvae.search.levels import Origin
from sadvae.search.plan import SearchPlan, TrialEnded
from sadvae.search.search import check_search, make_levels, run_search
from sadvae.search.space import read_space

if TYPE_CHECKING:
    from sadvae.search.outcome import Outcome

HELP = """Look for better settings of a method, on held-out classes alone.

Example: `sadvae search experiments/utd_mhad/purls_22_5.toml search.toml --data UTD-MHAD/Skeleton --trials 50`

The search file names settings and their ranges, such as `latent = { low = 32, high = 320 }` below `[method]`. Test
clips and unseen classes are never looked at. A stopped search goes on when the same command is given again; several
machines share one by `--storage`. The best settings are written as an experiment file for `sadvae run`.
"""


def command(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    search: Annotated[Path, typer.Argument(help="Search file (TOML): settings and their ranges.")],
    data: Data = None,
    features: FeaturesFolder = None,
    embeddings: ClassVectors = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials in all, those of earlier commands included.")] = 50,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of a trial in each division: seeds 0, 1, ...")] = 3,
    divisions: Annotated[
        int, typer.Option(min=1, help="Choices of held-out classes: the file's, then others that are drawn.")
    ] = 1,
    storage: Annotated[
        str | None, typer.Option(help="sqlite:///FILE or another database, or a journal file (default: in OUT).")
    ] = None,
    study: Annotated[str | None, typer.Option(help="Name of the search in its storage (default: NAME).")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes of one thread each (default: one a core).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is tried.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder of what is found (default: runs/search/NAME).")] = None,
    shared: Annotated[Path, typer.Option(help="Folder of clips, encoders and features; `bench` uses it too.")] = Path(
        "runs/shared"
    ),
) -> None:
    """Run trials until enough are finished, and write what was found."""
    settings = read_with(experiment, embeddings)
    source, space = source_of(settings, data, features), read_space(search, settings)
    check_search(settings, space, source)
    folder = out or Path("runs") / "search" / settings.name
    origin = Origin(source, source_origin(source), shared)
    with Progresses() as say:
        levels = make_levels(settings, space, origin, divisions, folder, say)
    place = storage or str(folder / "study.journal")
    name = study or settings.name
    plan = SearchPlan(settings, space, levels, seeds, place, name, trials, seed, origin.digest)
    crew = min(workers or core_count(), trials)
    _search(plan, crew, folder, _again(data, features, embeddings))


def _search(plan: SearchPlan, workers: int, folder: Path, given: str) -> None:
    from sadvae.search.outcome import outcome_of, write_outcome
    from sadvae.search.study import finished, go_on_with

    before = finished(go_on_with(plan))
    typer.echo(f"{plan.trials} trials: {before} finished before.")
    failed: list[str] = []
    if before < plan.trials:
        with SearchProgress(plan.trials, before) as shown:
            failed = run_search(plan, workers, shown)
    found = outcome_of(plan)
    written = write_outcome(found, folder) + draw(found, folder)
    _say(found, written, given)
    if failed:
        raise SadvaeError(f"{len(failed)} of {workers} workers gave up: {failed[0]} The same command goes on.")


def draw(found: Outcome, folder: Path) -> list[Path]:
    """The figures of a search; importances need some trials, so that they may be missing."""
    from sadvae.report.figures.search_history import search_history
    from sadvae.report.figures.search_importance import search_importance
    from sadvae.report.figures.style import save

    complete = [(row.number, row.score) for row in found.rows if row.score is not None]
    pruned = [(row.number, sum(row.scores) / len(row.scores)) for row in found.rows if row.state == "pruned"]
    own = found.own.score if found.own else None
    written = save(search_history(complete, pruned, own), folder / "history", ("png",))
    if found.importances:
        written += save(search_importance(found.importances), folder / "importance", ("png",))
    return written


def _say(found: Outcome, written: list[Path], given: str) -> None:
    own = f" (the file's own settings: {100 * (found.own.score or 0):.1f} %)" if found.own else ""
    typer.echo(f"Best: trial {found.best.number}, {100 * (found.best.score or 0):.1f} % on held-out classes{own}.")
    for name, value in found.best.values.items():
        typer.echo(f"  {name} = {value:.4g}" if isinstance(value, float) else f"  {name} = {value}")
    states = [row.state for row in found.rows]
    counts = (("complete", "finished"), ("pruned", "given up early"), ("fail", "failed"), ("running", "not finished"))
    typer.echo("Trials: " + ", ".join(f"{states.count(s)} {word}" for s, word in counts if s in states) + ".")
    typer.echo("Files: " + ", ".join(map(str, written)))
    typer.echo(f"Scores on test clips: sadvae run {written[0]}{given}")


def _again(data: list[str] | None, features: Path | None, embeddings: Path | None) -> str:
    """The options that `sadvae run` needs too."""
    given = [*(("--data", word) for word in data or []), ("--features", features), ("--embeddings", embeddings)]
    return "".join(f" {name} {shlex.quote(str(word))}" for name, word in given if word is not None)


class SearchProgress(NotedBars):
    """One line on the terminal; on a file or pipe, a line whenever a trial ends."""

    def __init__(self, trials: int, before: int) -> None:
        super().__init__()
        self._trials, self._best = trials, 0.0
        self._line = self._bars.add_task("trials", total=trials, completed=before, note=f"{before} of {trials}")

    def __call__(self, news: TrialEnded) -> None:
        score = "" if news.score is None else f", {100 * news.score:.1f} %"
        self._best = max(self._best, news.score or 0.0) if news.state == "complete" else self._best
        note = f"{news.finished} of {self._trials}, best here {100 * self._best:.1f} %"
        self._bars.update(self._line, completed=min(news.finished, self._trials), note=note)
        if self._bars.disable:
            typer.echo(f"{news.finished} of {self._trials}: trial {news.number} {news.state}{score}", err=True)
