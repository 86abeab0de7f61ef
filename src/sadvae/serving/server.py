"""Run the local page on a port of this machine, reachable from this machine alone."""

from __future__ import annotations

import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.serving.limits import Limits
from sadvae.serving.worker import Worker

ADDRESS = "127.0.0.1"
# Requests at a time; a browser makes six.
MOST_REQUESTS = 48


def serve(folders: Sequence[Path], port: int, limits: Limits, started: Callable[[str], None]) -> None:
    """Serve until the process is told to stop; started(url) is called when the page can be opened.

    folders: of one or two recognisers. port: 0 takes a free one. Raises SadvaeError where a library is missing, the
    port is taken, or a folder holds no recogniser.
    """
    _check_installed()
    from sadvae.serving.answering import load_answering

    worker = Worker(partial(load_answering, tuple(folders), limits), limits.seconds, limits.memory_bytes)
    with closing(_listening(port)) as listener, closing(worker):
        worker.start()
        # uvicorn ends by the signal that stopped it; this way what is in use is put away first.
        signal.signal(signal.SIGTERM, _leave)
        with tempfile.TemporaryDirectory(prefix="sadvae-") as folder:
            url = f"http://{ADDRESS}:{listener.getsockname()[1]}"
            _run(worker, limits, Path(folder), listener, lambda: started(url))


def host_names(port: int) -> frozenset[str]:
    """What the Host header of a request to this server may say."""
    names = (ADDRESS, "localhost")
    return frozenset({f"{name}:{port}" for name in names} | (set(names) if port == 80 else set()))


def _run(worker: Worker, limits: Limits, folder: Path, listener: socket.socket, ready: Callable[[], None]) -> None:
    import uvicorn

    from sadvae.serving.app import new_app

    app = new_app(worker, limits, folder, host_names(listener.getsockname()[1]))
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_REQUESTS,
        timeout_graceful_shutdown=1,
        ws="none",
    )
    ready()
    uvicorn.Server(config).run(sockets=[listener])


def _leave(number: int, frame: object) -> None:
    sys.exit(128 + number)


def _check_installed() -> None:
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise SadvaeError(
            f"the local page needs fastapi and uvicorn ({error}); run `pip install '.[serve]'` in sadvae's folder."
        ) from error


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        # From now on requests wait until the recognisers are loaded.
        listener.listen()
    except OSError as error:
        listener.close()
        raise SadvaeError(
            f"port {port} of this machine cannot be used: {error.strerror or error}; choose another with --port."
        ) from error
    return listener
