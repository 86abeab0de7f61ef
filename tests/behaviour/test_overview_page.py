"""The overview of many records in a real browser: search, filter, sort, charts, keyboard, widths, and no requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sadvae.evaluation.statistics import estimate
from sadvae.record import ProbeResult, RunRecord
from sadvae.report.overview.page import overview_html
from tests.behaviour.chromium import Opened, new_page, resize
from tests.report_samples import make_evaluation, make_record, without_gate
from tests.unit.test_results_many import records as records_of_splits

EVIL = "</script><script>window.taken = 1</script>"
LONG = "an_experiment_with_a_name_that_goes_on_" + "x" * 30


def _records() -> list[RunRecord]:
    probes = [
        ProbeResult(what="class", read_from=s, accuracy=0.6, chance=0.25, bits=1.0, count=40, folds="subject")
        for s in ("z_r", "z_v")
    ]

    def evaluations(shift: float) -> list:
        return [
            make_evaluation(zsl_accuracy=0.5 + shift),
            make_evaluation("ridge", None, zsl_accuracy=0.1 + shift),
            without_gate(make_evaluation("eszsl", None, zsl_accuracy=0.9 + shift)),
            make_evaluation(selection="oracle_test", zsl_accuracy=0.95 + shift),
        ]

    return [
        make_record(
            name=name,
            dataset=dataset,
            seed=seed,
            evaluations=evaluations(seed / 50 - 0.02 * number),
            probes=probes,
            settings={"title": EVIL},
        )
        for number, (name, dataset) in enumerate([("first", "sticks"), (LONG, "<img src=x onerror='window.taken=1'>")])
        for seed in range(5)
    ]


@pytest.fixture(scope="module")
def opened(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    path = tmp_path_factory.mktemp("overview") / "overview.html"
    path.write_text(overview_html(_records()), encoding="utf-8")
    with new_page(chromium) as found:
        found.page.goto(path.as_uri())
        yield found


@pytest.fixture(scope="module")
def page(opened: Opened) -> Page:
    return opened.page


@pytest.fixture(autouse=True)
def _fresh(page: Page) -> None:
    """Every test starts with an empty search and no filter."""
    page.evaluate("document.getElementById('filters').reset()")
    page.wait_for_timeout(60)


def shown(page: Page, table: str = "means") -> list[list[str]]:
    """Method, ZSL and weights of the rows that are shown."""
    cells = "[r.dataset.method, r.cells[1].dataset.value, r.dataset.weights]"
    return page.evaluate(
        f"Array.from(document.querySelectorAll('#{table} tbody tr')).filter(r => !r.hidden).map(r => {cells})"
    )


def count(page: Page, table: str = "means") -> str:
    return page.evaluate(f"document.querySelector('[data-count={table}]').textContent")


def search(page: Page, words: str) -> None:
    page.evaluate(f"(() => {{ const s = document.getElementById('search'); s.value = {words!r};"
               " s.dispatchEvent(new Event('input')); })()")  # fmt: skip


def test_search_finds_all_words_in_any_order_and_case(page: Page) -> None:
    assert (count(page), count(page, "runs")) == ("8 of 8 rows", "40 of 40 rows")
    search(page, "FIRST ridge")
    assert [row[0] for row in shown(page)] == ["ridge regression"]
    assert (count(page), count(page, "runs")) == ("1 of 8 rows", "5 of 40 rows")
    search(page, "nothing like this")
    assert (shown(page), count(page)) == ([], "0 of 8 rows")


def test_runs_of_several_splits_are_found_by_their_experiment(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "overview.html"
    path.write_text(overview_html(records_of_splits()), encoding="utf-8")
    with new_page(chromium) as found:
        found.page.goto(path.as_uri())
        search(found.page, "4/2 ridge")
        assert (count(found.page), count(found.page, "runs")) == ("1 of 7 rows", "6 of 42 rows")
        search(found.page, "trial-second ridge")
        assert (count(found.page), count(found.page, "runs")) == ("0 of 7 rows", "2 of 42 rows")


def test_menus_filter_and_clear_shows_all(page: Page) -> None:
    pick = (
        "(() => { const m = document.querySelector('[data-filter=weights]'); m.value = 'oracle, not a result';"
        " m.dispatchEvent(new Event('change')); })()"
    )
    page.evaluate(pick)
    assert {row[2] for row in shown(page)} == {"oracle, not a result"}
    assert count(page) == "2 of 8 rows"
    page.evaluate("document.querySelector('#filters [type=reset]').click()")
    page.wait_for_timeout(60)
    assert count(page) == "8 of 8 rows"


def test_headings_sort_by_value_and_say_so(page: Page) -> None:
    state = "document.querySelectorAll('#means thead th')[1].getAttribute('aria-sort')"
    click = "document.querySelectorAll('#means thead button')[1].click()"
    page.evaluate(click)
    values = [float(row[1]) for row in shown(page)]
    assert (page.evaluate(state), values) == ("descending", sorted(values, reverse=True))
    page.evaluate(click)
    values = [float(row[1]) for row in shown(page)]
    assert (page.evaluate(state), values) == ("ascending", sorted(values))
    page.evaluate("document.querySelectorAll('#means thead button')[0].click()")
    names = [row[0] for row in shown(page)]
    assert names == sorted(names, key=str.lower)
    assert page.evaluate(state) == "none"


def test_missing_scores_come_last_in_both_directions(page: Page) -> None:
    gated = "Array.from(document.querySelectorAll('#means tbody tr'), r => r.cells[2].dataset.value !== undefined)"
    for _ in range(2):
        page.evaluate("document.querySelectorAll('#means thead button')[2].click()")
        assert page.evaluate(gated) == [True] * 6 + [False] * 2


def test_the_chart_shows_the_rows_of_the_table(page: Page) -> None:
    page.evaluate("document.querySelectorAll('#means thead button')[1].click()")
    search(page, "first")
    drawn = page.evaluate("Array.from(document.getElementById('means-chart').data[0].x)")
    assert drawn == [float(row[1]) for row in shown(page)]
    symbols = page.evaluate("Array.from(document.getElementById('means-chart').data[0].marker.symbol)")
    assert symbols == ["diamond-open" if row[2].startswith("oracle") else "circle" for row in shown(page)]
    low = page.evaluate("document.getElementById('means-chart').data[0].error_x.arrayminus[0]")
    # Five seeds that differ by 2 points each, in a bootstrap.
    spread = estimate({"split": {seed: seed / 50 for seed in range(5)}})
    assert spread is not None
    assert spread.low is not None
    assert low == pytest.approx(100 * (spread.value - spread.low), abs=1e-3)
    pick = (
        "(() => { const m = document.getElementById('score'); m.value = 'H'; m.dispatchEvent(new Event('change')); })()"
    )
    page.evaluate(pick)
    assert page.evaluate("document.getElementById('means-chart').data[0].x.length") == 3


def test_parts_are_drawn_when_they_are_opened(page: Page) -> None:
    drawn = "Array.from(document.querySelectorAll('[data-chart]'), c => c.querySelectorAll('svg.main-svg').length > 0)"
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.wait_for_timeout(400)
    assert page.evaluate(drawn) == [True] * 4


def test_everything_has_a_name_and_is_reached_by_keyboard(page: Page) -> None:
    unlabelled = "Array.from(document.querySelectorAll('input, select')).filter(f => !f.labels.length).length"
    assert page.evaluate(unlabelled) == 0
    assert page.evaluate("document.querySelectorAll('table.sortable thead th:not([scope=col])').length") == 0
    assert (
        page.evaluate("document.querySelectorAll('table.sortable tbody tr > :first-child:not(th[scope=row])').length")
        == 0
    )
    assert page.evaluate("document.querySelectorAll('table.sortable caption').length") == 2
    page.evaluate("document.querySelectorAll('#means thead button')[1].focus()")
    before = shown(page)
    page.keyboard.press("Enter")
    assert shown(page) != before


@pytest.mark.parametrize("width", [1300, 390])
def test_the_page_never_scrolls_sideways(page: Page, width: int) -> None:
    resize(page, width, 900, phone=width < 500)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.wait_for_timeout(400)
    assert page.evaluate("innerWidth") == width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_is_asked_for_and_nothing_goes_wrong(opened: Opened, page: Page) -> None:
    assert [url for url in opened.asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in opened.asked if url.startswith("file:")]) == 1
    assert page.evaluate("window.taken === undefined")
    assert opened.said == []
