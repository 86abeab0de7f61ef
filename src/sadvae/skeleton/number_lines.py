"""Lines of numbers as arrays, parsed at once; a bad line is looked for only where parsing fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sadvae.errors import SadvaeError

# No position is as large; float32 would still hold it.
LARGEST = 1e30


def parse_number_lines(
    lines: Sequence[bytes], columns: int, used: int, where: str, numbers: Sequence[int] | None = None
) -> np.ndarray:
    """The first `used` numbers of every line, as float64 [line, used].

    columns: how many numbers a line must hold. where: the file, for errors. numbers: the line number of each line in
    its file (default 1, 2, ...). Raises SadvaeError that names the first line that is not `columns` numbers.
    """
    words = b"\n".join(lines).split()
    if len(words) == columns * len(lines):
        try:
            values = np.array([list(map(float, words[column::columns])) for column in range(used)]).T
        except ValueError:
            values = np.array(np.nan)
        if np.abs(values).max(initial=0) < LARGEST:
            return values
    raise SadvaeError(_first_fault(lines, columns, used, where, numbers or range(1, len(lines) + 1)))


def _first_fault(lines: Sequence[bytes], columns: int, used: int, where: str, numbers: Sequence[int]) -> str:
    for line, number in zip(lines, numbers, strict=True):
        words = line.split()
        if len(words) != columns:
            return f"{where}, line {number}: {len(words)} numbers where {columns} were expected."
        bad = [word for word in words[:used] if not _is_number(word)]
        if bad:
            shown = bad[0][:20].decode("ascii", "replace")
            return f"{where}, line {number}: {shown!r} is not a number of metres."
    return f"{where} is not a list of lines of {columns} numbers."


def _is_number(word: bytes) -> bool:
    try:
        return abs(float(word)) < LARGEST
    except ValueError:
        return False
