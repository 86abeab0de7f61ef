"""HTML that escapes itself: plain text goes in, and only what was built here comes out as markup."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any


class Html(str):
    """Text that is markup already; every other string is escaped where it enters a page."""

    __slots__ = ()


def escaped(value: object) -> Html:
    """A value as HTML: markup as it is, anything else escaped."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def joined(*parts: object) -> Html:
    """Values one after another as HTML."""
    return Html("".join(escaped(part) for part in parts))


def element(name: str, *children: object, **attributes: object) -> Html:
    """<name attribute="...">children</name>; class_ stands for class, data_figure for data-figure."""
    fields = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"' for key, value in attributes.items()
    )
    return Html(f"<{name}{fields}>{joined(*children)}</{name}>")


def table(
    head: Sequence[object], rows: Sequence[Sequence[object]], *, words: Sequence[int] = (0,), **attributes: object
) -> Html:
    """A table in a box that scrolls on its own; columns at the positions `words` hold words, the others numbers."""

    def cells(name: str, row: Sequence[object], **kind: object) -> Html:
        built = [
            element(name, value, **({"class_": "number"} if i not in words else {}), **kind)
            for i, value in enumerate(row)
        ]
        return element("tr", *built)

    body = element("tbody", *(cells("td", row) for row in rows))
    top = element("thead", cells("th", head, scope="col")) if head else ""
    return element("div", element("table", top, body, **attributes), class_="scroll")


def paragraph(*parts: object) -> Html:
    """<p>parts</p>."""
    return element("p", *parts)


def note(*parts: object) -> Html:
    """A paragraph of small print."""
    return element("p", *parts, class_="note")


def details(title: object, *parts: object, open_: bool = False) -> Html:
    """A part of the page that opens on a click."""
    opened = {"open": "open"} if open_ else {}
    return element("details", element("summary", title), *parts, **opened)


def script_json(value: Any) -> Html:
    """JSON that may stand inside a script element: no "<" in it can end the element. ValueError for nan."""
    return Html(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c"))
