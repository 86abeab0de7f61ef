"""The bodies of an NTU RGB+D `.skeleton` text of the usual spacing, scanned as a whole and not line by line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sadvae.skeleton.decimals import parse_decimals
from sadvae.skeleton.ntu_bodies import COLUMNS, JOINTS, MOST_POSITIONS, Sightings
from sadvae.skeleton.number_lines import LARGEST

Ints = NDArray[np.int64]

SPACE, NEWLINE, RETURN = 32, 10, 13
HEADER = 10


@dataclass(frozen=True, eq=False)
class _Words:
    """Text as words with one space between them, and lines with one kind of end.

    gaps: where each space and each character of a line end is. newlines: those of the gaps that end a line.
    returns: 1 where a carriage return comes before each of them, otherwise 0.
    """

    text: bytes
    gaps: Ints
    newlines: Ints
    returns: int


def sightings_at_once(data: bytes) -> Sightings | None:
    """All bodies in a file's bytes, exactly as sightings_by_line gives them.

    None where the text is not of the usual form (one space between words, all bodies whole, not too many frames): it
    may be faulty.
    """
    words = _words(data)
    found = _headers(words) if words else None
    if words is None or found is None:
        return None
    headers, frames, count = found
    joints = _joints(words, headers)
    if joints is None:
        return None
    return Sightings(_first_words(words, headers), frames, joints, count)


def _words(text: bytes) -> _Words | None:
    if not text.endswith(b"\n"):
        text += b"\r\n" if b"\r\n" in text else b"\n"
    characters = np.frombuffer(text, np.uint8)
    gaps = np.flatnonzero(characters <= SPACE)
    kinds = characters[gaps]
    newlines = np.flatnonzero(kinds == NEWLINE)
    returns = int(text.endswith(b"\r\n"))
    spaces = np.count_nonzero(kinds == SPACE)
    paired = not returns or (kinds[newlines - 1] == RETURN).all()
    usual = paired and spaces + len(newlines) * (1 + returns) == len(gaps)
    single = gaps[0] > 0 and np.array_equal(np.diff(gaps) == 1, kinds[:-1] == RETURN)
    return _Words(text, gaps, newlines, returns) if usual and single else None


def _headers(words: _Words) -> tuple[Ints, Ints, int] | None:
    """The line of each body's header, the frame of each, and the number of frames."""
    text, end_of = words.text, words.gaps[words.newlines].item
    lines, body = len(words.newlines), JOINTS + 2
    count = _count(text[: end_of(0) - words.returns])
    if count is None or count * JOINTS > MOST_POSITIONS:
        return None
    starts: list[int] = []
    bodies: list[int] = []
    at = 1
    for _ in range(count):
        found = _count(text[end_of(at - 1) + 1 : end_of(at) - words.returns]) if at < lines else None
        if found is None or at + found * body >= lines:
            return None
        starts.append(at + 1)
        bodies.append(found)
        at += 1 + found * body
    number = np.array(bodies, np.int64)
    place = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    return np.repeat(np.array(starts, np.int64), number) + body * place, np.repeat(np.arange(count), number), count


def _count(word: bytes) -> int | None:
    """The number that a word is; None if it is none."""
    return int(word) if word.isdigit() and len(word) < 8 else None


def _joints(words: _Words, headers: Ints) -> NDArray[np.float64] | None:
    """The positions of each body's joints: float64 [body, joint, 3]."""
    length = np.diff(words.newlines, prepend=-1) - words.returns
    lines = headers[:, None] + 2 + np.arange(JOINTS)
    whole = (length[headers] == HEADER).all() and (length[lines] == COLUMNS).all() and _joints_announced(words, headers)
    if not whole:
        return None
    bounds = words.gaps[words.newlines[lines - 1][..., None] + np.arange(4)]
    begins, ends = (bounds[..., :3] + 1).ravel(), bounds[..., 1:].ravel()
    try:
        values = parse_decimals(words.text, begins, ends) if len(headers) else np.zeros(0)
    except ValueError:
        return None
    usual = np.abs(values).max(initial=0) < LARGEST
    return values.reshape(-1, JOINTS, 3) if usual else None


def _joints_announced(words: _Words, headers: Ints) -> bool:
    """Whether the line after each header is the number of joints and nothing else."""
    begins = words.gaps[words.newlines[headers]] + 1
    ends = words.gaps[words.newlines[headers + 1] - words.returns]
    number = str(JOINTS).encode()
    text = np.frombuffer(words.text, np.uint8)
    found = text[begins[:, None] + np.arange(len(number))]
    return bool((ends - begins == len(number)).all() and (found == np.frombuffer(number, np.uint8)).all())


def _first_words(words: _Words, lines: Ints) -> list[bytes]:
    before = words.newlines[lines - 1]
    begins, ends = words.gaps[before] + 1, words.gaps[before + 1]
    return [words.text[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
