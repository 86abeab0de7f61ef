"""`sadvae demo`: the whole chain on generated motion, in about a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sadvae import stages
from sadvae.cli.run import run_seeds
from sadvae.experiment import Run
from sadvae.settings import ExperimentSettings, demo_experiment
from sadvae.skeleton.clips_file import write_clips_file

HELP = """See it work in a minute: generated motion, all stages, a report.

Example: `sadvae demo --out runs/demo`
"""


def command(
    out: Annotated[Path, typer.Option(help="Folder for the record, the recogniser and the report.")] = Path(
        "runs/demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seed of training.")] = 0,
) -> None:
    """Run the packaged demo experiment and say what was found."""
    settings = demo_experiment()
    console = Console(soft_wrap=True, emoji=False)
    console.print(f"{settings.title}: the model never sees a clip of the unseen actions.\n")
    first = run_seeds(settings, None, out, [seed], console)[0]
    main = first.record.evaluations[0]
    recogniser, example = first.folder / "recognizer", out / "clip.npz"
    _write_example(first, settings, example)
    console.print(f"\nRecogniser: {recogniser}   Record: {first.folder / 'record.json'}", markup=False)
    words = "wave the left hand, squat, kick sideways, fall down"
    console.print(f'Ask it about any names: sadvae predict {recogniser} {example} --classes "{words}"', markup=False)
    console.print(
        f"\nZSL accuracy {100 * main.zsl_accuracy:.1f} %   S {100 * (main.seen_accuracy or 0):.1f} %   "
        f"U {100 * (main.unseen_accuracy or 0):.1f} %   H {100 * (main.harmonic_mean or 0):.1f} %"
    )
    console.print(f"Report: {first.folder / 'report.html'}", markup=False)


def _write_example(run: Run, settings: ExperimentSettings, path: Path) -> None:
    """Write the first unseen test clip, raw as a sensor gives it, for `sadvae predict`."""
    raw = stages.read_raw(settings.data, None)
    wanted = run.task.test_unseen.clip_ids[0]
    write_clips_file(path, raw.where(clip.clip_id == wanted for clip in raw.clips))
