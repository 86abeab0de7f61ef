"""The local page in a real browser, served by the command: drop, type, compare, watch, and nothing from elsewhere."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")

from sadvae.recognizer import Recognizer
from tests.behaviour.chromium import SECONDS, Opened, new_page, resize, until
from tests.served import save_recognizer, write_clips


@contextmanager
def serving(*words: object, temporary: Path | None = None, stop: int = signal.SIGINT) -> Iterator[str]:
    """The address of `sadvae serve` in a process of its own, which is told to stop by a signal (Ctrl-C)."""
    environment = os.environ | ({"TMPDIR": str(temporary)} if temporary else {})
    command = [sys.executable, "-u", "-m", "sadvae.cli.main", "serve", *map(str, words), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"Open (http://127\.0\.0\.1:\d+)", line):
                yield found[1]
                break
        else:
            raise AssertionError("".join(lines))
    finally:
        process.send_signal(stop)
        rest = process.communicate(timeout=SECONDS)[0]
    ends = {signal.SIGINT: (0, "Stopped."), signal.SIGTERM: (128 + signal.SIGTERM, "")}
    assert (process.returncode, rest.strip()) == ends[signal.Signals(stop)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("serve")
    save_recognizer(root / "one" / "recognizer")
    save_recognizer(root / "two" / "recognizer", "kinect-v1", 1)
    write_clips(root / "two clips.npz")
    (root / "damaged.npz").write_bytes(b"PK\3\4 nothing")
    return root


@pytest.fixture(scope="module")
def address(root: Path, chromium: Browser) -> Iterator[str]:
    with serving(root / "one" / "recognizer", root / "two" / "recognizer") as found:
        yield found


@pytest.fixture(scope="module")
def opened(address: str, chromium: Browser) -> Iterator[Opened]:
    with new_page(chromium) as found:
        found.page.goto(address)
        until(found.page, "document.querySelectorAll('#samples button').length > 0")
        yield found


@pytest.fixture(scope="module")
def page(opened: Opened) -> Page:
    return opened.page


def settled(page: Page) -> None:
    """Wait until every question is answered."""
    page.wait_for_timeout(250)
    until(page, "document.querySelectorAll('#answers ol').length > 0 && !document.querySelector('#answers.old')")


def type_words(page: Page, words: str) -> None:
    page.evaluate(f"(() => {{ const w = document.getElementById('words'); w.value = {words!r};"
               " w.dispatchEvent(new Event('input')); })()")  # fmt: skip
    settled(page)


def hand_in(page: Page, path: Path) -> None:
    """Choose a file as a user does."""
    page.set_input_files("#file", path)


def sample(page: Page, title: str) -> None:
    page.evaluate(f"[...document.querySelectorAll('#samples button')].find(b => b.textContent === {title!r}).click()")
    until(page, f"document.getElementById('clip-name').textContent === {title!r}")
    settled(page)


def answers(page: Page) -> list[list[str]]:
    """The names that each recogniser gives, in its order."""
    names = "Array.from(card.querySelectorAll('li .answer'), a => a.firstChild.textContent)"
    return page.evaluate(f"Array.from(document.querySelectorAll('.answer-card'), card => {names})")


def test_a_sample_moves_is_answered_by_both_and_can_be_stopped_and_moved(page: Page) -> None:
    sample(page, "Squat")
    first, second = answers(page)
    assert len(first) == 5
    assert sorted(first) == sorted(second)
    state = "document.getElementById('body').toDataURL()"
    later = f"new Promise(done => setTimeout(() => done({state}), 400))"
    assert page.evaluate(state) != page.evaluate(later)
    page.evaluate("document.getElementById('play').click()")
    assert page.evaluate("document.getElementById('play').textContent") == "Play"
    still = page.evaluate(state)
    assert still == page.evaluate(later)
    page.evaluate(
        "(() => { const s = document.getElementById('moment'); s.value = 3; s.dispatchEvent(new Event('input')); })()"
    )
    assert page.evaluate("document.getElementById('frame').textContent").startswith("frame 4 of ")
    assert page.evaluate(state) != still


def test_answers_follow_the_words_while_they_are_typed(page: Page, root: Path) -> None:
    hand_in(page, root / "two clips.npz")
    until(page, "document.getElementById('choice').hidden === false")
    page.evaluate("document.getElementById('map').checked || document.getElementById('map').click()")
    type_words(page, "squat, fly a kite\nsing")
    names = ["squat", "fly a kite", "sing"]
    clip = root / "two clips.npz"
    for place, own in enumerate(("one", "two")):
        wanted = Recognizer.load(root / own / "recognizer").predict(clip, names, map_layout=True)[0]
        assert answers(page)[place] == [a.name for a in wanted.answers]
    type_words(page, "sing, squat")
    assert [sorted(found) for found in answers(page)] == [["sing", "squat"]] * 2


def test_without_the_map_the_other_recogniser_says_so(page: Page, root: Path) -> None:
    hand_in(page, root / "two clips.npz")
    until(page, "document.getElementById('mapping').hidden === false && !document.getElementById('map').checked")
    settled(page)
    assert "has layout 'kinect-v2' (25 joints)" in page.evaluate(
        "document.querySelectorAll('.answer-card')[1].textContent"
    )
    page.evaluate("document.getElementById('map').click()")
    settled(page)
    assert len(answers(page)[1]) > 0


def test_trained_actions_join_when_asked(page: Page) -> None:
    sample(page, "Squat")
    type_words(page, "squat, sing")
    page.evaluate("document.querySelector('[value=gzsl]').click()")
    settled(page)
    assert {len(found) for found in answers(page)} == {5}
    assert page.evaluate("document.querySelectorAll('.answer-card .tag').length") == 6
    page.evaluate("document.querySelector('[value=zsl]').click()")
    settled(page)
    assert {len(found) for found in answers(page)} == {2}


def test_a_long_recording_has_a_timeline_that_leads_to_its_moments(page: Page) -> None:
    sample(page, "A recording of four actions")
    type_words(page, "squat, sing, kick forward, wave")
    until(page, "document.querySelectorAll('.track').length === 2 && !document.getElementById('timing').textContent")
    widths = "Array.from(document.querySelectorAll('.track:first-of-type button'), b => parseFloat(b.style.width))"
    assert sum(page.evaluate(widths)) == pytest.approx(200, abs=1)
    page.evaluate(
        "(() => { const all = document.querySelector('.track').querySelectorAll('button');"
        " all[all.length - 1].click(); })()"
    )
    start = page.evaluate("(() => { const all = document.querySelector('.track').querySelectorAll('button');"
                       " return parseFloat(all[all.length - 1].style.left); })()")  # fmt: skip
    assert page.evaluate("parseFloat(document.querySelector('.track .now').style.left)") >= start - 1
    page.evaluate("document.getElementById('curves').open = true")
    until(page, "document.querySelectorAll('#charts svg.main-svg').length >= 2")
    # The names of the sample come first, those that were typed a moment later.
    until(page, "(document.querySelector('#charts .chart')?.data ?? []).length === 4")


def test_a_bad_file_is_one_sentence_and_the_page_goes_on(page: Page, root: Path) -> None:
    hand_in(page, root / "damaged.npz")
    until(page, "!document.getElementById('problem').hidden")
    assert page.evaluate("document.getElementById('problem').textContent").startswith("damaged.npz ")
    sample(page, "Squat")
    assert page.evaluate("document.getElementById('problem').hidden")


@pytest.mark.parametrize(
    "name", ["<img src=x onerror='window.taken = 1'>", "</textarea><script>window.taken=1</script>"]
)
def test_words_stay_words(page: Page, name: str) -> None:
    sample(page, "Squat")
    type_words(page, f"{name}\nsquat")
    assert all(name in found for found in answers(page))
    assert page.evaluate("window.taken === undefined && document.querySelectorAll('main img').length === 0")


@pytest.mark.parametrize("width", [1300, 390])
def test_the_page_never_scrolls_sideways(page: Page, width: int) -> None:
    resize(page, width, 900, phone=width < 500)
    sample(page, "A recording of four actions")
    type_words(page, "a very long name of an action that goes on without end " + "x" * 120 + ", squat")
    until(page, "document.querySelectorAll('.track').length === 2 && !document.getElementById('timing').textContent")
    fits(page, width)


def fits(page: Page, width: int) -> None:
    """Whether nothing is wider than the window, also when everything is open."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.wait_for_timeout(500)
    assert page.evaluate("innerWidth") == width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_has_a_name_and_is_reached_by_keyboard(page: Page) -> None:
    fields = "Array.from(document.querySelectorAll('input, select, textarea'))"
    assert page.evaluate(f"{fields}.filter(f => !f.labels.length && !f.ariaLabel).map(f => f.id)") == []
    assert page.evaluate("Array.from(document.querySelectorAll('button')).filter(b => !b.textContent).length") == 0
    page.evaluate("document.getElementById('play').focus()")
    before = page.evaluate("document.getElementById('play').textContent")
    page.keyboard.press("Enter")
    assert page.evaluate("document.getElementById('play').textContent") != before


def test_nothing_is_asked_of_others_and_nothing_goes_wrong(opened: Opened, address: str) -> None:
    assert [url for url in opened.asked if not url.startswith((f"{address}/", "data:", "blob:"))] == []
    assert f"{address}/parts/plotly.js" in opened.asked
    # The damaged file of a test above is refused with 422, which browsers note; nothing else may be there.
    refused = "Failed to load resource: the server responded with a status of 422"
    assert [said for said in opened.said if not said.startswith(refused)] == []


def test_the_description_of_the_interface_is_drawn_without_anything_from_elsewhere(
    address: str, chromium: Browser
) -> None:
    with new_page(chromium) as found:
        page = found.page
        page.goto(f"{address}/docs")
        until(page, "document.querySelectorAll('#schemas .operation').length > 10")
        assert page.evaluate("document.querySelectorAll('#operations .operation').length") == 7
        links = "Array.from(document.querySelectorAll('#operations a'), a => a.getAttribute('href').slice(1))"
        assert page.evaluate(f"{links}.filter(name => !document.getElementById(name))") == []
        for width in (1300, 390):
            resize(page, width, 900, phone=width < 500)
            fits(page, width)
        assert [url for url in found.asked if not url.startswith((f"{address}/", "data:"))] == []
        assert found.said == []


class _OtherSite(BaseHTTPRequestHandler):
    """Another site, on another port of this machine."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>another site</title><link rel=icon href=data:,>")

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


@contextmanager
def other_site() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _OtherSite) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def statuses(page: Page, address: str) -> Callable[[], list[int]]:
    """Tells the statuses of all replies from an address so far, of those too that the browser keeps from the page."""
    asked: list[dict[str, Any]] = []
    replies: list[dict[str, Any]] = []
    network = page.context.new_cdp_session(page)
    network.on("Network.requestWillBeSent", lambda event: asked.append(event))
    network.on("Network.responseReceivedExtraInfo", lambda event: replies.append(event))
    network.send("Network.enable")

    def found() -> list[int]:
        ours = {event["requestId"] for event in asked if event["request"]["url"].startswith(address)}
        return [event["statusCode"] for event in replies if event["requestId"] in ours]

    return found


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_page_of_another_site_can_neither_post_nor_read(address: str, chromium: Browser, name: str) -> None:
    """The same machine under another port (same-site) and under another name (cross-site)."""
    with other_site() as port, new_page(chromium) as found:
        page = found.page
        page.goto(f"http://{name}:{port}/")
        replies = statuses(page, f"{address}/api/")
        hows = ("{method: 'POST', mode: 'no-cors', body: 'x'}", "{mode: 'no-cors'}", "{}")
        tries = [f"fetch('{address}/api/samples/squat', {how}).then(() => 'read', () => 'refused')" for how in hows]
        assert [page.evaluate(one) for one in tries] == ["refused"] * 3
        form = "f.method = 'POST'; document.body.append(f); f.submit();"
        action = f"const f = document.createElement('form'); f.action = '{address}/api/samples/squat';"
        page.evaluate(f"(() => {{ {action} {form} }})()")
        page.get_by_text("another site may not").wait_for()
        assert replies() == [403] * 4


def test_a_server_that_is_told_to_end_leaves_no_folder(root: Path, tmp_path: Path) -> None:
    with serving(root / "one" / "recognizer", temporary=tmp_path, stop=signal.SIGTERM) as address:
        urlopen(address, timeout=SECONDS).close()
        assert [path.stat().st_mode & 0o777 for path in tmp_path.glob("sadvae-*")] == [0o700]
    assert list(tmp_path.glob("sadvae-*")) == []
