"""Questions to a language model behind any endpoint that speaks OpenAI's chat protocol; the standard library alone."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sadvae.errors import SadvaeError
from sadvae.files import read_json, write_json
from sadvae.text.endpoint import KEY, MODEL, URL, Endpoint

# Seconds: until an answer must be there, and of the first wait before a question is put again; each wait doubles.
TIMEOUT, FIRST_WAIT, LONGEST_WAIT = 60.0, 1.0, 30.0
TRIES = 5
MAX_ANSWER = 2**20
# Too many questions, and what a server says when it is busy or failing.
AGAIN = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Chat:
    """Asks an endpoint, and keeps the answers in a folder, so that no question is paid for twice.

    sleep: waits between tries; tests replace it.
    """

    endpoint: Endpoint
    cache: Path | None = None
    timeout: float = TIMEOUT
    tries: int = TRIES
    sleep: Callable[[float], None] = time.sleep

    def ask(self, prompt: str) -> str:
        """The answer to a prompt. Raises SadvaeError where the endpoint is not reached, refuses, or keeps failing."""
        path = None if self.cache is None else self.cache / f"{self._key(prompt)}.json"
        known = _cached(path, prompt)
        if known is not None:
            return known
        answer = self._tried(prompt)
        if path is not None:
            write_json(path, {"model": self.endpoint.model, "prompt": prompt, "answer": answer})
        return answer

    def _key(self, prompt: str) -> str:
        text = json.dumps([self.endpoint.url, self.endpoint.model, prompt])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _tried(self, prompt: str) -> str:
        wait, fault = FIRST_WAIT, ""
        for number in range(self.tries):
            if number:
                self.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
            try:
                return self._asked(prompt)
            except urllib.error.HTTPError as error:
                with error:
                    fault = f"HTTP {error.code} {error.reason}"
                    asked_wait = error.headers.get("Retry-After", "")
                if error.code not in AGAIN:
                    raise SadvaeError(
                        f"{self.endpoint.public_url} refused ({fault}); check {URL}, {KEY} and {MODEL}."
                    ) from error
                wait = min(float(asked_wait), LONGEST_WAIT) if asked_wait.isdecimal() else wait
            except (OSError, http.client.IncompleteRead) as error:
                fault = str(getattr(error, "reason", error)) or type(error).__name__
            except http.client.HTTPException as error:
                raise SadvaeError(
                    f"{self.endpoint.public_url} does not answer in HTTP ({type(error).__name__}); check {URL}."
                ) from error
        raise SadvaeError(
            f"{self.endpoint.public_url} did not answer in {self.tries} tries ({fault}); try again later."
        )

    def _asked(self, prompt: str) -> str:
        body = {"model": self.endpoint.model, "messages": [{"role": "user", "content": prompt}], "temperature": 0}
        headers = {"Content-Type": "application/json"}
        if self.endpoint.key:
            headers["Authorization"] = f"Bearer {self.endpoint.key}"
        address = f"{self.endpoint.url}/chat/completions"
        request = urllib.request.Request(address, json.dumps(body).encode(), headers, method="POST")
        # A key must not follow a redirection to another place.
        with urllib.request.build_opener(_StayHere).open(request, timeout=self.timeout) as reply:
            return _content(reply.read(MAX_ANSWER + 1), self.endpoint.public_url)


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None: a redirection is an error."""


def _content(data: bytes, address: str) -> str:
    """The text of a chat completion."""
    try:
        if len(data) > MAX_ANSWER:
            raise ValueError("an answer of more than a megabyte")
        answer: Any = json.loads(data)["choices"][0]["message"]["content"]
        if not isinstance(answer, str) or not answer.strip():
            raise ValueError("no text")
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise SadvaeError(f"{address} gave {error}, which is not a chat completion; check {URL}.") from error
    return answer


def _cached(path: Path | None, prompt: str) -> str | None:
    """The answer that is kept there; None where there is none, or a damaged one."""
    if path is None or not path.is_file():
        return None
    try:
        found = read_json(path)
    except SadvaeError:
        return None
    good = isinstance(found, dict) and found.get("prompt") == prompt and isinstance(found.get("answer"), str)
    return found["answer"] if good else None
