"""The two errors a user of sadvae can meet: each is one clear sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class SadvaeError(Exception):
    """Bad input: what was found, what was expected, where, and what to do, in one sentence."""


class LeakageError(SadvaeError):
    """Something of an unseen class, a test clip or a test subject would reach training, calibration or selection."""


@contextmanager
def located(where: object) -> Iterator[None]:
    """Put a place, such as a file, in front of the errors of what is checked without knowing its place."""
    try:
        yield
    except SadvaeError as error:
        raise type(error)(f"{where}: {error}") from error
