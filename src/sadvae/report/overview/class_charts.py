"""Accuracy on each unseen class as a chart of the page: bars of a few methods, a map of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sadvae.evaluation.statistics import Estimate
from sadvae.report.figures.gather import UnseenClass, bracketed
from sadvae.report.markup import Html
from sadvae.report.palette import COLOURS
from sadvae.report.section import Chart, chart_place, plot_text
from sadvae.report.words import counted

# Bars of more methods than this would make each class as tall as the window.
MOST_BARS = 4
# A dark text on light cells and a light one on dark cells.
_SCALE = [[0, "#f4f7fa"], [0.5, "#8fc0e3"], [1, "#004c7a"]]

Means = Mapping[str, Sequence[Estimate | None]]


def is_wide(means: Means) -> bool:
    """Whether the chart of so many methods wants the whole width of the page."""
    return len(means) > MOST_BARS


def class_place(name: str, classes: Sequence[UnseenClass], means: Means, splits: int) -> Html:
    """Where the chart of class_chart is drawn, under what it shows. splits: of the experiment."""
    caption = "Unseen classes: zero-shot accuracy (%)"
    if splits > 1:
        caption += f", mean over the splits in which the class is unseen; in brackets how many of the {splits}"
    if is_wide(means):
        return chart_place(name, caption, 190 + 26 * len(classes), 180 + 46 * len(means))
    return chart_place(name, caption, 60 + len(classes) * max(26, 11 * len(means)))


def class_chart(classes: Sequence[UnseenClass], means: Means, splits: int) -> Chart:
    """Means of every method in the order of classes; a class without a value stays empty, which 0 % does not."""
    labels = [f"{plot_text(found.name, 26)}{bracketed(found, splits)}" for found in classes]
    return _map(labels, means) if is_wide(means) else _bars(labels, means)


def _bars(labels: Sequence[str], means: Means) -> Chart:
    rows = list(range(len(labels)))
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": plot_text(method),
            # Places, not names: of two shortened names that agree Plotly would make one class.
            "y": rows,
            "x": [_rounded(mean) for mean in row],
            "text": ["0" if mean and not mean.value else "" for mean in row],
            "textposition": "outside",
            "error_x": {"type": "data", "array": [_error(mean) for mean in row], "thickness": 1, "width": 2},
            "customdata": [f"{label}: {_told(mean)}" for label, mean in zip(labels, row, strict=True)],
            "marker": {"color": COLOURS[i % len(COLOURS)]},
            "hovertemplate": "%{customdata}",
        }
        for i, (method, row) in enumerate(means.items())
    ]
    layout = {
        "xaxis": {"range": [0, 101]},
        "yaxis": {"tickvals": rows, "ticktext": labels, "autorange": "reversed", "automargin": True},
        "barmode": "group",
        "showlegend": False,
        "margin": {"l": 46, "r": 12, "t": 10, "b": 34},
    }
    return {"data": bars, "layout": layout}


def _map(labels: Sequence[str], means: Means) -> Chart:
    columns, rows = list(range(len(means))), list(range(len(labels)))
    by_class = list(zip(*means.values(), strict=True))
    cells = {
        "type": "heatmap",
        "x": columns,
        "y": rows,
        "z": [[_rounded(mean) for mean in row] for row in by_class],
        "text": [["" if mean is None else f"{100 * mean.value:.0f}" for mean in row] for row in by_class],
        "texttemplate": "%{text}",
        "customdata": [
            [f"{label}, {plot_text(method)}: {_told(mean)}" for method, mean in zip(means, row, strict=True)]
            for label, row in zip(labels, by_class, strict=True)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "colorscale": _SCALE,
        "zmin": 0,
        "zmax": 100,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }
    ticks: dict[str, Any] = {"showgrid": False, "zeroline": False, "automargin": True}
    shown = [plot_text(method, 26) for method in means]
    layout = {
        "xaxis": {**ticks, "tickvals": columns, "ticktext": shown, "tickangle": -45, "side": "top"},
        "yaxis": {**ticks, "tickvals": rows, "ticktext": labels, "autorange": "reversed"},
        "margin": {"l": 46, "r": 12, "t": 40, "b": 10},
        "hovermode": "closest",
    }
    return {"data": [cells], "layout": layout}


def _rounded(mean: Estimate | None) -> float | None:
    return None if mean is None else round(100 * mean.value, 2)


def _error(mean: Estimate | None) -> float | None:
    return None if mean is None or mean.error is None else round(100 * mean.error, 2)


def _told(mean: Estimate | None) -> str:
    """A mean with its error, and of how much it is the mean."""
    if mean is None:
        return ""
    error = "" if mean.error is None else f" ± {100 * mean.error:.1f}"
    return f"{100 * mean.value:.1f}{error}, {counted(mean.splits, 'split')}, {counted(mean.count, 'run')}"
