"""The `sadvae` command: one verb per file; bad input ends in one sentence and exit code 2."""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console

from sadvae.cli import (
    check,
    demo,
    embed,
    evaluate,
    exporting,
    extract,
    importing,
    predict,
    prepare,
    pretrain,
    report,
    run,
    train,
)
from sadvae.errors import SadvaeError

STOPPED = 130


def build_app() -> typer.Typer:
    """The Typer application with all verbs, in the order of the chain."""
    app = typer.Typer(
        help="Recognise human actions nobody recorded examples of: zero-shot skeleton action recognition with SA-DVAE.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    for verb, module in (
        ("demo", demo),
        ("run", run),
        ("prepare", prepare),
        ("pretrain", pretrain),
        ("extract", extract),
        ("import", importing),
        ("export", exporting),
        ("embed", embed),
        ("train", train),
        ("evaluate", evaluate),
        ("predict", predict),
        ("check", check),
        ("report", report),
    ):
        app.command(verb, help=module.HELP, short_help=module.HELP.splitlines()[0])(module.command)
    return app


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    # One thread a process: more collapse on shared machines. Set before torch is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        build_app()(args=arguments)
    except SadvaeError as error:
        errors.print("[bold red]Error:[/]", end=" ")
        errors.print(str(error), markup=False)
        sys.exit(2)
    except KeyboardInterrupt:
        errors.print("Stopped. The same command goes on where it stopped.")
        sys.exit(STOPPED)


if __name__ == "__main__":
    main()
