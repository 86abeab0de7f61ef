"""One process that does all the work, so that work that takes too long can be ended whatever it is doing."""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from sadvae.encoders.workers import settle
from sadvae.errors import SadvaeError
from sadvae.serving.held import GoneError
from sadvae.serving.memory import limit_memory, ran_out

# A question is a verb and its arguments; the answer can be written as JSON. Errors are SadvaeErrors.
Answerer = Callable[[str, dict[str, Any]], Any]
# Loading a recogniser and its text encoder takes seconds, on a loaded machine many.
START_SECONDS = 300.0
OK, BAD, GONE, TOO_LARGE, BROKEN, BUSY, TOO_SLOW = 200, 422, 410, 413, 500, 503, 504


@dataclass(frozen=True)
class Reply:
    """An answer as it goes over HTTP: a status, and JSON as bytes."""

    status: int
    body: bytes


def problem(status: int, sentence: str) -> Reply:
    """A reply that says in one sentence what went wrong."""
    return Reply(status, json.dumps({"error": sentence}, ensure_ascii=False).encode())


class Worker:
    """A process that loads an answerer and answers one question after another, each within `seconds`.

    load: makes the answerer, in that process; can be pickled. A question that takes longer ends the process and what
    it held; a new one starts. memory_bytes: what the process may take beyond what it has when it is loaded.
    """

    def __init__(self, load: Callable[[], Answerer], seconds: float, memory_bytes: int) -> None:
        self._load, self._seconds, self._memory = load, seconds, memory_bytes
        self._turn = threading.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._ready = self._closed = False

    def start(self) -> None:
        """Start the process and wait until it is loaded. Raises SadvaeError with what loading raised."""
        with self._turn:
            self._begin()
            failed = self._wait_until_loaded()
        if failed is not None:
            raise SadvaeError(json.loads(failed.body)["error"])

    def ask(self, verb: str, **arguments: Any) -> Reply:
        """The answer to a question; waits for its turn. Never raises: whatever goes wrong is in the reply."""
        if not self._turn.acquire(timeout=self._seconds):
            return problem(BUSY, "other questions are still being worked on; try again in a moment.")
        try:
            if self._process is None or not self._process.is_alive():
                self._begin()
            return self._wait_until_loaded() or self._asked(verb, arguments)
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the process for good."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _begin(self) -> None:
        self._end()
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_work, args=(self._load, self._memory, other), daemon=True)
        self._process.start()
        other.close()
        self._ready = False

    def _wait_until_loaded(self) -> Reply | None:
        """None once the process can be asked; otherwise why it cannot."""
        if self._ready:
            return None
        reply = self._received(START_SECONDS, "the recognisers could not be loaded in time; start the server again.")
        self._ready = reply.status == OK
        return None if self._ready else reply

    def _asked(self, verb: str, arguments: dict[str, Any]) -> Reply:
        assert self._pipe is not None
        with suppress(OSError):  # A process that is gone is noticed where its answer is read.
            self._pipe.send_bytes(json.dumps([verb, arguments]).encode())
        reply = self._received(
            self._seconds, f"this took longer than {self._seconds:g} seconds and was stopped; hand in a shorter file."
        )
        if self._process is None and not self._closed:
            self._begin()
        return reply

    def _received(self, seconds: float, late: str) -> Reply:
        assert self._pipe is not None
        try:
            if not self._pipe.poll(seconds):
                self._end()
                return problem(TOO_SLOW, late)
            status, _, body = self._pipe.recv_bytes().partition(b" ")
            return Reply(int(status), body)
        except (EOFError, OSError):
            self._end()
            return problem(BROKEN, "the process that does the work ended (was there enough memory?); try again.")


def _work(load: Callable[[], Answerer], memory_bytes: int, pipe: Connection) -> None:
    settle()
    try:
        answerer = load()
    except SadvaeError as error:
        _send(pipe, problem(BAD, str(error)))
        return
    limit_memory(memory_bytes)
    _send(pipe, Reply(OK, b"{}"))
    while True:
        try:
            verb, arguments = json.loads(pipe.recv_bytes())
        except EOFError:
            return
        _send(pipe, _answered(answerer, verb, arguments))


def _send(pipe: Connection, reply: Reply) -> None:
    pipe.send_bytes(b"%d %s" % (reply.status, reply.body))


def _answered(answerer: Answerer, verb: str, arguments: dict[str, Any]) -> Reply:
    try:
        return Reply(OK, json.dumps(answerer(verb, arguments), ensure_ascii=False, allow_nan=False).encode())
    except GoneError as error:
        return problem(GONE, str(error))
    except SadvaeError as error:
        return problem(BAD, str(error))
    except Exception as error:
        if not ran_out(error):
            return problem(BROKEN, f"this could not be worked out ({type(error).__name__}); try another file.")
    return problem(TOO_LARGE, "this needs more memory than the server may take; hand in a smaller file.")
