"""A small run of the whole chain through the command line, shared by the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from sadvae.cli.main import main
from tests.made_once import made_once

EXPERIMENT = """
name = "tiny"
title = "Tiny run"
[data]
dataset = "generated"
generated = { subjects = 4, repetitions = 2, style = 0.5 }
[split]
name = "generated"
[encoder]
preset = "demo"
changes = { widths = [8, 16], strides = [2, 2], frames = 16, epochs = 2 }
[method]
preset = "sadvae"
changes = { epochs = 2 }
"""


@dataclass(frozen=True)
class Outcome:
    """What a command left on the terminal, and its exit code."""

    code: int
    out: str
    err: str


class CommandLine:
    """Runs verbs in this process, as the `sadvae` script does."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *words: object) -> Outcome:
        self._capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        shown = self._capfd.readouterr()
        code = stop.value.code
        return Outcome(code if isinstance(code, int) else 0, shown.out, shown.err)


@pytest.fixture
def sadvae(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("COLUMNS", "200")
    return CommandLine(capfd)


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("experiment") / "tiny.toml"
    path.write_text(EXPERIMENT)
    return path


@pytest.fixture(scope="session")
def run_folder(experiment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two seeds."""

    def make(folder: Path) -> None:
        with pytest.raises(SystemExit) as stop:
            main(["run", str(experiment), "--out", str(folder), "--seeds", "2"])
        assert not stop.value.code

    return made_once("tiny", tmp_path_factory, make)
