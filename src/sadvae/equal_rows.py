"""Rows of one array that another one holds too, byte for byte, in little memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Rows of which digests are taken at once.
BLOCK = 4096


def equal_rows(rows: NDArray[np.float32], *known: NDArray[np.float32]) -> list[int]:
    """The numbers of the rows [n, d] that are, byte for byte, in any of the known arrays [m, d].

    Arrays may be mapped: a block of rows is in memory, and 16 bytes of each row. Known arrays of another width have no
    such row.
    """
    comparable = [other for other in known if len(other) and other.shape[1] == rows.shape[1]]
    if not len(rows) or not comparable:
        return []
    wanted = _digests(rows)
    return sorted({row for other in comparable for row in _equal_rows(rows, wanted, other)})


def _equal_rows(rows: NDArray[np.float32], wanted: NDArray[np.uint64], known: NDArray[np.float32]) -> list[int]:
    """wanted: the digests of the rows."""
    digests = _digests(known)
    order = np.argsort(digests, kind="stable")
    ordered = digests[order]
    begin, end = (np.searchsorted(ordered, wanted, side) for side in ("left", "right"))
    found = []
    # Rows of one digest are compared, so that a digest need not tell all rows apart.
    for row in np.flatnonzero(begin < end):
        own = rows[row].tobytes()
        if any(known[other].tobytes() == own for other in order[begin[row] : end[row]]):
            found.append(int(row))
    return found


def _digests(rows: NDArray[np.float32]) -> NDArray[np.uint64]:
    """A sum of each row's words, each times an odd number of its own, modulo 2^64: equal rows have equal ones."""
    factors = np.random.default_rng(0).integers(0, 2**64, _words(rows[:1]).shape[1], np.uint64) | np.uint64(1)
    found = np.empty(len(rows), np.uint64)
    for begin in range(0, len(rows), BLOCK):
        words = _words(rows[begin : begin + BLOCK]).astype(np.uint64)
        found[begin : begin + BLOCK] = words @ factors
    return found


def _words(rows: NDArray[np.float32]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(rows).view(np.uint32)
