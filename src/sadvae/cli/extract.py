"""`sadvae extract`: features of both levels of a split from their encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae import stages
from sadvae.cli.check import describe_features
from sadvae.encoders.levels import load_encoders
from sadvae.features.folder import write_features
from sadvae.skeleton.store import read_prepared

HELP = """Turn clips into features with trained encoders.

Example: `sadvae extract clips.npz encoders --out features`
"""


def command(
    clips: Annotated[Path, typer.Argument(help="Clips file or store from `sadvae prepare`.")],
    encoders: Annotated[Path, typer.Argument(help="Folder from `sadvae pretrain`.")],
    out: Annotated[Path, typer.Option(help="Features folder to write.")] = Path("features"),
) -> None:
    """Extract and say what the folder holds."""
    features = stages.extract_features(read_prepared(clips), load_encoders(encoders))
    write_features(out, features)
    describe_features(features)
    typer.echo(f"Wrote {out}")
