"""Every row of the table in docs/data.md is backed by a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "data.md").read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| [A-M]\. ", line)]


def test_there_is_a_row_for_every_format() -> None:
    assert [row[0][0] for row in rows()] == list("ABCDEFGHIJKLM")
    assert all(len(row) == 6 and all(row) for row in rows())


def test_every_row_names_a_test_that_exists() -> None:
    for row in rows():
        file, _, name = row[5].strip("`").partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, row[5]
