"""The types of the whole project hold. A test, as pyright takes one core and the other tests can have the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def test_pyright_finds_nothing() -> None:
    command = [Path(sys.executable).with_name("pyright"), "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
