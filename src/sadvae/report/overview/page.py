"""The interactive page of many records, or the report of a single run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sadvae.files import write_text
from sadvae.record import RunRecord
from sadvae.report.finished import is_run_folder, read_run
from sadvae.report.html import filled_page, write_report
from sadvae.report.markup import Html, details, element, joined, note
from sadvae.report.overview.experiments import experiments
from sadvae.report.overview.lines import SCORES, Line, mean_lines, run_lines
from sadvae.report.overview.tables import filter_bar, lines_table
from sadvae.report.results import read_records
from sadvae.report.results_groups import grouped
from sadvae.report.run_report import scene_of
from sadvae.report.scores import FEWEST, Scores
from sadvae.report.section import Section
from sadvae.report.words import counted

TITLE = "Zero-shot results"


def write_page(path: Path, source: Path) -> None:
    """Write the page of all records below `source`, atomically; for the folder of a single run, its report with clips.

    Raises SadvaeError where there is no record, or one is damaged.
    """
    if is_run_folder(source):
        run = read_run(source)
        write_report(path, run.record, scene_of(run))
    else:
        write_text(path, overview_html(read_records(source)))


def overview_html(records: Sequence[RunRecord]) -> str:
    """The overview as HTML: it loads nothing, and without JavaScript its tables are still there."""
    groups = grouped(records)
    every = [Scores(group) for group in groups]
    means, runs = mean_lines(every), run_lines(every)
    return filled_page(
        title=TITLE,
        kicker="Zero-shot action recognition from skeletons: all runs",
        about=joined(
            *(
                element("span", text)
                for text in (
                    counted(len(groups), "experiment"),
                    counted(len(records), "run"),
                    counted(len({line.method for line in means}), "method"),
                )
            )
        ),
        sections=[_methods(means), _chart(), experiments(every), _runs(runs)],
        styles=("page.css", "overview.css"),
        scripts=(("page.js",), ("overview.js",)),
    )


def _methods(lines: Sequence[Line]) -> Section:
    text = note(
        "In percent: the mean over splits and seeds, and below it from "
        f"{FEWEST} runs on the 95 % interval of a bootstrap over splits and seeds, of fewer ± its standard error (none "
        "for a single run). With one split both are about seeds alone. An equal result of two experiment files counts "
        "once. ZSL: clips of unseen classes, choice among these. S, U, H: choice among all classes; clips of seen "
        "classes, of unseen classes, and the harmonic mean. Rows marked “oracle, not a result” picked their epoch by "
        "looking at the test set. Click a heading to sort."
    )
    table = lines_table(lines, "means", "Methods: means over splits and seeds", ("Splits", "Runs"))
    return Section("table", "All methods", joined(filter_bar(lines), text, table))


def _chart() -> Section:
    options = [element("option", name, value=name) for name in SCORES]
    menu = element("label", "Score", element("select", *options, id="score"))
    place = element("div", id="means-chart", role="img", aria_label="Means and intervals of the rows that are shown")
    body = joined(
        element("div", menu, class_="filters"),
        note(
            "The first rows of the table above, as it is sorted and filtered: ",
            element("span", id="drawn"),
            ". Lines are the intervals of the table; open diamonds are oracles.",
        ),
        place,
    )
    return Section("chart", "Side by side", body)


def _runs(lines: Sequence[Line]) -> Section:
    table: Html = lines_table(lines, "runs", "Every run", ("Seed",))
    return Section("runs", "Every run", details(f"{counted(len(lines), 'row')}, one a record, method and rule", table))
