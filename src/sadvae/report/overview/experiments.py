"""One part of the overview for each experiment: class by class, seen against unseen, probes, published numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sadvae.report.figures.gather import by_method, class_means, curves_of, probes_of
from sadvae.report.figures.probe_bars import ProbeGroup
from sadvae.report.figures.seen_unseen import GRID, MethodCurve, mean_curve
from sadvae.report.markup import Html, details, element, joined, table
from sadvae.report.overview.lines import experiment_name
from sadvae.report.palette import COLOURS
from sadvae.report.published import published_results
from sadvae.report.results_groups import Group
from sadvae.report.section import Chart, Section, chart_place, figures, plot_text, rounded
from sadvae.report.sections.comparison import published_table
from sadvae.report.words import percent, run_title

_DASHES = ("solid", "dash", "dot", "dashdot")


def experiments(groups: Sequence[Group]) -> Section:
    """All experiments, each on a click."""
    charts: dict[str, Chart] = {}
    parts = [_experiment(group, number, charts) for number, group in enumerate(groups)]
    return Section("experiments", "Experiment by experiment", joined(*parts), charts)


def _experiment(group: Group, number: int, charts: dict[str, Chart]) -> Html:
    first = group.records[0]
    title = joined(element("b", experiment_name(group)), f": {run_title(first)}, {first.dataset}, split {first.split}")
    places, written = [], []
    if by_method(group.records):
        names, means = class_means(group.records)
        charts[f"classes-{number}"] = _classes(names, means)
        height = 60 + len(names) * max(26, 11 * len(means))
        places.append(chart_place(f"classes-{number}", "Unseen classes: zero-shot accuracy (%)", height))
    curves = curves_of(group.records)
    if curves:
        charts[f"curve-{number}"] = _curves(curves)
        places.append(chart_place(f"curve-{number}", "Unseen against seen accuracy (%), mean over seeds", 400))
    probes = probes_of(group.records)
    if probes:
        written.append(_probes(probes))
    stated = dict.fromkeys(result for record in group.records for result in published_results(record))
    written.append(published_table(tuple(stated)))
    legend = _legend(list(by_method(group.records)))
    return details(title, legend, figures(*places, columns="two"), *written, open_=number == 0)


def _legend(methods: Sequence[str]) -> Html:
    """One legend for all charts of an experiment; charts name the method too where they are pointed at."""
    marks = [
        element(
            "span", "■" if i < len(COLOURS) else "▨", style=f"color:{COLOURS[i % len(COLOURS)]}", aria_hidden="true"
        )
        for i in range(len(methods))
    ]
    items = [element("li", mark, " ", name) for mark, name in zip(marks, methods, strict=True)]
    return element("ul", *items, class_="legend")


def _classes(names: Sequence[str], means: dict) -> Chart:
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": plot_text(method),
            "y": [plot_text(name, 24) for name in names],
            "x": rounded([100 * mean.value if mean else 0 for mean in row], 2),
            "error_x": {
                "type": "data",
                "array": rounded([100 * (mean.error or 0) if mean else 0 for mean in row], 2),
                "thickness": 1,
                "width": 2,
            },
            "marker": {"color": COLOURS[i % len(COLOURS)], "pattern": {"shape": "/" if i >= len(COLOURS) else ""}},
            "hovertemplate": "%{y}: %{x:.1f}",
        }
        for i, (method, row) in enumerate(means.items())
    ]
    layout = {
        "xaxis": {"range": [0, 101]},
        "yaxis": {"autorange": "reversed", "automargin": True},
        "barmode": "group",
        "showlegend": False,
        "margin": {"l": 46, "r": 12, "t": 10, "b": 34},
    }
    return {"data": bars, "layout": layout}


def _curves(found: Sequence[MethodCurve]) -> Chart:
    lines = []
    for i, method in enumerate(found):
        points = [(s, u) for s, u in zip(GRID, mean_curve(method.curves), strict=True) if not math.isnan(u)]
        lines.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": plot_text(method.method),
                "x": rounded([100 * s for s, _ in points], 2),
                "y": rounded([100 * u for _, u in points], 2),
                "line": {
                    "color": COLOURS[i % len(COLOURS)],
                    "width": 3 if i == 0 else 1.5,
                    "dash": _DASHES[(i + i // len(COLOURS)) % len(_DASHES)],
                },
                "hovertemplate": "S %{x:.1f}, U %{y:.1f}",
            }
        )
    axis = {"range": [-2, 102]}
    layout = {
        "xaxis": {**axis, "title": {"text": "S: seen clips right (%)"}},
        "yaxis": {**axis, "title": {"text": "U: unseen clips right (%)"}},
        "showlegend": False,
        "hovermode": "closest",
    }
    return {"data": lines, "layout": layout}


def _probes(found: Sequence[ProbeGroup]) -> Html:
    rows = [
        (group.title, source, percent(mean.value), percent(mean.error), percent(group.chance))
        for group in found
        for source, mean in group.sources.items()
    ]
    head = ("A linear probe", "from", "balanced accuracy (%)", "± (standard error)", "chance")
    return joined(element("h3", "Does it disentangle?"), table(head, rows, words=(0, 1)))
