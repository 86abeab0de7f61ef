"""`sadvae demo`: the whole chain on generated motion, in about a minute."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sadvae.cli.run import run_seeds
from sadvae.settings import read_experiment

HELP = """See it work in a minute: generated motion, all stages, a report.

Example: `sadvae demo --out runs/demo`
"""


def command(
    out: Annotated[Path, typer.Option(help="Folder for the record, the recogniser and the report.")] = Path(
        "runs/demo"
    ),
    seed: Annotated[int, typer.Option(help="Seed of training.")] = 0,
) -> None:
    """Run the packaged demo experiment and say what was found."""
    settings = read_experiment(Path(str(files("sadvae") / "demo.toml")))
    console = Console(soft_wrap=True)
    console.print(f"{settings.title}: the model never sees a clip of the unseen actions.\n")
    first = run_seeds(settings, None, out, [seed], console)[0]
    main = first.record.evaluations[0]
    console.print(f"\nRecogniser: {first.folder / 'recognizer'}   Record: {first.folder / 'record.json'}")
    console.print(
        f"ZSL accuracy {100 * main.zsl_accuracy:.1f} %   S {100 * (main.seen_accuracy or 0):.1f} %   "
        f"U {100 * (main.unseen_accuracy or 0):.1f} %   H {100 * (main.harmonic_mean or 0):.1f} %"
    )
    console.print(f"Report: {first.folder / 'report.html'}")
