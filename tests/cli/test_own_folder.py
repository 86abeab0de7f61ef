"""A folder of somebody's data holds Python files, too: none of them runs because a command is given there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sadvae.skeleton.stream import _close, _started

PLANTED = "import pathlib\npathlib.Path(__file__).with_name('ran').touch()\nraise SystemExit(3)\n"
SPAWNS = """
import multiprocessing, sys
from sadvae.cli.main import main

def work():
    print("worked")

if __name__ == "__main__":
    sys.argv = ["sadvae", "--version"]
    try:
        main()
    except SystemExit:
        process = multiprocessing.get_context("spawn").Process(target=work)
        process.start()
        process.join()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with modules called as those that every process imports."""
    place = tmp_path / "data"
    place.mkdir()
    for name in ("json.py", "socket.py", "numpy.py", "sadvae.py"):
        (place / name).write_text(PLANTED)
    monkeypatch.chdir(place)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    return place


def test_processes_that_read_recordings_take_no_module_from_there(folder: Path) -> None:
    worker = _started(folder)
    assert worker.stdin is not None
    worker.stdin.close()
    worker.wait(60)
    _close(worker)
    assert not (folder / "ran").exists()


def test_processes_that_a_command_starts_take_no_module_from_there(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "sadvae_like.py"
    script.write_text(SPAWNS)
    found = subprocess.run(
        [sys.executable, str(script)], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert "worked" in found.stdout, found.stderr
    assert not (folder / "ran").exists()
