"""The pages and their scripts and styles: a fixed list, read once, so that no address leads to a file."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

_PAGES = {"/": "page.html", "/docs": "docs.html"}
# What the pages of reports are made of too.
_OF_REPORTS = {"base.css": ("page.css", "text/css"), "space.js": ("space.js", "text/javascript")}
_PARTS = {
    "page.css": "text/css",
    "parts.js": "text/javascript",
    "player.js": "text/javascript",
    "answers.js": "text/javascript",
    "timeline.js": "text/javascript",
    "page.js": "text/javascript",
    "docs.js": "text/javascript",
}


def add_pages(app: FastAPI) -> None:
    """Add the page, the description of the interface, and what they are made of; Plotly comes from its package."""
    from plotly.offline import get_plotlyjs

    parts = {name: (_data(name), kind) for name, kind in _PARTS.items()}
    for name, (file, kind) in _OF_REPORTS.items():
        parts[name] = (files("sadvae.report") / "data" / file).read_text("utf-8"), kind
    parts["plotly.js"] = (get_plotlyjs(), "text/javascript")
    pages = {address: _data(name) for address, name in _PAGES.items()}

    @app.get("/", include_in_schema=False)
    @app.get("/docs", include_in_schema=False)
    def page(request: Request) -> Response:
        return Response(pages[request.url.path], media_type="text/html")

    @app.get("/parts/{name}", include_in_schema=False)
    def part(name: str) -> Response:
        if name not in parts:
            raise HTTPException(404)
        text, kind = parts[name]
        return Response(text, media_type=kind)


def _data(name: str) -> str:
    return (files("sadvae.serving") / "data" / name).read_text(encoding="utf-8")
