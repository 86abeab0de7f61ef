"""`sadvae prepare`: raw skeleton files to clips and a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae.cli.check import describe_manifest
from sadvae.cli.show import Progresses
from sadvae.preparing import Preparation, default_target, manifest_path, prepare_to
from sadvae.settings import DataSettings
from sadvae.skeleton.read import guess_dataset
from sadvae.skeleton.recipe import RECIPES, recipe

HELP = """Read raw skeletons, prepare them by a recipe, and write clips and a manifest.

Example: `sadvae prepare nturgb+d_skeletons --out clips --processes 8`

The source is a folder of UTD-MHAD .mat, MSR-Action3D .txt or NTU .skeleton files, a clips file (.npz), or the word
`generated`. A target that ends in .npz is one clips file; any other is a folder, a store of clips that never has to fit
in memory. The manifest says what was read, kept and dropped, and why. Stopped or killed, the same command goes on.
"""


def command(
    source: Annotated[Path, typer.Argument(help="Folder or file of raw skeletons, or `generated`.")],
    out: Annotated[
        Path | None, typer.Option(help="Clips file (.npz) or folder; default clips.npz, or clips for many files.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Name of the data set (default: found from the files).")] = None,
    layout: Annotated[
        str | None, typer.Option(help="Built-in layout or layout JSON, for clips files without one.")
    ] = None,
    classes: Annotated[Path | None, typer.Option(help="JSON list of class names and descriptions of your own.")] = None,
    preset: Annotated[str, typer.Option("--recipe", help=f"One of {', '.join(RECIPES)}.")] = "sadvae",
    canonicalise: Annotated[
        bool | None, typer.Option(help="Bring each clip to one body frame (default: as the recipe does).")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes (default: one, or one a core for many files).")
    ] = None,
    exclude: Annotated[Path | None, typer.Option(help="List of clips to leave out, one name a line.")] = None,
    skip_damaged: Annotated[
        bool,
        typer.Option(help="Leave damaged recordings out in place of stopping; not for files of many clips (.npz)."),
    ] = False,
) -> None:
    """Prepare a source and print what the clips file holds."""
    given = None if str(source) == "generated" else source
    data = DataSettings(
        dataset=dataset or ("generated" if given is None else guess_dataset(given)), layout=layout, classes=classes
    )
    settings = recipe(preset, **({} if canonicalise is None else {"canonicalise": canonicalise}))
    target = out or Path(default_target(given))
    with Progresses() as say:
        ready = prepare_to(
            target,
            data,
            settings,
            given,
            Preparation(processes, exclude, skip_damaged),
            lambda done, total, note: say("prepare", done, total, note),
        )
    describe_manifest(ready.manifest)
    typer.echo(f"Wrote {target} and {manifest_path(target)}")
