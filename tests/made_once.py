"""Folders that take long to make: one of the processes that test side by side makes them, and each gets a copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(name: str, factory: pytest.TempPathFactory, make: Callable[[Path], None]) -> Path:
    """A copy of the folder that `make` makes, in whichever process comes first; the others wait. name: one a folder."""
    base = factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    finished = made.with_suffix(".finished")
    with FileLock(made.with_suffix(".lock")):
        if not finished.exists():
            make(made)
            finished.touch()
    return Path(shutil.copytree(made, factory.mktemp(f"{name}-copy") / name))
