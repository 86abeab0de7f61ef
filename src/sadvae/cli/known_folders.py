"""What a folder of this program holds, beside those of skeletons and features."""

from __future__ import annotations

from pathlib import Path

import typer

from sadvae.cli.known_files import record_line
from sadvae.encoders.trained import TrainedEncoder, is_encoder
from sadvae.methods.store import is_trained, read_trained
from sadvae.portable.config import is_portable, read_config
from sadvae.record import read_record


def describe_folder(path: Path) -> bool:
    """Say what a run, a trained method, an encoder or an exported recogniser holds; False for any other folder."""
    records = _records(path)
    if is_trained(path):
        _describe_trained(path)
    elif is_portable(path):
        config = read_config(path)
        texts = "with its text model" if config.tokens else "without a text model"
        typer.echo(f"exported recogniser: trained on {len(config.seen)} classes, {texts}, layout {config.layout.name}")
    elif is_encoder(path):
        encoder = TrainedEncoder.load(path)
        typer.echo(f"skeleton encoder: {encoder.settings.architecture}, layout {encoder.layout.name}")
    elif records:
        for record in records:
            typer.echo(record_line(read_record(record)))
    else:
        return False
    return True


def _records(path: Path) -> list[Path]:
    """The records of a seed's folder, of a run, or of a folder of runs."""
    return next((found for depth in ("", "*/", "*/*/") if (found := sorted(path.glob(f"{depth}record.json")))), [])


def _describe_trained(path: Path) -> None:
    kept = read_trained(path)
    saw = kept.trained_on
    classes = f"{len(saw.seen)} seen and {len(saw.unseen)} unseen classes"
    typer.echo(
        f"trained method {kept.method}: {saw.dataset}, split {saw.split}, {classes}, texts by {saw.text_encoder}"
    )
