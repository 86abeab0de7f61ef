"""A section of the page: its heading, its markup and the charts that it holds."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sadvae.report.markup import Html, element, joined

Chart = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """anchor: its id on the page. body: markup. charts: Plotly figures (data, layout) by the name of their place."""

    anchor: str
    title: str
    body: Html
    charts: dict[str, Chart] = field(default_factory=dict)

    def markup(self) -> Html:
        """The section as HTML."""
        return element("section", element("h2", self.title), self.body, id=self.anchor)


def chart_place(name: str, caption: str, height: int, least_width: int = 0) -> Html:
    """Where a chart is drawn, under a caption; sizes in pixels, and it scrolls where there is less than least_width."""
    size = f"height:{height}px;min-width:{least_width}px"
    place = element("div", class_="chart", data_chart=name, style=size, role="img", aria_label=caption)
    return element("figure", element("figcaption", caption), element("div", place, class_="scroll"))


def figures(*places: Html, columns: str) -> Html:
    """Figures side by side where there is room; columns: "two" or "three"."""
    return element("div", joined(*places), class_=f"figures {columns}")


def plot_text(text: str, limit: int = 40) -> str:
    """Text for a chart: shortened, and escaped, because Plotly reads a few tags in the texts it is given."""
    shown = text if len(text) <= limit else text[: limit - 1] + "…"
    return html.escape(shown, quote=False)


def rounded(values: Sequence[float] | np.ndarray, digits: int = 4) -> list[float]:
    """Numbers with few digits, which keep the page small."""
    return [round(float(value), digits) for value in values]
