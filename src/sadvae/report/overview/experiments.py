"""One part of the overview for each experiment: class by class, seen against unseen, probes, published numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sadvae.report.figures.gather import class_means, curves_of, probes_of, shown_methods
from sadvae.report.figures.probe_bars import ProbeGroup
from sadvae.report.figures.seen_unseen import GRID, MethodCurve, mean_curve
from sadvae.report.markup import Html, details, element, joined, note, table
from sadvae.report.overview.class_charts import class_chart, class_place, is_wide
from sadvae.report.overview.lines import experiment_name, input_words
from sadvae.report.palette import COLOURS
from sadvae.report.published import published_results
from sadvae.report.results_groups import Group
from sadvae.report.scores import Scores
from sadvae.report.section import Chart, Section, chart_place, figures, plot_text, rounded
from sadvae.report.sections.comparison import published_table
from sadvae.report.words import counted, percent, run_title

_DASHES = ("solid", "dash", "dot", "dashdot")


def experiments(every: Sequence[Scores]) -> Section:
    """All experiments, each on a click."""
    charts: dict[str, Chart] = {}
    parts = [_experiment(scores, number, charts) for number, scores in enumerate(every)]
    return Section("experiments", "Experiment by experiment", joined(*parts), charts)


def _experiment(scores: Scores, number: int, charts: dict[str, Chart]) -> Html:
    methods, splits = shown_methods(scores), len(scores.split_names)
    legend = {method: i for i, method in enumerate(methods)}
    places, wide, written = [], [], []
    if methods:
        classes, means = class_means(methods)
        charts[f"classes-{number}"] = class_chart(classes, means, splits)
        place = class_place(f"classes-{number}", classes, means, splits)
        (wide if is_wide(means) else places).append(place)
    curves = curves_of(methods)
    if curves:
        charts[f"curve-{number}"] = _curves(curves, legend)
        over = "splits and seeds" if splits > 1 else "seeds"
        places.append(chart_place(f"curve-{number}", f"Unseen against seen accuracy (%), mean over {over}", 400))
    probes = probes_of(scores)
    if probes:
        written.append(_probes(probes))
    stated = dict.fromkeys(result for record in scores.group.records for result in published_results(record))
    written.append(published_table(tuple(stated)))
    parts = (_splits(scores), _legend(list(methods)), *wide, figures(*places, columns="two"), *written)
    return details(_title(scores.group, splits), *parts, open_=number == 0)


def _title(group: Group, splits: int) -> Html:
    """The experiment and its data; of one split its title and name, of several how many there are."""
    first = group.records[0]
    if splits == 1:
        return joined(
            element("b", experiment_name(group)), f": {run_title(first)}, {first.dataset}, split {first.split}"
        )
    told = f"{counted(splits, 'split')}, {counted(len(group.records), 'record')}; {input_words(group)}"
    return joined(element("b", experiment_name(group)), f": {told}")


def _splits(scores: Scores) -> Html | str:
    names = list(dict.fromkeys(scores.split_names.values()))
    return note(f"Splits: {', '.join(names)}.") if len(names) > 1 else ""


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


def _curves(found: Sequence[MethodCurve], legend: Mapping[str, int]) -> Chart:
    lines = []
    for method in found:
        i = legend[method.method]
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
