"""`sadvae prepare`: raw skeleton files to a clips file and a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae import stages
from sadvae.cli.check import describe_clips
from sadvae.cli.show import Progresses
from sadvae.files import write_json
from sadvae.settings import DataSettings
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.read import guess_dataset
from sadvae.skeleton.recipe import PrepareSettings

HELP = """Read raw skeletons, clean and canonicalise them, and write one clips file.

Example: `sadvae prepare UTD-MHAD/Skeleton --out clips.npz`

The source is a folder of UTD-MHAD .mat, MSR-Action3D .txt or NTU .skeleton files, a clips file (.npz), or the word
`generated`. Beside clips.npz a manifest clips.manifest.json says what was read, kept and dropped, and why.
"""


def command(
    source: Annotated[Path, typer.Argument(help="Folder or file of raw skeletons, or `generated`.")],
    out: Annotated[Path, typer.Option(help="Clips file to write.")] = Path("clips.npz"),
    dataset: Annotated[str | None, typer.Option(help="Name of the data set (default: found from the files).")] = None,
    layout: Annotated[
        str | None, typer.Option(help="Built-in layout or layout JSON, for clips files without one.")
    ] = None,
    classes: Annotated[Path | None, typer.Option(help="JSON list of class names and descriptions of your own.")] = None,
    canonicalise: Annotated[bool, typer.Option(help="Bring each clip to one body frame.")] = True,
) -> None:
    """Prepare a source and print what the clips file holds."""
    generated = str(source) == "generated"
    data = DataSettings(
        dataset=dataset or ("generated" if generated else guess_dataset(source)), layout=layout, classes=classes
    )
    with Progresses() as say:
        ready = stages.prepare(
            data,
            PrepareSettings(canonicalise=canonicalise),
            None if generated else source,
            lambda done, total: say("prepare", done, total),
        )
    write_clips_file(out, ready.clips)
    write_json(out.with_suffix(".manifest.json"), ready.manifest)
    describe_clips(ready.clips)
    for dropped in ready.manifest["dropped"][:5]:
        typer.echo(f"dropped {dropped['clip']}: {dropped['reason']}")
    typer.echo(f"Wrote {out} and {out.with_suffix('.manifest.json')}")
