"""Arrays written row by row, so that they never have to be in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import atomic
from sadvae.types import FloatArray


class RowFile:
    """An .npy file of float32 rows in the making; made by row_file."""

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self.shape, self.written = shape, 0
        self._stream = path.open("wb")
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._stream, header)

    def write(self, rows: FloatArray) -> None:
        """Append rows [any number, *shape[1:]]."""
        if rows.shape[1:] != self.shape[1:]:
            raise ValueError(f"rows of shape {rows.shape[1:]} for an array of shape {self.shape}")
        np.ascontiguousarray(rows, "<f4").tofile(self._stream)
        self.written += len(rows)

    def close(self) -> None:
        """Flush and close the file."""
        self._stream.close()


@contextmanager
def row_file(path: Path, shape: tuple[int, ...]) -> Iterator[RowFile]:
    """Yield a file that takes the rows of a float32 array of `shape`; it appears at `path` once all are written.

    Raises SadvaeError where the file system refuses, or where rows are missing at the end.
    """
    with atomic(path) as temporary:
        file = RowFile(temporary, shape)
        try:
            yield file
        finally:
            file.close()
        if file.written != shape[0]:
            raise SadvaeError(f"{path} got {file.written} of {shape[0]} rows; write it again.")


def map_rows(path: Path, shape: tuple[int, ...]) -> FloatArray:
    """The array that row_file wrote, mapped: read from the disk where it is used."""
    if 0 in shape:
        return np.zeros(shape, np.float32)
    return np.lib.format.open_memmap(path, mode="r")
