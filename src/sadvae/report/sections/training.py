"""How every loss term, and accuracy on held-out classes, moved over the epochs."""

from __future__ import annotations

from collections.abc import Sequence

from sadvae.record import RunRecord
from sadvae.report.markup import joined, note
from sadvae.report.motion import evenly
from sadvae.report.palette import COLOURS, MUTED
from sadvae.report.section import Chart, Section, chart_place, figures

HEIGHT = 230
POINTS = 400
HELD_OUT = "Accuracy on held-out classes (%)"


def training(record: RunRecord) -> Section:
    """A small chart for each loss term, with the epoch whose weights count."""
    curves = _loss_terms(record)
    if len(record.selection_curve) > 1:
        curves[HELD_OUT] = [100 * value for value in record.selection_curve]
    if not curves:
        return Section("training", "Training", note("The main method has no epochs: there is no curve to show."))
    picked = record.evaluations[0].epoch + 1
    charts = {
        f"training-{i}": _chart(values, picked, COLOURS[1] if name == HELD_OUT else COLOURS[0])
        for i, (name, values) in enumerate(curves.items())
    }
    places = [chart_place(chart, name, HEIGHT) for chart, name in zip(charts, curves, strict=True)]
    text = note(
        f"Mean over each epoch; the dashed line is epoch {picked}, whose weights count. The held-out classes are seen "
        "classes that the calibration level leaves out; no test clip is used."
    )
    return Section("training", "Training", joined(text, figures(*places, columns="three")), charts)


def _loss_terms(record: RunRecord) -> dict[str, list[float]]:
    names = dict.fromkeys(name for entry in record.history for name in entry if name != "epoch")
    return {
        f"Loss: {name.replace('_', ' ').replace('kl ', 'KL ')}": [
            entry[name] for entry in record.history if name in entry
        ]
        for name in names
    }


def _chart(values: Sequence[float], picked: int, colour: str) -> Chart:
    kept = evenly(len(values), POINTS)
    line = {
        "type": "scatter",
        "mode": "lines+markers" if len(kept) <= 30 else "lines",
        "x": (kept + 1).tolist(),
        "y": [float(f"{values[i]:.5g}") for i in kept],
        "line": {"color": colour, "width": 2},
        "hovertemplate": "epoch %{x}: %{y:.4g}<extra></extra>",
    }
    mark = {"type": "line", "x0": picked, "x1": picked, "yref": "paper", "y0": 0, "y1": 1}
    layout = {
        "xaxis": {"title": {"text": "epoch"}, "range": [0.5, len(values) + 0.5]},
        "shapes": [{**mark, "line": {"color": MUTED, "width": 1, "dash": "dash"}}],
        "showlegend": False,
    }
    return {"data": [line], "layout": layout}
