"""A record says the same after it was written and read, with lists of numbers on one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.record import read_record
from tests.conftest import ROOT
from tests.report_samples import make_evaluation, make_record


@given(
    st.text(max_size=20),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=5),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=4),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_record_survives_its_file(tmp_path: Path, text: str, curve: list, numbers: list[float]) -> None:
    nested = {"title": text, "deep": [text, "[\n 1.0\n]", [1, [2, -3e-9]], numbers, []], "none": None}
    record = make_record(
        settings=nested, evaluations=[make_evaluation(entry=text, curve=curve)], selection_curve=numbers
    )
    record.write(tmp_path / "record.json")
    assert read_record(tmp_path / "record.json") == record
    assert json.loads((tmp_path / "record.json").read_text()) == record.model_dump(mode="json")


def test_lists_of_numbers_take_one_line(tmp_path: Path) -> None:
    make_record().write(tmp_path / "record.json")
    text = (tmp_path / "record.json").read_text()
    assert ' "unseen": [3, 4],\n' in text
    assert "[0.614, 0.423]" in text


def test_records_without_entries_are_still_read() -> None:
    old = ROOT / "results" / "runs" / "demo" / "seed-0" / "record.json"
    assert "entry" not in json.loads(old.read_text())["evaluations"][0]
    assert read_record(old).evaluations[0].entry == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"confusion": [[1]]}, r"evaluations\.0: confusion is not 2 rows of 2 numbers, one for each of"),
        ({"confusion": [[9, 3], [2]]}, "confusion is not 2 rows of 2 numbers"),
        ({"confusion": []}, "confusion is not 2 rows of 2 numbers"),
        ({"confusion": [[9, 3], [2, -6]]}, r"evaluations\.0\.confusion\.1\.1: "),
        ({"zsl_accuracy": 7.0}, r"is not a run record: evaluations\.0\.zsl_accuracy: 7 is no fraction"),
        ({"harmonic_mean": -0.1}, r"harmonic_mean: -0\.1 is no fraction from 0 to 1\.$"),
        ({"curve": [[0.5, 1.5]]}, r"curve\.0\.1: 1\.5 is no fraction"),
    ],
)
def test_numbers_that_no_run_gives_are_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    record = make_record().model_dump(mode="json")
    record["evaluations"][0] |= change
    (tmp_path / "record.json").write_text(json.dumps(record))
    with pytest.raises(SadvaeError, match=said):
        read_record(tmp_path / "record.json")


def test_what_rounding_leaves_beyond_one_and_what_is_not_known_are_no_fault() -> None:
    evaluation = make_evaluation(zsl_accuracy=1.0000001, harmonic_mean=None, confusion_ids=[], confusion=[])
    assert evaluation.zsl_accuracy == 1.0000001
