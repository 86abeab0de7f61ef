"""The page's tables have the numbers of RESULTS.md: means and intervals over splits and seeds, and counts of both."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from sadvae.evaluation.statistics import Estimate
from sadvae.record import RunRecord
from sadvae.report.figures.gather import UnseenClass
from sadvae.report.overview.class_charts import class_chart
from sadvae.report.overview.lines import mean_lines, run_lines
from sadvae.report.overview.page import overview_html
from sadvae.report.results import write_tables
from sadvae.report.results_groups import grouped
from sadvae.report.scores import Scores
from tests.report_samples import make_evaluation, make_record
from tests.unit.test_results_many import MAIN, records

NUMBERS = ("value", "low", "high")


def on_the_page(found: list[RunRecord]) -> dict[tuple[str, str], dict[str, str]]:
    """What the rows of the table of means hold, by method and rule: numbers by score, splits, runs, and the text."""
    table = overview_html(found).split('<table id="means"')[1].split("</table>")[0]
    rows = {}
    for row in table.split("<tr ")[1:]:
        method, rule = (re.search(rf'data-{name}="([^"]*)"', row) for name in ("method", "weights"))
        assert method is not None
        assert rule is not None
        cells = {f"{name} {number}": "" for name in ("ZSL", "S", "U", "H", "Gate AUROC") for number in NUMBERS}
        for cell in re.findall(r"<td [^>]*data-score[^>]*>", row):
            name = re.findall(r'data-score="([^"]*)"', cell)[0]
            cells |= {f"{name} {number}": value for number, value in re.findall(r'data-(\w+)="([\d.]+)"', cell)}
        splits, runs = re.findall(r'<td class="number" data-value="(\d+)">', row)
        rows[method[1], rule[1]] = cells | {"splits": splits, "runs": runs, "text": row}
    return rows


def in_results(folder: Path, found: list[RunRecord]) -> list[dict[str, str]]:
    write_tables(folder, found)
    (table,) = folder.glob("*/methods.csv")
    return [row for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines()) if row["Method"] != "chance"]


@pytest.mark.parametrize("twice", [False, True])
def test_the_page_and_results_agree_over_splits_and_seeds_and_on_an_evaluation_that_two_files_hold(
    tmp_path: Path, twice: bool
) -> None:
    again = [r.model_copy(update={"name": "another"}) for r in records()[1:3]] if twice else []
    found = [*records(), *again]
    page, results = on_the_page(found), in_results(tmp_path, found)
    assert {row["Method"] for row in results} == {"SA-DVAE (sadvae)", "ridge regression"}
    for row in results:
        shown = page[row["Method"], row["Selection"]]
        assert (shown["splits"], shown["runs"], row["Runs"]) == ("3", "6", "6")
        for score in ("ZSL", "S", "U", "H", "Gate AUROC"):
            expected = [float(row[f"{score}{end}"]) for end in ("", " low", " high")]
            assert [float(shown[f"{score} {number}"]) for number in NUMBERS] == pytest.approx(expected, abs=1e-3)
    main = page["SA-DVAE (sadvae)", "last epoch"]
    assert float(main["ZSL value"]) == pytest.approx(100 * MAIN.mean(), abs=1e-3)
    assert "3 splits" in main["text"]


def test_fewer_runs_than_make_an_interval_show_the_standard_error_as_results_do() -> None:
    found = records()[:2]
    cells = on_the_page(found)["SA-DVAE (sadvae)", "last epoch"]
    error = 100 * MAIN[0].std(ddof=1) / np.sqrt(2)
    assert f"±\u00a0{error:.1f}" in cells["text"]
    assert (cells["ZSL low"], cells["ZSL high"], cells["splits"], cells["runs"]) == ("", "", "1", "2")
    assert "sticks, first" in cells["text"]


def test_every_record_has_its_own_name_and_split_and_the_experiment_of_its_group() -> None:
    every = [Scores(group) for group in grouped(records())]
    lines = run_lines(every)
    assert {(line.shown, line.split) for line in lines} == {(r.name, r.split) for r in records()}
    assert {line.experiment for line in lines} == {line.experiment for line in mean_lines(every)} == {"sticks 4/2"}
    assert next(line.counts for line in lines) == {"Seed": 0}


def test_entries_of_one_name_and_two_definitions_keep_apart_in_both_tables() -> None:
    entry = {"name": "other", "method": {"preset": "sadvae"}}
    both = [
        make_record(
            name=f"trial-{seed}",
            seed=seed,
            settings={"compare": [entry | {"changes": seed}]},
            evaluations=[make_evaluation(), make_evaluation(entry="other", zsl_accuracy=0.1 * seed)],
        )
        for seed in (1, 2)
    ]
    every = [Scores(group) for group in grouped(both)]
    methods = {line.method for line in mean_lines(every)}
    assert len(methods) == 3
    assert {line.method for line in run_lines(every)} == methods


@pytest.mark.parametrize("methods", [2, 9])
def test_a_class_without_a_value_stays_empty_and_no_value_of_0_does(methods: int) -> None:
    half = Estimate(0.5, 0.1, None, None, 2, 6)
    means = {f"method {i}": [Estimate(0.0, None, None, None, 1, 1), None, half] for i in range(methods)}
    chart = class_chart([UnseenClass(name, 2) for name in ("walk", "sit", "wave")], means, 10)
    first = chart["data"][0]
    values = first["x"] if methods == 2 else [row[0] for row in first["z"]]
    shown = first["text"] if methods == 2 else [row[0] for row in first["text"]]
    told = first["customdata"] if methods == 2 else [row[0] for row in first["customdata"]]
    assert values == [0.0, None, 50.0]
    assert shown == (["0", "", ""] if methods == 2 else ["0", "", "50"])
    assert told[2].endswith(": 50.0 ± 10.0, 2 splits, 6 runs")
    assert chart["layout"]["yaxis"]["ticktext"] == ["walk (2)", "sit (2)", "wave (2)"]


def test_an_experiment_of_several_splits_names_them_all() -> None:
    part = overview_html(records()).split('id="experiments"')[1].split("</section>")[0]
    assert "<b>sticks 4/2</b>: 3 splits, 6 records; sticks, encoder demo, texts names" in part
    assert "Splits: first, second, third." in part
