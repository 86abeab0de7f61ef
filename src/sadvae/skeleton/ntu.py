"""NTU RGB+D `.skeleton` files: per frame the bodies that a Kinect v2 saw, one line of 12 numbers a joint."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import read_bytes
from sadvae.skeleton.ntu_bodies import Track, two_actors
from sadvae.skeleton.number_lines import parse_number_lines
from sadvae.skeleton.recording import RawFormat

MAX_BYTES = 256 * 2**20
JOINTS = 25
COLUMNS = 12


def read_ntu_file(path: Path) -> np.ndarray:
    """The joints of one file: float64 [person, frame, 25, 3], metres, the one or two bodies that ntu_bodies keeps.

    A frame without a body is all zero; a file without any body gives one all-zero body (one frame at least).
    Raises SadvaeError that names the faulty line.
    """
    return two_actors(*read_tracks(read_bytes(path, MAX_BYTES), str(path)))


def read_tracks(data: bytes, where: str) -> tuple[list[Track], int]:
    """The tracks of all bodies in a file's bytes, in order of appearance, and the number of frames."""
    index = _index(data.splitlines(), where)
    values = parse_number_lines(index.lines, COLUMNS, 3, where, index.numbers).reshape(-1, JOINTS, 3)
    bodies, frames = np.array(index.bodies), np.array(index.frames, dtype=np.int64)
    order = dict.fromkeys(index.bodies)
    return [Track(frames[bodies == body], values[bodies == body]) for body in order], index.count


@dataclass
class _Index:
    """Where the joints are: lines and their numbers, and for each run of 25 its body and frame."""

    count: int
    lines: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)


def _index(lines: list[bytes], where: str) -> _Index:
    index = _Index(_count(lines, 0, where, "the number of frames"))
    at = 1
    for frame in range(index.count):
        bodies = _count(lines, at, where, f"the number of bodies in frame {frame + 1} of {index.count}")
        at += 1
        for _ in range(bodies):
            at = _add_body(index, lines, at, frame, where)
    return index


def _add_body(index: _Index, lines: list[bytes], at: int, frame: int, where: str) -> int:
    """Note the body whose lines begin at `at`; return where the next one begins."""
    words = lines[at].split() if at < len(lines) else []
    if len(words) != 10:
        raise SadvaeError(f"{where}, line {at + 1}: {_found(lines, at)}; expected a body's 10 values.")
    if _count(lines, at + 1, where, "the number of joints") != JOINTS:
        raise SadvaeError(f"{where}, line {at + 2}: {_found(lines, at + 1)} joints; expected {JOINTS}.")
    begin, end = at + 2, at + 2 + JOINTS
    if end > len(lines):
        raise SadvaeError(f"{where} ends after line {len(lines)}, within a body of frame {frame + 1}; it is truncated.")
    index.lines += lines[begin:end]
    index.numbers += range(begin + 1, end + 1)
    index.bodies.append(words[0])
    index.frames.append(frame)
    return end


def _count(lines: list[bytes], at: int, where: str, what: str) -> int:
    word = lines[at].strip() if at < len(lines) else b""
    if not word.isdigit() or len(word) > 7:
        raise SadvaeError(f"{where}, line {at + 1}: {_found(lines, at)}; expected {what}.")
    return int(word)


def _found(lines: list[bytes], at: int) -> str:
    return repr(lines[at][:40].decode("ascii", "replace")) if at < len(lines) else "the file ends here"


NTU = RawFormat(
    name="ntu",
    title="NTU RGB+D",
    suffix=".skeleton",
    pattern=r"S\d{3}C\d{3}P(?P<subject>\d{3})R\d{3}A(?P<action>(?!000)\d{3})\.skeleton",
    classes=120,
    layout="kinect-v2",
    read=read_ntu_file,
)
