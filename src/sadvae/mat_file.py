"""A bounded reader of numeric arrays in MATLAB level-5 .mat files.

It knows what it needs of the published format ("MAT-File Format", The MathWorks): plain and compressed elements and
real numeric matrices. Sizes are checked before memory is taken, and nothing but numbers is ever built.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from itertools import islice

import numpy as np

from sadvae.errors import SadvaeError

HEADER = 128
_MATRIX, _COMPRESSED, _INT8, _INT32, _UINT32 = 14, 15, 1, 5, 6
# Element type -> NumPy type. Array classes 6 to 15 are double, single and the integers.
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMERIC_CLASSES = range(6, 16)
_COMPLEX, _LOGICAL = 0x08, 0x02
# An empty element takes 8 bytes, so their number is bounded: arrays of a file, and parts of a matrix (flags, shape,
# name, real numbers; a fifth one is of complex numbers or wrong).
MOST_ARRAYS = 10_000
_MOST_PARTS = 5


def read_mat_array(data: bytes, name: str, where: str, max_bytes: int) -> np.ndarray:
    """The real numeric array `name` of a level-5 .mat file, as float64 in its own shape.

    data: the bytes of the file. where: its name in errors. max_bytes: how much may be unpacked in all.
    Raises SadvaeError if the file is of another kind, damaged, too large, or holds no such array.
    """
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128]) if len(data) >= HEADER else None
    if order is None:
        raise SadvaeError(f"{where} is not a MATLAB level-5 .mat file; save it with MATLAB's -v6 or -v7.")
    left = max_bytes
    try:
        for number, (kind, body) in enumerate(_elements(data, HEADER, order)):
            if number == MOST_ARRAYS:
                raise _DamagedError(f"it has more than {MOST_ARRAYS} elements")
            if kind == _COMPRESSED:
                unpacked = _unpacked(body, left, max_bytes)
                left -= len(unpacked)
                kind, body = next(_elements(unpacked, 0, order), (0, b""))
            if kind == _MATRIX and (found := _matrix(body, name, order)) is not None:
                return found
    except (_DamagedError, zlib.error) as error:
        raise SadvaeError(f"{where} is damaged: {error}.") from error
    raise SadvaeError(f"{where} holds no numeric array {name!r}.")


class _DamagedError(Exception):
    """What is wrong with the bytes of a file."""


def _elements(data: bytes, start: int, order: str) -> Iterator[tuple[int, bytes]]:
    """The (type, content) of the elements of `data` from `start` on."""
    while start + 8 <= len(data):
        tag, size = np.frombuffer(data, f"{order}u4", 2, start).tolist()
        small = tag >> 16
        if small:
            tag, size, begin, end = tag & 0xFFFF, small, start + 4, start + 8
        else:
            begin, end = start + 8, start + 8 + size
        if begin + size > len(data) or (small and size > 4):
            raise _DamagedError(f"an element claims {size} bytes but {len(data) - begin} are left; it may be truncated")
        yield tag, data[begin : begin + size]
        # Elements are padded to 8 bytes, all but compressed ones.
        start = end if small or tag == _COMPRESSED else end + -size % 8


def _unpacked(packed: bytes, left: int, max_bytes: int) -> bytes:
    """left: how much may still be unpacked, of max_bytes in all."""
    worker = zlib.decompressobj()
    # zlib takes 0 for no limit.
    data = worker.decompress(packed, left + 1)
    if len(data) > left:
        raise _DamagedError(f"it unpacks to more than {max_bytes} bytes")
    if not worker.eof:
        raise _DamagedError("a packed element is truncated")
    return data


def _matrix(body: bytes, name: str, order: str) -> np.ndarray | None:
    """The array of a matrix element, or None if it has another name."""
    parts = list(islice(_elements(body, 0, order), _MOST_PARTS))
    kinds = [kind for kind, _ in parts[:3]]
    if kinds != [_UINT32, _INT32, _INT8] or len(parts[0][1]) != 8:
        return None
    if parts[2][1] != name.encode("ascii"):
        return None
    flags = int(np.frombuffer(parts[0][1], f"{order}u4")[0])
    dimensions = np.frombuffer(parts[1][1][: len(parts[1][1]) // 4 * 4], f"{order}i4").tolist()
    if flags & 0xFF not in _NUMERIC_CLASSES or (flags >> 8) & _COMPLEX or len(parts) != 4:
        raise _DamagedError(f"{name!r} is not an array of real numbers")
    return _numbers(*parts[3], dimensions, order, name)


def _numbers(kind: int, content: bytes, dimensions: list[int], order: str, name: str) -> np.ndarray:
    if kind not in _NUMBERS:
        raise _DamagedError(f"{name!r} has numbers of the unknown type {kind}")
    dtype = np.dtype(order + _NUMBERS[kind])
    if not dimensions or min(dimensions) < 0 or math.prod(dimensions) * dtype.itemsize != len(content):
        raise _DamagedError(f"{name!r} claims the shape {tuple(dimensions)} but holds {len(content)} bytes")
    with np.errstate(all="ignore"):
        return np.frombuffer(content, dtype).astype(np.float64).reshape(dimensions, order="F")
