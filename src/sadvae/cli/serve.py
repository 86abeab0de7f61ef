"""`sadvae serve`: a page on this machine that names the actions of recordings."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sadvae.serving.limits import Limits
from sadvae.serving.server import serve

HELP = """Open a page on this machine: drop in a recording, type names, see the answers.

Example: `sadvae serve runs/demo/seed-0/recognizer`

A second recogniser is shown beside the first. Nothing leaves this machine, and no other machine can reach the page;
files are deleted as soon as they are read. /docs describes the JSON interface. Ctrl-C ends it.
"""


def command(
    recognizer: Annotated[Path, typer.Argument(help="Recogniser folder.")],
    second: Annotated[Path | None, typer.Argument(help="Another one, to compare.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of 127.0.0.1; 0: any free one.")] = 8000,
    max_upload_mb: Annotated[float, typer.Option(min=0.001, max=4096, help="Largest file, in MB of 2**20 bytes.")] = 50,
    time_limit: Annotated[float, typer.Option(min=0.1, max=86400, help="Seconds for a file or question.")] = 60,
) -> None:
    """Load the recognisers, then serve until Ctrl-C."""
    console = Console(soft_wrap=True, emoji=False)
    console.print("Loading ...")
    folders = [folder for folder in (recognizer, second) if folder is not None]
    limits = Limits(upload_bytes=round(max_upload_mb * 2**20), seconds=time_limit)
    # Where a shell started it in the background, Ctrl-C's signal ends the server and raises nothing.
    with suppress(KeyboardInterrupt):
        serve(folders, port, limits, lambda url: console.print(f"Open {url}   (Ctrl-C ends it)"))
    console.print("Stopped.")
