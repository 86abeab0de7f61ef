"""`sadvae accuracy`: encoders on all classes of a data set, trained and tested on different subjects."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sadvae.accuracy import Request, measure_accuracy
from sadvae.cli.ignored import refuse_both
from sadvae.cli.show import Progresses, percent
from sadvae.cores import core_count
from sadvae.encoder_record import EncoderRecord
from sadvae.report.means import Mean, mean_of
from sadvae.report.words import duration
from sadvae.settings import read_accuracy

HELP = """Train encoders on all classes and say how often they are right on other subjects.

Example: `sadvae accuracy accuracy/utd_mhad.toml --data UTD-MHAD/Skeleton --seeds 5`

Every encoder and seed leaves a record, `runs/NAME/ENCODER/seed-N.json`; one that is there is not trained again. With
--validate, training subjects that are held out test in place of the test subjects: this is how settings are chosen.
"""


def command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Accuracy file (TOML).")],
    data: Annotated[
        Path | None, typer.Option(help="Folder or file of raw skeletons; not needed for generated motion.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder (default: runs/NAME).")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Number of seeds: 0, 1, ... (default: the file's).")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="This one seed only.")] = None,
    encoder: Annotated[list[str] | None, typer.Option(help="This encoder of the file only; may be repeated.")] = None,
    validate: Annotated[bool, typer.Option("--validate", help="Score held-out training subjects only.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Trainings side by side (default: one a core).")] = None,
) -> None:
    """Train what is missing and print one line an encoder."""
    refuse_both(context, "seed", "seeds")
    settings = read_accuracy(file)
    request = Request(
        out or Path("runs") / settings.name,
        [seed] if seed is not None else list(range(seeds or settings.seeds)),
        encoder or (),
        validate,
        workers or core_count(),
    )
    with Progresses() as say:
        records = measure_accuracy(settings, data, request, say)
    Console(soft_wrap=True, emoji=False).print(accuracy_table(records))


def accuracy_table(records: Sequence[EncoderRecord]) -> Table:
    """One line an encoder, its seeds as mean and standard error in percent; then the references."""
    first = records[0]
    scored = f"{first.part} subjects {', '.join(first.test_subjects) or '(unknown)'}"
    table = Table(title=escape(f"{first.title}: {scored} (%)"), title_justify="left")
    for name in ("encoder", "parameters", "seeds", "accuracy", "training"):
        table.add_column(name, justify="left" if name == "encoder" else "right", no_wrap=True)
    for label, group in groupby(records, key=lambda record: record.encoder):
        found = list(group)
        accuracy = mean_of([record.scores.accuracy for record in found])
        seconds = sum(r.seconds["training"] for r in found) / len(found)
        parameters = f"{found[0].parameters:,}"
        table.add_row(escape(label), parameters, str(len(found)), _shown(accuracy), duration(seconds))
    for name, score in first.references.items():
        table.add_row(escape(name), "", "", percent(score), "")
    return table


def _shown(mean: Mean | None) -> str:
    if mean is None:
        return "-"
    return percent(mean.value) + ("" if mean.error is None else f" ± {percent(mean.error)}")
