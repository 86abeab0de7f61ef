"""The scan of a whole NTU file gives what reading it line by line gives, or leaves the file to that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.skeleton.ntu import read_ntu_file, read_ntu_places, read_sightings
from sadvae.skeleton.ntu_bodies import Sightings
from sadvae.skeleton.ntu_lines import sightings_by_line
from sadvae.skeleton.ntu_scan import sightings_at_once
from tests.unit.raw_files import ntu_text, write_ntu


def frames_of(counts: list[int], seed: int = 0) -> list[dict[int, np.ndarray]]:
    """Frames with so many bodies each, ids 7, 8, ..."""
    rng = np.random.default_rng(seed)
    return [{7 + body: rng.normal(size=(25, 3)).round(7) for body in range(count)} for count in counts]


def assert_same(found: Sightings | None, expected: Sightings) -> None:
    assert found is not None
    assert list(found.bodies) == list(expected.bodies)
    assert found.count == expected.count
    np.testing.assert_array_equal(found.frames, expected.frames)
    assert found.joints.tobytes() == expected.joints.tobytes()
    assert found.joints.shape == expected.joints.shape


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(0, 99))
def test_the_scan_equals_the_lines(counts: list[int], end: str, ended: bool, seed: int) -> None:
    text = ntu_text(frames_of(counts, seed)).replace("\n", end)
    data = (text if ended else text.removesuffix(end)).encode()
    assert_same(sightings_at_once(data), sightings_by_line(data, "f"))


def by_line(data: bytes) -> Sightings | str:
    try:
        return sightings_by_line(data, "f")
    except SadvaeError as error:
        return str(error)


GOOD = ntu_text(frames_of([1, 0, 2])).encode()


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_changed_text_is_read_as_by_lines_or_left_to_them(data: st.DataObject) -> None:
    """Cut, doubled and exchanged bytes: what the scan reads at all, it reads as the careful reader does."""
    text = bytearray(GOOD.replace(b"\n", b"\r\n") if data.draw(st.booleans()) else GOOD)
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(text)))
        piece = data.draw(st.sampled_from([b"", b" ", b"\n", b"\r", b"\t", b"0", b"-", b".", b"e", b"2\n", b"\xff"]))
        text[place : place + data.draw(st.integers(0, 2))] = piece
    cut = bytes(text[: data.draw(st.integers(0, len(text)))]) if data.draw(st.booleans()) else bytes(text)
    found = sightings_at_once(cut)
    if found is not None:
        careful = by_line(cut)
        assert isinstance(careful, Sightings), careful
        assert_same(found, careful)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b" ", b"  "),
        lambda text: text.replace(b" ", b"\t"),
        lambda text: text.replace(b"\n", b" \n"),
        lambda text: text.replace(b"\n", b"\r"),
        lambda text: text.replace(b"\n", b"\r\n", 3),
    ],
)
def test_other_spacing_is_read_line_by_line(change, tmp_path: Path) -> None:
    path = tmp_path / "f.skeleton"
    path.write_bytes(change(GOOD))
    assert sightings_at_once(path.read_bytes()) is None
    assert_same(read_sightings(path), sightings_by_line(GOOD, "f"))


def test_text_of_the_usual_form_is_scanned() -> None:
    for data in (GOOD, GOOD.replace(b"\n", b"\r\n"), GOOD[:-1]):
        assert sightings_at_once(data) is not None


def test_an_absurd_count_takes_no_memory() -> None:
    for head in (b"9999999\n1\n", b"1\n9999999\n", b"9999999\n" + b"0\n" * 9):
        assert sightings_at_once(head) is None


def test_frames_without_bodies_are_bounded_as_they_cost_nothing_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "f.skeleton"
    path.write_bytes(b"240001\n" + b"0\n" * 240_001)
    for read in (read_ntu_file, read_ntu_places):
        with pytest.raises(SadvaeError, match=r"f\.skeleton has 240001 frames of 1 body; at most 6000000 positions"):
            read(path)
    path.write_bytes(b"240000\n" + b"0\n" * 240_000)
    assert read_ntu_file(path).shape == read_ntu_places(path).shape == (1, 240_000, 25, 3)


def test_frames_count_for_each_body_that_is_kept(tmp_path: Path) -> None:
    upright = [{body: joints * [0.1, 1, 1] for body, joints in frame.items()} for frame in frames_of([2] * 12)]
    two = ntu_text(upright).split("\n", 1)[1].encode()
    path = tmp_path / "f.skeleton"
    path.write_bytes(b"120001\n" + two + b"0\n" * (120_001 - 12))
    for read in (read_ntu_file, read_ntu_places):
        with pytest.raises(SadvaeError, match=r"f\.skeleton has 120001 frames of 2 bodies; at most 6000000 positions"):
            read(path)


def test_places_keep_everything_up_to_the_fourth_body(tmp_path: Path) -> None:
    frames = frames_of([1, 0, 5, 2])
    path = write_ntu(tmp_path / "f.skeleton", frames)
    expected = np.zeros((4, 4, 25, 3))
    for time, bodies in enumerate(frames):
        for place, joints in enumerate(list(bodies.values())[:4]):
            expected[place, time] = joints
    np.testing.assert_array_equal(read_ntu_places(path), expected)
    assert read_ntu_places(write_ntu(tmp_path / "g.skeleton", [{}])).shape == (1, 1, 25, 3)
