"""A headless Chromium, driven by Playwright, and what a page in it asked for and complained of."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

# The browser of the machine; Playwright would load one of its own.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 120.0


@dataclass
class Opened:
    """A page. asked: the addresses that it asked for. said: all errors it threw, and all that its console shows."""

    page: Page
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(1000 * SECONDS)
        # Not the page's own "request" events, which leave out icons.
        network = self.page.context.new_cdp_session(self.page)
        network.on("Network.requestWillBeSent", lambda event: self.asked.append(event["request"]["url"]))
        network.send("Network.enable")
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("console", lambda message: self.said.append(message.text))


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser that ends with the block; a test is skipped where the machine has none.

    Playwright keeps an event loop running meanwhile: one browser at a time, and no asyncio beside it.
    """
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium or Chrome on this machine")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def new_page(chromium: Browser) -> Iterator[Opened]:
    """An empty page with a profile of its own, 1300 pixels wide."""
    context = chromium.new_context(viewport={"width": 1300, "height": 900})
    yield Opened(context.new_page())
    context.close()


def resize(page: Page, width: int, height: int, *, phone: bool = False) -> None:
    """Give a page a window of that many pixels, that of a phone if asked."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
    page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", size)


def until(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression holds on a page."""
    # Not wait_for_function, which evaluates within the page, where a content security policy may refuse it.
    end = time.monotonic() + SECONDS
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never: {expression}; the page says {page.evaluate('document.body.innerText')}"
        page.wait_for_timeout(50)
