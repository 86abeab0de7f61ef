"""Options that would do nothing are refused, so that nobody takes for done what was not."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from sadvae.errors import SadvaeError


def given(context: typer.Context, *names: str) -> list[str]:
    """Those of some options that were typed, written as they are typed (--save-clips); names: save_clips and so on."""
    typed = [name for name in names if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"]
    written = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    return [written[name] for name in typed]


def refuse_ignored(context: typer.Context, names: Sequence[str], why: str) -> None:
    """Raises SadvaeError for the first of some options that was typed, where none has anything to do.

    names: of the parameters. why: the end of the sentence, which says what the option is of and what to do.
    """
    for option in given(context, *names):
        raise SadvaeError(f"{option} {why}.")


def refuse_both(context: typer.Context, first: str, second: str) -> None:
    """Raises SadvaeError where two options were typed of which only one can count; they are names of parameters."""
    found = given(context, first, second)
    if len(found) == 2:
        raise SadvaeError(f"{found[0]} and {found[1]} do not go together; give one of them.")
