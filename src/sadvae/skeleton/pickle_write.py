"""Write plain containers and arrays as a pickle that every Python 3 and every NumPy reads.

Python's own pickler writes the module names of the NumPy that runs; those of NumPy 2 are unknown to older ones, which
peers' projects use. This one writes the old names, which NumPy 2 still knows (protocol 3).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sadvae.files import atomic

_ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
_LARGEST_BYTES = 2**32 - 1


def write_pickle(path: Path, value: Any) -> None:
    """Write a value of dictionaries, lists, texts, numbers and arrays (number types, native order), atomically."""
    with atomic(path) as temporary, temporary.open("wb") as stream:
        stream.write(b"\x80\x03")
        _write(stream, value)
        stream.write(b".")


def _write(stream: BinaryIO, value: Any) -> None:
    if isinstance(value, Mapping):
        _write_all(stream, b"}(", [item for pair in value.items() for item in pair], b"u")
    elif isinstance(value, np.ndarray):
        _write_array(stream, value)
    elif isinstance(value, str):
        text = value.encode("utf-8")
        stream.write(b"X" + struct.pack("<I", len(text)) + text)
    elif value is None or isinstance(value, bool):
        stream.write({None: b"N", True: b"\x88", False: b"\x89"}[value])
    elif isinstance(value, int):
        stream.write(b"\x8a\x09" + value.to_bytes(9, "little", signed=True))
    elif isinstance(value, tuple):
        _write_all(stream, b"(", value, b"t")
    elif isinstance(value, Sequence):
        _write_all(stream, b"](", value, b"e")
    else:
        raise TypeError(f"{type(value).__name__} is not written")


def _write_all(stream: BinaryIO, start: bytes, values: Sequence[Any], end: bytes) -> None:
    stream.write(start)
    for value in values:
        _write(stream, value)
    stream.write(end)


def _write_array(stream: BinaryIO, array: np.ndarray) -> None:
    code = array.dtype.str[1:].encode("ascii")
    order = b"<" if array.dtype.itemsize > 1 else b"|"
    raw = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
    if array.dtype.kind not in "biuf" or len(raw) > _LARGEST_BYTES:
        raise TypeError(f"an array of {array.dtype} and {len(raw)} bytes is not written")
    stream.write(_ARRAY + b"(K\x01")
    _write(stream, tuple(int(side) for side in array.shape))
    stream.write(b"cnumpy\ndtype\nX" + struct.pack("<I", len(code)) + code + b"\x89\x88\x87R")
    stream.write(b"(K\x03X\x01\x00\x00\x00" + order + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb")
    stream.write(b"\x89B" + struct.pack("<I", len(raw)) + raw + b"tb")
