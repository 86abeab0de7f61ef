"""The tutorial's page and notebook are run as they stand, by the commands and code that the reader gets."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.pages import blocks, differs

PAGE, NOTEBOOK = ROOT / "docs" / "tutorial.md", ROOT / "docs" / "tutorial.ipynb"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader's folder; the notebook goes on from what the page left there, as it says, and else trains itself."""
    return tmp_path_factory.mktemp("tutorial")


def run(words: list[str], folder: Path, given: str | None = None) -> str:
    """What a command prints, with the environment's own programs and a terminal of 80 columns. Fails where it fails."""
    settings = {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONWARNINGS": "error",
        "MPLBACKEND": "agg",
    }
    done = subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        cwd=folder,
        env={**os.environ, **settings},
        input=given,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_page_does_what_it_says(folder: Path) -> None:
    printed, compared = "", 0
    for block in blocks(PAGE):
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.kind == "sh":
            printed = "".join(run(shlex.split(line), folder) for line in block.text.splitlines())
        else:
            assert block.kind in ("text", "text about"), f"a block of kind {block.kind!r} is neither run nor compared"
            assert not differs(block.text, printed, about=block.kind == "text about"), block.text
            compared += 1
    assert compared >= 5
    assert (folder / "runs" / "mine" / "seed-0" / "report.html").is_file()


def test_the_notebook_runs_and_was_committed_without_outputs(folder: Path) -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for number, cell in enumerate(cells):
        compile("".join(cell["source"]), f"cell {number}", "exec")
    # Jupyter is large and no part of this environment; plain Python has no magics, so neither has the notebook.
    count = 'print("figures:", len(plt.get_fignums()))'
    code = "\n\n".join(["".join(cell["source"]) for cell in cells] + [count])
    said = run(["python", "-"], folder, code)
    assert "named rightly: " in said
    assert "figures: 3" in said
