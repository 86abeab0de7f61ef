"""Locks that keep two processes from one place; apart from files.py, as not every system has them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sadvae.errors import SadvaeError


@contextmanager
def locked(path: Path, *, leave: bool = True) -> Iterator[None]:
    """Hold the lock of that file, waiting for whoever holds it; it is let go when the block or the process ends.

    leave: whether the file stays. A process must not take a lock again that it holds: it would wait for itself.
    Raises SadvaeError where the file cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = _locked_stream(path)
    except (FileExistsError, NotADirectoryError) as error:
        raise SadvaeError(f"{path.parent} is not a folder; name one to write to.") from error
    except OSError as error:
        raise SadvaeError(f"cannot write {path}: {error.strerror or error}; choose another folder.") from error
    with stream:
        try:
            yield
        finally:
            if not leave:
                path.unlink(missing_ok=True)


def _locked_stream(path: Path) -> IO[str]:
    """The file, opened and locked; opened again where whoever held it before has removed it in the meantime."""
    while True:
        stream = path.open("w")
        fcntl.flock(stream, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(stream.fileno()), path.stat()):
                return stream
        stream.close()
