"""`sadvae pretrain`: skeleton encoders of both levels, trained on seen classes of training subjects."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from sadvae import stages
from sadvae.cli.changes import changed_settings
from sadvae.cli.loading import read_labelled
from sadvae.cli.show import Progresses, split_names
from sadvae.encoders.levels import check_place, pretrain_levels
from sadvae.encoders.processes import reports_here
from sadvae.errors import SadvaeError
from sadvae.settings import DataSettings, PresetSettings
from sadvae.types import ClipSet

HELP = """Train the skeleton encoders of a split on its seen classes, for both levels.

Example: `sadvae pretrain clips.npz --split purls-22-5 --out encoders`

The test level's encoder makes the features that are scored, the calibration level's those that place the gate.
Resumes from its last epoch when the same command is given again. Any setting of the training can be changed:
`--set precision=auto --set mirror=0.5 --set validation=0.25`; docs/training.md lists them.

Many processes or machines: `torchrun --nproc_per_node 2 -m sadvae.cli.main pretrain ...`
"""


def command(
    clips: Annotated[Path, typer.Argument(help="Clips file or store from `sadvae prepare`.")],
    split: Annotated[
        str, typer.Option(help="Published split, random-SEEN-UNSEEN-SEED, or a JSON file of unseen classes.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the encoders.")] = Path("encoders"),
    train_subjects: Annotated[
        str, typer.Option(help="odd, even, names, clips, or a protocol: see docs/clips.md.")
    ] = "odd",
    held_out_subjects: Annotated[
        str | None, typer.Option(help="Training subjects that test at the calibration level: names, with commas.")
    ] = None,
    unseen_from: Annotated[
        str, typer.Option(help="Whose clips test its unseen classes: held_out_subjects or training_subjects.")
    ] = "held_out_subjects",
    preset: Annotated[str, typer.Option(help="Encoder preset; docs/encoders.md has the table.")] = "default",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs in place of the preset's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of training.")] = 0,
    change: Annotated[list[str] | None, typer.Option("--set", help="SETTING=VALUE in place of the preset's.")] = None,
    device: Annotated[str, typer.Option(help="auto (a GPU where there is one), cpu or cuda.")] = "auto",
) -> None:
    """Train both levels and say where they are."""
    check_place(out)
    found = _prepared(clips)
    data = DataSettings(dataset=found.dataset, train_subjects=train_subjects)
    held = split_names(held_out_subjects) if held_out_subjects else None
    chosen = stages.split_settings({"name": split, "held_out_subjects": held, "unseen_from": unseen_from})
    division = stages.division_for(chosen, data, found.class_names)
    changes = changed_settings(change or ())
    if epochs and "epochs" in changes:
        raise SadvaeError("--epochs and --set epochs= say the same; give one of them.")
    changes |= {"epochs": epochs} if epochs else {}
    settings = stages.encoder_settings(PresetSettings(preset=preset, changes=changes))
    with Progresses() if reports_here() else nullcontext() as say:
        report = say and (lambda level, e: say(level, e.epoch + 1, settings.epochs, f"loss {e.loss:.3f}"))
        pretrain_levels(found, division, settings, seed, out, report, device)
    if not reports_here():
        return
    typer.echo(
        f"Wrote {out} (split {division.split.name}: "
        f"{len(division.split.seen)} seen, {len(division.split.unseen)} unseen classes)"
    )


def _prepared(path: Path) -> ClipSet:
    found = read_labelled(path)
    # Every preparation has a step: it keeps so many bodies.
    if not found.steps:
        raise SadvaeError(f"the clips of {path} are raw; `sadvae prepare` them first.")
    return found
