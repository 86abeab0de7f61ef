"""The seen-unseen curve: what other thresholds of the gate would give."""

from __future__ import annotations

from sadvae.record import Evaluation, RunRecord
from sadvae.report.markup import joined, note, paragraph
from sadvae.report.motion import evenly
from sadvae.report.palette import COLOURS, INK
from sadvae.report.section import Chart, Section, chart_place, plot_text, rounded
from sadvae.report.words import method_name, percent

POINTS = 300
_DASHES = ("solid", "dash", "dot", "dashdot")


def curve(record: RunRecord) -> Section:
    """(S, U) of each method as the gate's threshold moves, and where the main method's gate stands."""
    main = record.evaluations[0]
    if not main.curve:
        return Section("curve", "Seen against unseen", note("There is no gate, so there is no curve."))
    text = paragraph(
        "A gate decides whether a clip goes to the classifier of seen classes or to the zero-shot one. A stricter gate "
        "wins unseen clips and loses seen ones. The point is the threshold that was fixed on the calibration level, "
        f"before the test: S {percent(main.seen_accuracy)} %, U {percent(main.unseen_accuracy)} %."
    )
    place = chart_place("curve", "Accuracy on unseen against accuracy on seen classes, in percent", 440)
    return Section("curve", "Seen against unseen", joined(text, place), {"curve": _chart(record.evaluations)})


def _chart(evaluations: list[Evaluation]) -> Chart:
    lines = [_line(i, evaluation) for i, evaluation in enumerate(evaluations) if evaluation.curve]
    axis = {"range": [-2, 102], "constrain": "domain"}
    layout = {
        "xaxis": {**axis, "title": {"text": "S: seen clips right (%)"}},
        "yaxis": {**axis, "title": {"text": "U: unseen clips right (%)"}},
        "showlegend": True,
        "hovermode": "closest",
    }
    return {"data": [*lines, _operating_point(evaluations[0])], "layout": layout}


def _line(position: int, evaluation: Evaluation) -> dict[str, object]:
    kept = [evaluation.curve[i] for i in evenly(len(evaluation.curve), POINTS)]
    colour = COLOURS[position % len(COLOURS)]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plot_text(method_name(evaluation)),
        "x": rounded([100 * seen for seen, _ in kept], 2),
        "y": rounded([100 * unseen for _, unseen in kept], 2),
        "line": {"color": colour, "width": 3 if position == 0 else 1.5, "dash": _DASHES[position % len(_DASHES)]},
        "hovertemplate": "S %{x:.1f}, U %{y:.1f}",
    }


def _operating_point(main: Evaluation) -> dict[str, object]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "the calibrated gate",
        "x": rounded([100 * (main.seen_accuracy or 0)], 2),
        "y": rounded([100 * (main.unseen_accuracy or 0)], 2),
        "marker": {"size": 13, "symbol": "diamond", "color": COLOURS[1], "line": {"color": INK, "width": 1.5}},
        "hovertemplate": "S %{x:.1f}, U %{y:.1f}",
    }
