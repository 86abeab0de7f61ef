"""A headless Chromium that opens one page and answers questions about it, over the DevTools protocol on a pipe."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
SECONDS = 60.0
# Chromium reads commands from descriptor 3 and answers on 4; this small program moves our pipe there.
_MOVE = (
    "import fcntl, os, sys; "
    "reads, writes = (fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3]); "
    "os.dup2(reads, 3); os.dup2(writes, 4); os.execv(sys.argv[3], sys.argv[3:])"
)


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One page: commands go in, answers come out, and every event is kept in `events`."""

    def __init__(self, commands: int, answers: int) -> None:
        self.commands, self.answers, self.buffer, self.count = commands, answers, b"", 0
        self.session: str | None = None
        self.events: list[dict[str, Any]] = []
        os.set_blocking(answers, False)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; a failed command fails the test."""
        self.count += 1
        session = {"sessionId": self.session} if self.session else {}
        message = {"id": self.count, "method": method, "params": parameters, **session}
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda found: found.get("id") == self.count)
        assert "error" not in answer, f"{method}: {answer}"
        return answer["result"]

    def value(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, url: str) -> None:
        """Attach to a new page, open the address and wait until it is loaded."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask("Page.navigate", url=url)
        self._until(lambda found: found.get("method") == "Page.loadEventFired")

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Give the page a window of that many pixels."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def named(self, method: str) -> list[dict[str, Any]]:
        """The parameters of the events of one kind so far."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def _until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for message in self._messages():
                self.events.append(message)
                if wanted(message):
                    return message
            time.sleep(0.01)
        raise AssertionError(f"Chromium did not answer within {SECONDS} seconds")

    def _messages(self) -> Iterator[dict[str, Any]]:
        with contextlib.suppress(BlockingIOError):
            self.buffer += os.read(self.answers, 2**20)
        while b"\0" in self.buffer:
            message, self.buffer = self.buffer.split(b"\0", 1)
            yield json.loads(message)


@contextlib.contextmanager
def browser(program: str) -> Iterator[Page]:
    """Start Chromium with a fresh profile; it ends with the block."""
    (read_commands, commands), (answers, write_answers) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = [sys.executable, "-c", _MOVE, str(read_commands), str(write_answers), program]
        process = subprocess.Popen(
            [*words, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(read_commands, write_answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_commands)
        os.close(write_answers)
        try:
            yield Page(commands, answers)
        finally:
            process.terminate()
            process.wait(timeout=SECONDS)
            os.close(commands)
            os.close(answers)
