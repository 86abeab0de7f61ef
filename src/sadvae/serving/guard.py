"""Who may ask, and what a browser may do with the answers: no other site, no other name of this machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sadvae.serving.worker import TOO_LARGE, problem

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Only what this server sends may run or be shown; Plotly sets styles of elements, so styles may be inline.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_READING = ("GET", "HEAD")


class Guard:
    """Answers requests that may not come through, and adds HEADERS to every answer.

    hosts: what the Host header may say, so that no foreign name can be pointed at this machine (DNS rebinding).
    A browser says where a request comes from (Origin, Sec-Fetch-Site): other sites may open the page with a link, and
    nothing else. body_bytes: of requests to paths other than `uploads`, which counts for itself.
    """

    def __init__(self, app: App, hosts: frozenset[str], body_bytes: int, uploads: str) -> None:
        self._app, self._hosts, self._body_bytes, self._uploads = app, hosts, body_bytes, uploads
        self._origins = {f"http://{host}" for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refused = self._foreign(scope, headers) or self._bulky(scope, headers)
        if refused is None:
            await self._app(scope, receive, _with_headers(send))
        else:
            await _refuse(_with_headers(send), *refused)

    def _foreign(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        if headers.get("host", "") not in self._hosts:
            return 421, f"this server answers as {' or '.join(sorted(self._hosts))} alone; open that address."
        if "origin" in headers and headers["origin"] not in self._origins:
            return 403, "another site may not use this server; open its own page."
        site = headers.get("sec-fetch-site", "none")
        opens_page = scope["method"] in _READING and headers.get("sec-fetch-mode") == "navigate"
        if site not in ("none", "same-origin") and not opens_page:
            return 403, "another site may not use this server; open its own page."
        return None

    def _bulky(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        if scope["method"] in _READING or scope["path"] == self._uploads:
            return None
        length = headers.get("content-length", "0")
        # HTTP reads a request with a transfer coding in pieces, whatever length it says.
        if "transfer-encoding" in headers or not length.isdigit():
            return 411, "say how long the request is, by Content-Length alone."
        if int(length) > self._body_bytes:
            return TOO_LARGE, f"a request may have at most {self._body_bytes} bytes; this one has {length}."
        return None


def _with_headers(send: Send) -> Send:
    added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *added]
        await send(message)

    return sending


async def _refuse(send: Send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": problem(status, sentence).body})
