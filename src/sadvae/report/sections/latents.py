"""The two latent spaces side by side: what belongs to the action, and what to the way it is done."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sadvae.record import RunRecord
from sadvae.report.markup import Html, element, joined, note, paragraph
from sadvae.report.palette import INK, pale, strong
from sadvae.report.scene import ReportScene
from sadvae.report.section import Chart, Section, chart_place, figures, plot_text, rounded
from sadvae.report.tsne import chosen_rows, plane
from sadvae.report.words import class_name
from sadvae.types import FloatArray

HEIGHT = 430


def latents(record: RunRecord, scene: ReportScene) -> Section:
    """t-SNE of z_r and z_v (of the features for a method without latents), coloured by class."""
    rows = chosen_rows(scene.is_seen)
    charts, places = {}, []
    for name, caption, points in _spaces(scene):
        flat = plane(points[rows])
        if flat is not None:
            charts[name] = _chart(record, flat, scene.labels[rows], scene.is_seen[rows])
            places.append(chart_place(name, caption, HEIGHT))
    if not charts:
        return Section("latents", "Latent space", note("There are too few test clips for a map."))
    text = paragraph(
        f"Each mark is one of {len(rows)} test clips; near marks are alike to the model. Marks with an outline are "
        "unseen classes, small pale ones seen classes."
    )
    split = note(
        "SA-DVAE splits a clip's features in two: z_r, which is aligned with the words, should group by class; z_v, "
        "which keeps the rest (who moved, and how), should not. t-SNE keeps neighbours, not distances."
    )
    body = joined(text, figures(*places, columns="two"), _legend(record), split if scene.style is not None else "")
    return Section("latents", "Latent space", body, charts)


def _spaces(scene: ReportScene) -> list[tuple[str, str, FloatArray]]:
    if scene.style is None:
        return [("latents-features", "Features", scene.semantic)]
    return [
        ("latents-semantic", "z_r: the action", scene.semantic),
        ("latents-style", "z_v: everything else", scene.style),
    ]


def _legend(record: RunRecord) -> Html:
    items = []
    for position, class_id in enumerate(record.unseen):
        colour, _, character = strong(position)
        mark = element("span", character, style=f"color:{colour}", aria_hidden="true")
        items.append(element("li", mark, " ", class_name(record, class_id)))
    items.append(element("li", element("span", "●", style=f"color:{pale(0)}"), " seen classes (pale)"))
    return element("ul", *items, class_="legend")


def _chart(
    record: RunRecord, flat: NDArray[np.float64], labels: NDArray[np.int64], is_seen: NDArray[np.bool_]
) -> Chart:
    seen = _points(record, flat[is_seen], labels[is_seen])
    place = {class_id: i for i, class_id in enumerate(sorted({*record.seen, *labels[is_seen].tolist()}))}
    seen["marker"] = {"size": 5, "color": [pale(place[c]) for c in labels[is_seen].tolist()]}
    traces = [seen]
    for position, class_id in enumerate(record.unseen):
        of_class = ~is_seen & (labels == class_id)
        colour, symbol, _ = strong(position)
        outline = {"color": INK, "width": 1}
        trace = _points(record, flat[of_class], labels[of_class])
        traces.append({**trace, "marker": {"size": 9, "color": colour, "symbol": symbol, "line": outline}})
    hidden = {"showticklabels": False, "showgrid": False, "zeroline": False}
    margin = {"l": 4, "r": 4, "t": 8, "b": 8}
    return {
        "data": traces,
        "layout": {
            "xaxis": hidden,
            "yaxis": hidden,
            "showlegend": False,
            "hovermode": "closest",
            "boxed": True,
            "margin": margin,
        },
    }


def _points(record: RunRecord, flat: NDArray[np.float64], labels: NDArray[np.int64]) -> Chart:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": rounded(flat[:, 0], 2),
        "y": rounded(flat[:, 1], 2),
        "text": [plot_text(class_name(record, class_id)) for class_id in labels.tolist()],
        "hovertemplate": "%{text}<extra></extra>",
    }
