"""Files that are handed in: to a private folder, under a name of ours, never larger than allowed, and soon gone."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from sadvae.errors import SadvaeError

# The end of a file's name chooses the reader, so it stays; nothing else of the name reaches the disk.
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,12}")


class TooLargeError(SadvaeError):
    """A file has more bytes than are taken."""


class TooSlowError(SadvaeError):
    """A file took too long to arrive."""


def shown_name(given: str) -> str:
    """The last part of a file name, without control characters, for sentences."""
    last = re.split(r"[/\\]", given)[-1]
    return "".join(letter for letter in last if letter.isprintable()).strip() or "the file"


def suffix_of(given: str) -> str:
    """The ending of a file name, such as ".npz"; empty where it has none, or a strange one."""
    suffix = Path(shown_name(given)).suffix
    return suffix.lower() if _SUFFIX.fullmatch(suffix) else ""


@asynccontextmanager
async def received(
    chunks: AsyncIterator[bytes], folder: Path, given: str, most_bytes: int, seconds: float
) -> AsyncIterator[Path]:
    """Write what arrives to a new file in `folder`; the file is gone when the block ends, however it ends.

    given: the name that the sender uses. Raises TooLargeError, TooSlowError, and SadvaeError for a full disk.
    """
    path = folder / f"{secrets.token_hex(16)}{suffix_of(given)}"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            try:
                async with asyncio.timeout(seconds):
                    await _copy(chunks, stream, most_bytes, given)
            except TimeoutError as error:
                raise TooSlowError(
                    f"{shown_name(given)} did not arrive within {seconds:g} seconds; try again, or a smaller file."
                ) from error
        yield path
    except OSError as error:
        raise SadvaeError(f"{shown_name(given)} cannot be kept: {error.strerror or error}; free some space.") from error
    finally:
        path.unlink(missing_ok=True)


async def _copy(chunks: AsyncIterator[bytes], stream: BinaryIO, most_bytes: int, given: str) -> None:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > most_bytes:
            raise too_large(given, most_bytes)
        stream.write(chunk)


def too_large(given: str, most_bytes: int) -> TooLargeError:
    """The error of a file that is too large."""
    return TooLargeError(
        f"{shown_name(given)} is larger than {most_bytes / 2**20:g} MB; hand in a smaller file, or start the server "
        "with a larger --max-upload-mb."
    )
