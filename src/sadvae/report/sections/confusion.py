"""Which unseen classes are taken for which."""

from __future__ import annotations

import numpy as np

from sadvae.record import Evaluation, RunRecord
from sadvae.report.markup import Html, joined, note
from sadvae.report.section import Chart, Section, chart_place, plot_text
from sadvae.report.words import class_name, counted

# Counts are written in the cells of matrices of at most this many classes.
WRITTEN = 16
# A dark text on light cells and a light one on dark cells.
_SCALE = [[0, "#f4f7fa"], [0.5, "#8fc0e3"], [1, "#004c7a"]]


def confusion(record: RunRecord) -> Section:
    """The ZSL confusion matrix of the main method as a heat map."""
    main = record.evaluations[0]
    names = [class_name(record, class_id) for class_id in main.confusion_ids]
    height, least_width = 190 + max(180, 34 * len(names)), 140 + 24 * len(names)
    place = chart_place("confusion", "Rows: true class. Columns: answer. Number of clips.", height, least_width)
    body = joined(_most(main, names), place)
    return Section("confusion", "What is taken for what", body, {"confusion": _chart(main, names)})


def _most(main: Evaluation, names: list[str]) -> Html:
    counts = np.array(main.confusion)
    wrong = [(int(counts[i, j]), names[i], names[j]) for i in range(len(names)) for j in range(len(names)) if i != j]
    most = [entry for entry in sorted(wrong, key=lambda entry: -entry[0])[:3] if entry[0]]
    if not most:
        return note("No unseen clip was taken for another class.")
    times = "; ".join(f"“{truth}” as “{answer}” ({counted(count, 'time')})" for count, truth, answer in most)
    return note(f"Zero-shot decisions. Most often: {times}.")


def _chart(main: Evaluation, names: list[str]) -> Chart:
    counts = np.array(main.confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    place = list(range(len(names)))
    shown = [plot_text(name, 22) for name in names]
    written = {"text": main.confusion, "texttemplate": "%{text}"} if len(names) <= WRITTEN else {}
    cells = {
        "type": "heatmap",
        "x": place,
        "y": place,
        "z": share.round(3).tolist(),
        "customdata": [[[int(counts[i, j]), plot_text(names[i]), plot_text(names[j])] for j in place] for i in place],
        "hovertemplate": "%{customdata[1]} → %{customdata[2]}: %{customdata[0]}<extra></extra>",
        "colorscale": _SCALE,
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        **written,
    }
    ticks = {"tickvals": place, "ticktext": shown, "showgrid": False, "zeroline": False, "automargin": True}
    layout = {
        "xaxis": {**ticks, "title": {"text": "answer"}, "tickangle": -45},
        "yaxis": {**ticks, "autorange": "reversed"},
        "hovermode": "closest",
    }
    return {"data": [cells], "layout": layout}
