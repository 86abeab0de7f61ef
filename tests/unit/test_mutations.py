"""Damaged files of every format give clips or one sentence, never a traceback; found cases stay found."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from tests.unit.format_files import SAMPLES

CORPUS = Path(__file__).resolve().parents[1] / "fuzz" / "corpus"


def fault(name: str, path: Path, data: bytes) -> str | None:
    """What the reader says about a file of these bytes; None where it reads it."""
    path.write_bytes(data)
    try:
        SAMPLES[name][1](path)
    except SadvaeError as error:
        return str(error)
    return None


def damaged(good: bytes, seed: int) -> bytes:
    """Bytes changed, cut, doubled, or numbers made large, a few times."""
    chance = random.Random(seed)
    data = bytearray(good)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[place : place + chance.randint(1, 20)]
            case 2:
                data[place:place] = data[place : place + chance.randint(1, 40)]
            case 3:
                data[place : place + 4] = chance.choice([b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\x01\0\0\x80"])
            case 4:
                data[place:place] = chance.choice([b"9999999999", b"nan", b"-1", b"[", b"{", b"1e400", b"null", b"\n"])
            case _:
                data = data[:place] if chance.random() < 0.3 else data
    return bytes(data)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_read(name: str, tmp_path: Path) -> None:
    path = SAMPLES[name][0](tmp_path)
    assert (fault(name, path, path.read_bytes()) is None) == (name not in ("layout", "features"))


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_gives_one_sentence(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("damage")
    path = SAMPLES[name][0](folder)
    good = path.read_bytes()

    @settings(max_examples=60, deadline=None, database=None)
    @given(st.integers(0, 2**32), st.booleans(), st.binary(max_size=60))
    def check(seed: int, whole: bool, other: bytes) -> None:
        said = fault(name, path, damaged(good, seed) if whole else other)
        assert said is None or (said.strip() and "\n" not in said), said

    check()


def cases() -> list[Path]:
    return sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.parent.name in SAMPLES)


@pytest.mark.parametrize("case", cases(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_found_cases_stay_found(case: Path, tmp_path: Path) -> None:
    name = case.parent.name
    said = fault(name, SAMPLES[name][0](tmp_path), case.read_bytes())
    assert said is None or "\n" not in said
