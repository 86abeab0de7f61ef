"""The report page in a real browser: it draws, it moves, it fits a phone, and it asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sadvae.report.html import write_report
from tests.behaviour.chromium import Page, browser, find_chromium
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
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium or Chrome on this machine")
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    stated = {"method": "Theirs", "source": "a table of a paper with a long title", "zsl": 82.4}
    evaluations = [make_evaluation(names=NAMES), make_evaluation("ridge", None, names=NAMES)]
    record = make_record(class_names=NAMES, evaluations=evaluations, settings={"published": [stated]})
    write_report(path, record, make_scene(NAMES))
    with browser(program) as found:
        found.open(path.as_uri())
        yield found


def test_all_sections_and_charts_are_drawn(page: Page) -> None:
    assert page.value("Array.from(document.querySelectorAll('section'), s => s.id)") == SECTIONS
    drawn = "Array.from(document.querySelectorAll('[data-chart]'), c => c.querySelectorAll('svg.main-svg').length > 0)"
    assert page.value(drawn) == [True] * 8


@pytest.mark.parametrize("width", [1300, 390])
def test_the_page_never_scrolls_sideways(page: Page, width: int) -> None:
    page.resize(width, 900, phone=width < 500)
    page.value("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.value("new Promise(done => setTimeout(done, 300))")
    assert page.value("innerWidth") == width
    assert page.value("document.documentElement.scrollWidth") <= width


def test_bodies_move_until_they_are_paused(page: Page) -> None:
    page.resize(1300, 900)
    page.value("document.getElementById('clips').scrollIntoView()")
    page.value("new Promise(done => setTimeout(done, 400))")
    state = "document.querySelector('canvas').toDataURL()"
    later = f"new Promise(done => setTimeout(() => done({state}), 400))"
    assert page.value(state) != page.value(later)
    page.value("document.getElementById('play').click()")
    assert page.value("document.getElementById('play').textContent") == "Play"
    assert page.value(later) == page.value(later)


def test_nothing_is_asked_for_and_nothing_goes_wrong(page: Page) -> None:
    asked = [event["request"]["url"] for event in page.named("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == 1
    assert page.value("window.taken === undefined")
    assert page.value("document.querySelectorAll('main img').length") == 0
    assert page.named("Runtime.exceptionThrown") == []
    assert page.named("Runtime.consoleAPICalled") == []
    assert page.named("Log.entryAdded") == []
