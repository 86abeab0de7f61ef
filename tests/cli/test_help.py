"""Help comes at once and is right: every verb has an example, and listing the verbs loads no heavy library."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from sadvae import __version__
from sadvae.cli.main import VERBS
from tests.cli.conftest import CommandLine


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb: str, sadvae: CommandLine) -> None:
    module_name, short_help = VERBS[verb]
    module = import_module(f"sadvae.cli.{module_name}")
    assert module.HELP.splitlines()[0] == short_help
    assert f"`sadvae {verb} " in module.HELP
    shown = sadvae(verb, "--help")
    assert shown.code == 0
    assert short_help.split()[0] in shown.out


def test_short_help_and_the_version(sadvae: CommandLine) -> None:
    assert sadvae("-h").out == sadvae("--help").out
    assert sadvae("embed", "-h").out == sadvae("embed", "--help").out
    shown = sadvae("--version")
    assert (shown.code, shown.out) == (0, f"sadvae {__version__}\n")


def test_ctrl_c_while_modules_are_loaded_is_no_traceback(sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sadvae.cli.main.import_module", interrupted)
    done = sadvae("run", "x.toml")
    assert (done.code, done.err.strip()) == (130, "Stopped.")


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "sadvae", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("sadvae ")


def test_the_list_of_verbs_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom sadvae.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "assert not {'torch', 'transformers', 'sklearn', 'plotly', 'matplotlib'} & set(sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(verb in found.stdout for verb in VERBS)


def test_who_asks_or_checks_waits_for_no_library_that_trains() -> None:
    """Loading scikit-learn takes a second and more."""
    code = (
        "import sys, sadvae.recognizer, sadvae.cli.predict, sadvae.cli.serve, sadvae.cli.check\n"
        "assert not {'sklearn', 'scipy.stats', 'transformers', 'plotly', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
