"""The report page in a real browser: it draws, it moves, it fits a phone, and it asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sadvae.report.html import write_report
from tests.behaviour.chromium import Opened, new_page, resize
from tests.report_samples import make_evaluation, make_record, make_scene

NAMES = [
    "walk",
    "sit <b>down</b>",
    "wave",
    "</script><script>window.taken = 1</script>",
    "a very long name of an action that goes on without end: " + "x" * 80,
    "<img src=x onerror='window.taken = 1'>",
]
SECTIONS = ["scores", "methods", "clips", "classes", "confusion", "curve", "training", "latents", "provenance"]


@pytest.fixture(scope="module")
def opened(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    stated = {"method": "Theirs", "source": "a table of a paper with a long title", "zsl": 82.4}
    evaluations = [make_evaluation(names=NAMES), make_evaluation("ridge", None, names=NAMES)]
    record = make_record(class_names=NAMES, evaluations=evaluations, settings={"published": [stated]})
    write_report(path, record, make_scene(NAMES))
    with new_page(chromium) as found:
        found.page.goto(path.as_uri())
        yield found


@pytest.fixture(scope="module")
def page(opened: Opened) -> Page:
    return opened.page


def test_all_sections_and_charts_are_drawn(page: Page) -> None:
    assert page.evaluate("Array.from(document.querySelectorAll('section'), s => s.id)") == SECTIONS
    drawn = "Array.from(document.querySelectorAll('[data-chart]'), c => c.querySelectorAll('svg.main-svg').length > 0)"
    assert page.evaluate(drawn) == [True] * 8


@pytest.mark.parametrize("width", [1300, 390])
def test_the_page_never_scrolls_sideways(page: Page, width: int) -> None:
    resize(page, width, 900, phone=width < 500)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.wait_for_timeout(300)
    assert page.evaluate("innerWidth") == width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_bodies_move_until_they_are_paused(page: Page) -> None:
    resize(page, 1300, 900)
    page.evaluate("document.getElementById('clips').scrollIntoView()")
    page.wait_for_timeout(400)
    state = "document.querySelector('canvas').toDataURL()"
    later = f"new Promise(done => setTimeout(() => done({state}), 400))"
    assert page.evaluate(state) != page.evaluate(later)
    page.evaluate("document.getElementById('play').click()")
    assert page.evaluate("document.getElementById('play').textContent") == "Play"
    assert page.evaluate(later) == page.evaluate(later)


def test_nothing_is_asked_for_and_nothing_goes_wrong(opened: Opened, page: Page) -> None:
    assert [url for url in opened.asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in opened.asked if url.startswith("file:")]) == 1
    assert page.evaluate("window.taken === undefined")
    assert page.evaluate("document.querySelectorAll('main img').length") == 0
    assert opened.said == []
