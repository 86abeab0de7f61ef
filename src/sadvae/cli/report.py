"""`sadvae report`: tables from run records alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae.files import write_text
from sadvae.report.readme import readme_table, write_into
from sadvae.report.results import read_records, results_markdown, write_tables

HELP = """Make a Markdown table of results from run records.

Example: `sadvae report runs --out RESULTS.md --tables tables`

With --tables, every table is also written as Markdown, CSV and LaTeX.
With --page, one short table also goes into the marked place of a page, such as a README.
"""


def command(
    records: Annotated[Path, typer.Argument(help="Folder of runs; every record below it counts.")],
    out: Annotated[Path, typer.Option(help="Markdown file to write.")] = Path("RESULTS.md"),
    tables: Annotated[Path | None, typer.Option(help="Folder for every table as .md, .csv and .tex.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Method that the others are compared with (default: the main one).")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Page with a marked place for the short table.")] = None,
) -> None:
    """Read all records and write the tables."""
    found = read_records(records)
    write_text(out, results_markdown(found, against))
    if tables is not None:
        typer.echo(f"Wrote {write_tables(tables, found, against)} tables to {tables}")
    if page is not None:
        write_into(page, readme_table(found))
    typer.echo(f"Wrote {out} from {len(found)} records")
