"""The `sadvae` command: one verb per file; bad input ends in one sentence and exit code 2."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated

import typer
from rich.console import Console

from sadvae import __version__
from sadvae.errors import SadvaeError

STOPPED = 130
# The verbs that keep what they have done when they are stopped.
RESUMED = ("demo", "run", "bench", "search", "poses", "prepare", "pretrain", "accuracy", "describe")


# Every verb in the order of the chain: the module of this folder that has it, and its line in `sadvae --help`.
VERBS = {
    "demo": ("demo", "See it work in a minute: generated motion, all stages, a report."),
    "run": ("run", "Run an experiment file from raw skeletons to a record, a recogniser and a report."),
    "bench": ("bench", "Run many experiment files and seeds in several processes, each run a record."),
    "search": ("search", "Look for better settings of a method, on held-out classes alone."),
    "poses": ("poses", "Estimate the poses of the person in each video, and write them as clips files."),
    "prepare": ("prepare", "Read raw skeletons, prepare them by a recipe, and write clips and a manifest."),
    "pretrain": (
        "pretrain",
        "Train the skeleton encoders of a split on its seen classes, for both levels.",
    ),
    "accuracy": ("accuracy", "Train encoders on all classes and say how often they are right on other subjects."),
    "extract": ("extract", "Turn clips into features with trained encoders."),
    "import": ("importing", "Read features that other projects published."),
    "export": ("exporting", "Write features, clips or a recogniser as files that others read."),
    "embed": ("embed", "Turn the class texts of a data set, or of your own list, into vectors."),
    "describe": ("describe", "Write descriptions of class names, by a language model or by templates."),
    "train": ("train", "Train SA-DVAE (or a baseline) on features and class embeddings."),
    "evaluate": ("evaluate", "Score a trained method: ZSL, S, U, H, and a table by class."),
    "predict": ("predict", "Name the actions in skeleton files, videos or before a camera, with any names you type."),
    "serve": ("serve", "Open a page on this machine: drop in a recording, type names, see the answers."),
    "check": ("check", "Say what a file or folder holds, and what is wrong with it."),
    "report": ("report", "Make tables, figures and an interactive page of results from run records."),
}


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"sadvae {__version__}")
        raise typer.Exit


def build_app(asked: str | None = None) -> typer.Typer:
    """The Typer application. Only the module of the verb `asked` is imported, since some take seconds to load."""
    app = typer.Typer(
        help="Recognise human actions nobody recorded examples of: zero-shot skeleton action recognition with SA-DVAE.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_all_verbs)
    for verb, (module_name, short_help) in VERBS.items():
        if verb == asked:
            module = import_module(f"sadvae.cli.{module_name}")
            app.command(verb, help=module.HELP, short_help=short_help)(module.command)
        else:
            app.command(verb, short_help=short_help)(_not_asked)
    return app


def _all_verbs(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Say the version.")
    ] = False,
) -> None:
    """What is asked of the program rather than of a verb."""


def _refuse_many_processes(asked: str | None) -> None:
    """Refuse a verb that torchrun started many times: they would write the same files, or wait for each other."""
    several = "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("WORLD_SIZE", "1") != "1"
    if several and asked in VERBS and asked != "pretrain":
        raise SadvaeError(
            f"torchrun starts several processes, and `sadvae pretrain` alone shares its work among them; start "
            f"`sadvae {asked}` without torchrun."
        )


def _not_asked() -> None:
    """Stands in the list of verbs for one whose module was not imported."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    # One thread a process: more collapse on shared machines. Set before torch is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if arguments is None:
        # Processes that a command starts take no modules from the folder that somebody happens to stand in.
        os.environ.setdefault("PYTHONSAFEPATH", "1")
    words = sys.argv[1:] if arguments is None else arguments
    errors = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
    asked = next((word for word in words if not word.startswith("-")), None)
    try:
        _refuse_many_processes(asked)
        build_app(asked)(args=words)
    except SadvaeError as error:
        errors.print("[bold red]Error:[/]", end=" ")
        errors.print(str(error), markup=False)
        sys.exit(2)
    except OSError as error:
        # A path that the system refuses to look up (a name that is too long, a folder that may not be entered).
        if error.filename is None:
            raise
        errors.print("[bold red]Error:[/]", end=" ")
        errors.print(f"{error.filename}: {error.strerror}; check the path.", markup=False)
        sys.exit(2)
    except KeyboardInterrupt:
        # While modules are loaded, before Typer listens.
        errors.print("Stopped.")
        sys.exit(STOPPED)
    except SystemExit as stop:
        # Typer turns Ctrl-C into this code, without a word.
        if stop.code == STOPPED:
            errors.print("Stopped. The same command goes on where it stopped." if asked in RESUMED else "Stopped.")
        raise


if __name__ == "__main__":
    main()
