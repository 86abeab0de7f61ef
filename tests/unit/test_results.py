"""RESULTS.md: means, errors and differences against NumPy and SciPy, and rows that never mix what differs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import sem

from sadvae.errors import SadvaeError
from sadvae.record import RunRecord
from sadvae.report.results import read_records, results_markdown
from sadvae.report.tables import cell
from tests.report_samples import make_evaluation, make_record, without_gate

MAIN, RIDGE = [0.71, 0.75, 0.66], [0.60, 0.70, 0.58]


def seeds() -> list[RunRecord]:
    return [
        make_record(
            seed=seed,
            evaluations=[
                make_evaluation(zsl_accuracy=main, harmonic_mean=main / 2),
                make_evaluation("ridge", None, zsl_accuracy=ridge, harmonic_mean=ridge / 2),
            ],
        )
        for seed, (main, ridge) in enumerate(zip(MAIN, RIDGE, strict=True))
    ]


def row(text: str, first: str, second: str = "") -> list[str]:
    """The cells of the first row that starts with these two cells."""
    rows = [[c.strip() for c in line.strip("| ").split(" | ")] for line in text.splitlines() if line.startswith("|")]
    return next(cells for cells in rows if cells[0] == first and cells[1].startswith(second))


def test_means_and_standard_errors_over_seeds() -> None:
    text = results_markdown(seeds())
    cells = row(text, "SA-DVAE (sadvae)")
    assert cells[1:4] == ["last epoch", "3", f"{100 * np.mean(MAIN):.1f} ± {100 * sem(MAIN):.1f}"]
    assert cells[7] == f"{50 * np.mean(MAIN):.1f} ± {50 * sem(MAIN):.1f}"
    assert row(text, "chance")[3] == "50.0"
    assert "3 seeds (0, 1, 2), last epoch (last\\_step)" in text


def test_paired_differences() -> None:
    differences = np.array(MAIN) - np.array(RIDGE)
    cells = row(results_markdown(seeds()), "SA-DVAE (sadvae) minus ridge regression")
    assert cells[2:4] == ["3", f"{100 * differences.mean():+.1f} ± {100 * sem(differences):.1f}"]
    assert cells[6] == f"{50 * differences.mean():+.1f} ± {50 * sem(differences):.1f}"


def test_a_single_seed_has_no_standard_error() -> None:
    text = results_markdown([make_record()])
    assert row(text, "SA-DVAE (sadvae)")[3:] == ["73.1", "70.2", "61.4", "42.3", "50.1", "40.0", "80.8"]
    assert row(text, "SA-DVAE (sadvae) minus ESZSL")[3] == "+18.1"
    assert "±" not in text.split("## ")[1]


def test_a_record_without_gate_or_baselines() -> None:
    text = results_markdown([make_record(evaluations=[without_gate(make_evaluation())])])
    assert row(text, "SA-DVAE (sadvae)")[3:] == ["73.1", "70.2", *["\u2013"] * 5]
    assert "Paired difference" not in text


def test_selection_rules_never_share_a_row() -> None:
    oracle = [make_evaluation(selection="oracle_test", zsl_accuracy=0.9), seeds()[0].evaluations[1]]
    records = [*seeds(), make_record(selection="oracle_test", evaluations=oracle)]
    text = results_markdown(records)
    assert row(text, "SA-DVAE (sadvae)", "last epoch")[2] == "3"
    assert row(text, "SA-DVAE (sadvae)", "oracle")[1:4] == ["oracle, not a result", "1", "90.0"]
    assert row(text, "SA-DVAE (sadvae) minus ridge regression", "oracle")[2] == "1"
    assert text.count("\n## ") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": {"method": {"preset": "paper"}}},
        {"data_hashes": {"clips": "other"}},
        {"settings": {"split": {"name": "other", "held_out_subjects": ["7"]}}},
        {"seen": [0, 1, 2], "unseen": [3, 4, 5]},
        {"dataset": "other"},
    ],
)
def test_what_differs_gets_a_section_of_its_own(changes: dict) -> None:
    text = results_markdown([make_record(seed=0), make_record(seed=1, **changes)])
    assert text.count("\n- Classes: ") == 2
    assert "2 seeds" not in text


def test_titles_and_baselines_do_not_split_a_section() -> None:
    other = {**make_record().settings, "title": "x", "seeds": 9, "baselines": []}
    text = results_markdown([make_record(), make_record(seed=1, settings=other)])
    assert text.count("\n## ") == 1
    assert "2 seeds" in text


def test_the_order_of_records_does_not_matter() -> None:
    records = [*seeds(), make_record(name="another", seed=7), make_record(split="other", unseen=[0, 3])]
    assert results_markdown(records) == results_markdown(records[::-1])
    assert results_markdown(records) == results_markdown(records)


def test_facts_of_a_section() -> None:
    text = results_markdown([make_record(), make_record(seed=1, git_revision="def456", seconds={"train": 50.0})])
    for shown in (
        "4 seen, 2 unseen, 1 of the seen ones held out",
        "encoder minilm, mode names",
        "preset demo",
        "Revision: abc123 / def456",
        "sadvae 0.1.0, torch 2.6",
        "calibration level: the same people in training and test (shared\\_subjects)",
        "75.8 s a seed (prepare 0.8 s, train 75.0 s); at most 321 MiB",
        "Clips: test level: training 40, unseen test 20\n",
    ):
        assert shown in text


def test_published_results_stand_apart() -> None:
    stated = {"method": "Theirs", "source": "Li 2024 | table 2", "selection": "oracle_test", "zsl": 82.37, "unseen": 70}
    text = results_markdown([make_record(settings={"published": [stated]})])
    for score, value in (("ZSL", "82.4"), ("U", "70.0")):
        shown = f"| four-two | Theirs | {score} | {value} | oracle, not a result | \u2013 | not run | \u2013 |"
        assert f"{shown} Li 2024 \\| table 2 |" in text
    with pytest.raises(SadvaeError, match=r"published\.0\.method"):
        results_markdown([make_record(settings={"published": [{"source": "x"}]})])


def test_a_seed_counts_once() -> None:
    with pytest.raises(
        SadvaeError, match="seed 0 of trial: sticks, split four-two, selection last_step, has two records"
    ):
        results_markdown([make_record(), make_record()])


def test_reading_records(tmp_path: Path) -> None:
    for record in seeds():
        record.write(tmp_path / f"seed-{record.seed}" / "record.json")
    assert read_records(tmp_path) == seeds()


def test_unreadable_records_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match=r"holds no record\.json"):
        read_records(tmp_path)
    path = tmp_path / "run" / "record.json"
    make_record(evaluations=[]).write(path)
    with pytest.raises(SadvaeError, match="holds no evaluation"):
        read_records(tmp_path)
    path.write_text(path.read_text()[:50])
    with pytest.raises(SadvaeError, match="not valid JSON"):
        read_records(tmp_path)
    path.write_text(json.dumps({"name": "x"}))
    with pytest.raises(SadvaeError, match="is not a run record"):
        read_records(tmp_path)


@given(st.text(max_size=30))
def test_a_cell_stays_a_cell(text: str) -> None:
    shown = cell(text)
    assert len(shown.splitlines()) <= 1
    assert not [i for i, c in enumerate(shown) if c in "|<" and shown[i - 1 : i] != "\\"]
