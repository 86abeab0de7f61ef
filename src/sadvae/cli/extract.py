"""`sadvae extract`: features of both levels of a split from their encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae import stages
from sadvae.cli.check import describe_features
from sadvae.cli.loading import read_labelled
from sadvae.cli.show import Progresses
from sadvae.encoders.inference import InferenceSettings, Precision
from sadvae.encoders.levels import load_encoders
from sadvae.features.folder import read_features

HELP = """Turn clips into features with trained encoders.

Example: `sadvae extract clips.npz encoders --out features`

Clips of a store are read batch by batch, so that it need not fit in memory.
"""


def command(
    clips: Annotated[Path, typer.Argument(help="Clips file or store from `sadvae prepare`.")],
    encoders: Annotated[Path, typer.Argument(help="Folder from `sadvae pretrain`.")],
    out: Annotated[Path, typer.Option(help="Features folder to write.")] = Path("features"),
    maps: Annotated[bool, typer.Option("--maps", help="Write the feature maps too: see docs/files.md.")] = False,
    precision: Annotated[Precision, typer.Option(help="bfloat16 is faster, with three digits.")] = "float32",
    device: Annotated[str, typer.Option(help="cpu, or cuda where there is a GPU.")] = "cpu",
) -> None:
    """Extract and say what the folder holds."""
    settings = InferenceSettings(precision, device)
    with Progresses() as say:
        stages.extract_to(out, read_labelled(clips), load_encoders(encoders), settings, maps=maps, progress=say)
    describe_features(read_features(out))
    typer.echo(f"Wrote {out}")
