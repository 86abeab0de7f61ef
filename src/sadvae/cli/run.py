"""`sadvae run`: an experiment file, from raw skeletons to records and reports."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sadvae.bench.plan import check_named, parse_data, source_for
from sadvae.cli.ignored import refuse_both
from sadvae.cli.show import Progresses, joined_lines, percent, scores_table
from sadvae.errors import SadvaeError
from sadvae.evaluation.proportion import zero_shot_proportion
from sadvae.experiment import Run, run_experiment
from sadvae.features.folder import is_features_folder
from sadvae.imported import idle_settings
from sadvae.keys import check_own_records
from sadvae.report.run_report import write_run_report
from sadvae.settings import IMPORTED, ExperimentSettings, TextSettings, read_experiment
from sadvae.sources import Source

HELP = """Run an experiment file from raw skeletons to a record, a recogniser and a report.

Example: `sadvae run experiments/utd_mhad/purls_22_5.toml --data UTD-MHAD/Skeleton --seeds 3`

An experiment of several data sets takes one --data NAME=PATH for each.

With --features it starts from features that were imported or extracted before; no recogniser is saved then, since it
needs their encoder. A stopped run goes on where it stopped when the same command is given again.
"""


Data = Annotated[
    list[str] | None,
    typer.Option(help="Folder or file of raw skeletons, or NAME=PATH once a data set; none for generated motion."),
]
FeaturesFolder = Annotated[Path | None, typer.Option(help="Features folder to start from in place of raw skeletons.")]
ClassVectors = Annotated[
    Path | None, typer.Option(help="Class vectors in place of the file's texts: .npz of import or embed, or .npy.")
]


def command(
    context: typer.Context,
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    data: Data = None,
    out: Annotated[Path | None, typer.Option(help="Run folder (default: runs/NAME).")] = None,
    features: FeaturesFolder = None,
    embeddings: ClassVectors = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Number of seeds: 0, 1, ... (default: the file's).")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Run this one seed only.")] = None,
) -> None:
    """Run every seed and print the scores of each."""
    refuse_both(context, "seed", "seeds")
    settings = read_with(experiment, embeddings)
    wanted = [seed] if seed is not None else list(range(seeds or settings.seeds))
    console = Console(soft_wrap=True, emoji=False)
    runs = run_seeds(
        settings, source_of(settings, data, features), out or Path("runs") / settings.name, wanted, console
    )
    for run in runs:
        console.print(f"Report: {run.folder / 'report.html'}", markup=False)


def read_with(experiment: Path, embeddings: Path | None) -> ExperimentSettings:
    """An experiment file, with class vectors from elsewhere (--embeddings) where they are given."""
    settings = read_experiment(experiment)
    if embeddings is None:
        return settings
    return settings.model_copy(update={"text": TextSettings(encoder=str(embeddings), mode=IMPORTED)})


def source_of(settings: ExperimentSettings, data: list[str] | None, features: Path | None) -> Source:
    """What a run starts from: clips (--data) or a features folder (--features); what then does nothing is said."""
    if data and features is not None:
        raise SadvaeError("a run starts from clips or from features; give --data or --features, not both.")
    if features is not None and not is_features_folder(features):
        raise SadvaeError(f"{features} is not a features folder; make one with `sadvae import` or `sadvae extract`.")
    named = parse_data(data or [])
    check_named(settings, named)
    source = features or source_for(settings, named)
    say_idle([(settings, source)])
    return source


def say_idle(found: Iterable[tuple[ExperimentSettings, Source]]) -> None:
    """Name, on the error stream, the settings of experiments that do nothing since their features are brought."""
    idle = dict.fromkeys(
        name for settings, source in found if is_features_folder(source) for name in idle_settings(settings)
    )
    if idle:
        typer.echo(f"Not used, since the features were made elsewhere: {', '.join(idle)}.", err=True)


def run_seeds(settings: ExperimentSettings, source: Source, out: Path, seeds: list[int], console: Console) -> list[Run]:
    """Run seeds one after another, write their reports, and print one table each."""
    # Of all seeds before any of them trains.
    check_own_records(settings.name, out, seeds)
    runs = []
    for seed in seeds:
        with Progresses() as say:
            run = run_experiment(settings, source, out, seed, say)
            say("report", 0, 0)
            write_run_report(run)
            say("report", 1, 1)
        title = f"{settings.title or settings.name}, split {run.record.split}, seed {seed} (%)"
        console.print(scores_table(run.record.evaluations, title))
        counted = zero_shot_proportion(run.record.evaluations[0])
        if counted:
            console.print(
                f"ZSL: {counted.right} of {counted.count} clips of unseen classes named rightly, "
                f"95 % interval {percent(counted.low)} to {percent(counted.high)} %."
            )
        if len(run.record.unseen) == 1:
            console.print("There is one unseen class, so ZSL had nothing to choose between; S, U and H say more.")
        for line in joined_lines(run.record.joined):
            console.print(line, markup=False)
        if not (run.folder / "recognizer").exists():
            missing = "text encoder of the vectors" if run.clips else "encoder of the features"
            console.print(f"No recogniser was saved: the {missing} is not at hand.")
        runs.append(run)
    return runs
