"""`sadvae pretrain`: skeleton encoders of both levels, trained on seen classes of training subjects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae import stages
from sadvae.cli.show import Progresses
from sadvae.encoders.levels import pretrain_levels
from sadvae.settings import DataSettings, PresetSettings, SplitSettings
from sadvae.skeleton.store import read_prepared

HELP = """Train the skeleton encoders of a split on its seen classes, for both levels.

Example: `sadvae pretrain clips.npz --split purls-22-5 --out encoders`

The test level's encoder makes the features that are scored, the calibration level's those that place the gate.
Resumes from its last epoch when the same command is given again.
"""


def command(
    clips: Annotated[Path, typer.Argument(help="Clips file or store from `sadvae prepare`.")],
    split: Annotated[
        str, typer.Option(help="Published split, random-SEEN-UNSEEN-SEED, or a JSON file with unseen ids.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the encoders.")] = Path("encoders"),
    train_subjects: Annotated[
        str, typer.Option(help="odd, even, names, clips, or a protocol: see docs/clips.md.")
    ] = "odd",
    preset: Annotated[str, typer.Option(help="Encoder preset.")] = "default",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs in place of the preset's.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of training.")] = 0,
) -> None:
    """Train both levels and say where they are."""
    found = read_prepared(clips)
    data = DataSettings(dataset=found.dataset, train_subjects=train_subjects)
    division = stages.division_for(SplitSettings(name=split), data, len(found.class_names))
    changes = {"epochs": epochs} if epochs else {}
    settings = stages.encoder_settings(PresetSettings(preset=preset, changes=changes))
    with Progresses() as say:
        pretrain_levels(
            found,
            division,
            settings,
            seed,
            out,
            lambda level, epoch: say(level, epoch.epoch + 1, settings.epochs, f"loss {epoch.loss:.3f}"),
        )
    typer.echo(
        f"Wrote {out} (split {division.split.name}: "
        f"{len(division.split.seen)} seen, {len(division.split.unseen)} unseen classes)"
    )
