"""Handed-in files: a private place, a name of ours, a size and a time, and no trace afterwards."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sadvae.serving.uploads import TooLargeError, TooSlowError, received, shown_name, suffix_of

HOSTILE = [
    "../../etc/passwd",
    "..\\..\\boot.ini",
    "/etc/cron.d/x.npz",
    "a\0b.npz",
    "C:\\x\\y.npz",
    "x.npz/../../z",
    ".npz",
]


async def _chunks(*chunks: bytes, wait: float = 0.0) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(wait)
        yield chunk


def receive(folder: Path, name: str, *chunks: bytes, most: int = 100, wait: float = 0.0) -> tuple[Path, bytes, int]:
    """The path that a file had, its bytes and its mode."""

    async def run() -> tuple[Path, bytes, int]:
        async with received(_chunks(*chunks, wait=wait), folder, name, most, 0.3) as path:
            return path, path.read_bytes(), path.stat().st_mode & 0o777

    return asyncio.run(run())


def test_a_file_is_private_has_our_name_and_is_gone_afterwards(tmp_path: Path) -> None:
    path, content, mode = receive(tmp_path, "My walk.NPZ", b"abc", b"def")
    assert (content, mode) == (b"abcdef", 0o600)
    assert re.fullmatch(r"[0-9a-f]{32}\.npz", path.name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path, content, _ = receive(inside, name, b"abc")
    assert (path.parent, content) == (inside, b"abc")
    assert re.fullmatch(r"[0-9a-f]{32}(\.[a-z0-9]{1,12})?", path.name)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_file_that_grows_too_large_is_stopped_and_gone(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match=r"^big\.npz is larger than .* MB; hand in a smaller file"):
        receive(tmp_path, "big.npz", *[b"x" * 40] * 1000)
    assert list(tmp_path.iterdir()) == []
    assert receive(tmp_path, "fits.npz", b"x" * 100)[1] == b"x" * 100


def test_a_file_that_comes_too_slowly_is_stopped_and_gone(tmp_path: Path) -> None:
    with pytest.raises(TooSlowError, match="did not arrive within"):
        receive(tmp_path, "slow.npz", *[b"x"] * 50, wait=0.05)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_gone_when_its_reader_fails(tmp_path: Path) -> None:
    async def run() -> None:
        async with received(_chunks(b"abc"), tmp_path, "a.npz", 100, 1.0):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())
    assert list(tmp_path.iterdir()) == []


def test_names_for_people_have_no_folders_and_no_control_characters() -> None:
    assert shown_name("../a/b\x1b[31m.npz") == "b[31m.npz"
    assert shown_name("C:\\clips\\walk.npz") == "walk.npz"
    assert shown_name("///") == "the file"
    assert [suffix_of(name) for name in ("a.b.NPZ", "a", "a.n/pz", "a.toolongtobeanending")] == [".npz", "", "", ""]
