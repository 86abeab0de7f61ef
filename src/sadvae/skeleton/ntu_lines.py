"""The bodies of an NTU RGB+D `.skeleton` text, line by line: any spacing is read, and a faulty line is named."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.skeleton.ntu_bodies import COLUMNS, JOINTS, Sightings, check_size
from sadvae.skeleton.number_lines import parse_number_lines


def sightings_by_line(data: bytes, where: str) -> Sightings:
    """All bodies in a file's bytes. Raises SadvaeError that names the faulty line of the file `where`."""
    index = _index(data.splitlines(), where)
    values = parse_number_lines(index.lines, COLUMNS, 3, where, index.numbers).reshape(-1, JOINTS, 3)
    return Sightings(index.bodies, np.array(index.frames, dtype=np.int64), values, index.count)


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
    check_size(index.count, 1, where)
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
