"""`sadvae report`: tables, figures and a page from run records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae.cli.ignored import refuse_ignored
from sadvae.errors import SadvaeError
from sadvae.files import check_ending, write_text
from sadvae.report.figures.style import checked_formats
from sadvae.report.figures.write import write_figures
from sadvae.report.overview.page import write_page
from sadvae.report.readme import check_page, readme_table, write_into
from sadvae.report.results import read_all_records, results_markdown, write_tables
from sadvae.report.words import counted

HELP = """Make tables, figures and an interactive page of results from run records.

Example: `sadvae report runs --out RESULTS.md --tables tables`

With --tables, every table is also written as Markdown, CSV and LaTeX.

`sadvae report runs --figures figures --format pdf,svg` draws figures for papers.

`sadvae report runs --html results.html` writes one page to search, sort and filter all runs; for the folder of a
single run it writes the report of that run, with clips that play.

With --page, one short table also goes into the marked place of a page, such as a README.
"""


def command(
    context: typer.Context,
    records: Annotated[Path, typer.Argument(help="Folder of runs; every record below it counts.")],
    out: Annotated[
        Path | None, typer.Option(help="Markdown file to write (RESULTS.md unless others are asked for).")
    ] = None,
    tables: Annotated[Path | None, typer.Option(help="Folder for every table as .md, .csv and .tex.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Method that the others are compared with (default: the main one).")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Page with a marked place for the short table.")] = None,
    figures: Annotated[Path | None, typer.Option(help="Folder for figures.")] = None,
    formats: Annotated[str, typer.Option("--format", help="Formats of figures: some of pdf, svg, png.")] = "pdf",
    html: Annotated[Path | None, typer.Option(help="Interactive page to write.")] = None,
) -> None:
    """Read all records and write what is asked for; the tables if nothing is."""
    if figures is None:
        refuse_ignored(context, ("formats",), "is of --figures, which was not given; give both, or leave it out")
    chosen = checked_formats(formats)
    if out is not None:
        check_ending(out, (".md", ".txt"), "tables go")
    if html is not None:
        check_ending(html, (".html", ".htm"), "a page goes")
    if page is not None:
        check_page(page)
    found, encoders = read_all_records(records)
    if not found and (page, figures, html) != (None, None, None):
        raise SadvaeError(f"{records} holds records of encoders alone; --page, --figures and --html are of runs.")
    if figures is not None:
        written = write_figures(records, figures, chosen)
        typer.echo(f"Wrote {len(written)} figure files under {figures}")
    if html is not None:
        write_page(html, records)
        typer.echo(f"Wrote {html}")
    if tables is not None:
        typer.echo(f"Wrote {write_tables(tables, found, against)} tables to {tables}")
    if out is not None or (figures, html, tables) == (None, None, None):
        target = out or Path("RESULTS.md")
        write_text(target, results_markdown(found, encoders, against))
        typer.echo(f"Wrote {target} from {counted(len(found) + len(encoders), 'record')}")
    if page is not None:
        write_into(page, readme_table(found))
