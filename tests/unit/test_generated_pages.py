"""RESULTS.md and the table of the README are what the committed run records give, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from sadvae.errors import SadvaeError
from sadvae.report.readme import BEGIN, END, readme_table, write_into
from sadvae.report.results import read_all_records, read_records, results_markdown
from tests.conftest import ROOT

RECORDS = ROOT / "results" / "runs"


def test_results_are_generated_from_the_records() -> None:
    assert (ROOT / "RESULTS.md").read_text() == results_markdown(*read_all_records(RECORDS))


def test_the_readme_table_is_generated_from_the_records(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text((ROOT / "README.md").read_text())
    write_into(page, readme_table(read_records(RECORDS)))
    assert page.read_text() == (ROOT / "README.md").read_text()


def test_a_table_replaces_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_into(page, "| new |")
    assert page.read_text() == f"before\n{BEGIN}\n| new |\n{END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(SadvaeError, match="has no place for the table"):
        write_into(page, "| new |")
    assert page.read_text() == "no marks"
