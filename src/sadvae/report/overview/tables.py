"""The tables of the overview, and the fields that search and filter them."""

from __future__ import annotations

from collections.abc import Sequence

from sadvae.report.markup import Html, element, joined
from sadvae.report.overview.lines import SCORES, Line, Score
from sadvae.report.words import DASH, percent

FILTERS = {"experiment": "Experiment", "dataset": "Data set", "method": "Method", "weights": "Weights"}


def filter_bar(lines: Sequence[Line]) -> Html:
    """A search field and one menu for each thing that lines differ in; they act on all tables and the chart."""
    search = element(
        "label",
        "Search",
        element("input", type="search", id="search", autocomplete="off", placeholder="any words of a row"),
    )
    menus = [_menu(name, title, lines) for name, title in FILTERS.items()]
    clear = element("button", "Clear", type="reset", class_="plain")
    return element("form", search, *menus, clear, class_="filters", id="filters", role="search", aria_label="Runs")


def _menu(name: str, title: str, lines: Sequence[Line]) -> Html:
    values = sorted({getattr(line, name) for line in lines})
    options = [element("option", "all", value=""), *(element("option", value, value=value) for value in values)]
    return element("label", title, element("select", *options, data_filter=name))


def lines_table(lines: Sequence[Line], name: str, caption: str, counts: Sequence[str]) -> Html:
    """A table whose headings are buttons that sort it; counts: the headings of the columns of splits, runs or seeds."""
    heads = ["Method and experiment", *SCORES, *counts, "Weights", "Data set and split"]
    numbers = {*SCORES, *counts}
    top = element("tr", *(_head(head, head in numbers) for head in heads))
    body = element("tbody", *(_row(line) for line in lines))
    shown = element("p", f"{len(lines)} of {len(lines)} rows", role="status", class_="note", data_count=name)
    table = element("table", element("caption", caption), element("thead", top), body, id=name, class_="sortable")
    return joined(shown, element("div", table, class_="scroll", tabindex="0", role="region", aria_label=caption))


def _head(name: str, number: bool) -> Html:
    button = element("button", name, type="button")
    return element("th", button, scope="col", aria_sort="none", **({"class_": "number"} if number else {}))


def _row(line: Line) -> Html:
    weights = element("b", line.weights) if line.oracle else line.weights
    cells = [
        element("th", line.method, " ", element("small", line.shown), scope="row"),
        *(_score(line.scores[name], name) for name in SCORES),
        *(element("td", count, class_="number", data_value=count) for count in line.counts.values()),
        element("td", weights),
        element("td", line.dataset, ", ", line.split, element("small", line.inputs) if line.inputs else ""),
    ]
    data = {f"data_{name}": getattr(line, name) for name in FILTERS}
    return element("tr", *cells, data_oracle=str(line.oracle).lower(), **data)


def _score(score: Score | None, name: str) -> Html:
    if score is None:
        return element("td", DASH, class_="number", data_score=name)
    data: dict[str, object] = {"data_score": name, "data_value": f"{100 * score.mean:.4f}"}
    spread = "" if score.error is None else f" ±\u00a0{percent(score.error)}"
    if score.low is not None and score.high is not None:
        spread = f" {percent(score.low)}{DASH}{percent(score.high)}"
        data |= {"data_low": f"{100 * score.low:.4f}", "data_high": f"{100 * score.high:.4f}"}
    return element("td", percent(score.mean), element("small", spread) if spread else "", class_="number", **data)
