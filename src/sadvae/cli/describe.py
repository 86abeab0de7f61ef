"""`sadvae describe`: sentences on how the body moves, for class names."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sadvae.cli.ignored import refuse_ignored
from sadvae.cli.names import dataset_of, file_of, names_of
from sadvae.cli.show import Progresses
from sadvae.errors import SadvaeError
from sadvae.files import check_ending
from sadvae.report.words import counted
from sadvae.text.chat import Chat
from sadvae.text.describe import Described, describe, own_sentence, read_descriptions, write_descriptions
from sadvae.text.endpoint import KEY, MODEL, URL, endpoint_from

# Of a sentence in the table, in letters; the file has all of it.
SHOWN = 50
HELP = f"""Write descriptions of class names, by a language model or by templates.

Example: `sadvae describe "wave, fall down" --out descriptions.json`

The model is that of any endpoint with OpenAI's chat protocol: set {URL} (such as http://localhost:11434/v1), {MODEL},
and {KEY} where it wants a key. Without {URL}, names get our sentences where a built-in list has them, otherwise
those of the lexicon of movement, and templates where it knows no word. The file is what `sadvae predict --descriptions`
and `sadvae embed` read; prompts and answers are in it too. Descriptions that a file of names has stay as they are.
"""


def command(
    context: typer.Context,
    classes: Annotated[
        str,
        typer.Argument(
            help="Names separated by commas or line ends, a file of names (one a line, or JSON), or a data set."
        ),
    ],
    out: Annotated[Path, typer.Option(help="JSON file to write.")] = Path("descriptions.json"),
    count: Annotated[int, typer.Option(min=1, max=20, help="Descriptions a class, of a model.")] = 3,
    templates: Annotated[bool, typer.Option("--templates", help="Ask no model, whatever is set.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds until a model must have answered.")] = 60.0,
    cache: Annotated[
        Path | None, typer.Option(help="Folder that keeps a model's answers (default: beside the file).")
    ] = None,
) -> None:
    """Describe, print the first sentence of each class, and write the file."""
    check_ending(out, (".json",), "descriptions go")
    names = names_of(classes)
    endpoint = None if templates else endpoint_from()
    if endpoint is None:
        what = "which --templates does not ask" if templates else f"and none is asked, since {URL} is not set"
        refuse_ignored(context, ("count", "timeout", "cache"), f"is of a model, {what}; leave it out")
    kept = cache or out.parent / f".{out.stem}.answers"
    chat = Chat(endpoint, kept, timeout) if endpoint else None
    with Progresses() as say:
        found = describe(names, chat, count, lambda done, total: say("describe", done, total), _given(classes))
    own = own_sentence(out, found) if out.exists() else None
    if own is not None:
        raise SadvaeError(
            f"{out} holds a sentence of your own that would be lost, {shorten(own, SHOWN)!r}; write "
            f"to another file, or give {out} in place of the names: then its sentences stay."
        )
    made: dict[str, Any] = (
        {"by": "model", "url": endpoint.public_url, "model": endpoint.model} if endpoint else {"by": "templates"}
    )
    write_descriptions(out, found, made)
    Console(soft_wrap=True, emoji=False).print(_table(found))
    sentences = counted(sum(len(d.descriptions) for d in found), "description")
    typer.echo(f"Wrote {out}: {sentences} of {counted(len(found), 'class')}")
    if endpoint is None and not templates:
        typer.echo(f"No model was asked, since {URL} is not set.", err=True)


def _given(classes: str) -> dict[str, tuple[str, ...]]:
    """The descriptions that a file of names has already."""
    file = file_of(classes) if dataset_of(classes) is None else None
    if file is None or file.suffix.lower() != ".json":
        return {}
    texts = read_descriptions(file)
    return dict(zip(texts.names, texts.descriptions, strict=True))


def _table(found: list[Described]) -> Table:
    table = Table("class", "from", "descriptions", "the first")
    for one in found:
        first = shorten(one.descriptions[0], SHOWN, placeholder=" ...")
        table.add_row(escape(one.name), one.source, str(len(one.descriptions)), escape(first))
    return table
