"""Map arrays of .npy and stored .npz files, so that data sets need not fit in memory."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import read_npy_header, read_npy_stream, unreadable
from sadvae.packed import check_content

# Packed members are read whole.
MAX_UNPACKED = 8 * 2**30
_MOST_SIDES = 8
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)


def map_npy(path: Path) -> np.ndarray:
    """The array of an .npy file, mapped. Raises SadvaeError if it is damaged, too short, or holds Python objects."""
    path = Path(path)
    if not path.is_file():
        raise SadvaeError(f"{path} does not exist; expected an .npy file.")
    try:
        with path.open("rb") as stream:
            return _mapped(path, stream, 0, path.stat().st_size)
    except _FAULTS as error:
        raise SadvaeError(f"{path} is not a readable .npy file ({_line(error)}).") from error


def map_npz(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Those arrays of an .npz file that it has of `names`: mapped where stored plainly, read where packed."""
    path = Path(path)
    if not path.is_file():
        raise SadvaeError(f"{path} does not exist; expected an .npz file.")
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
            check_content(archive, path)
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            return {name: _member(archive, members[name], stream, path) for name in names if name in members}
    except _FAULTS as error:
        raise unreadable(path, error) from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, stream: BinaryIO, path: Path) -> np.ndarray:
    if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1:
        stream.seek(info.header_offset)
        header = stream.read(30)
        if len(header) != 30 or header[:4] != b"PK\3\4":
            raise SadvaeError(f"{path}: the archive's member {info.filename!r} has no header; it is damaged.")
        name, extra = struct.unpack("<HH", header[26:])
        return _mapped(path, stream, info.header_offset + 30 + name + extra, info.file_size)
    if info.file_size > MAX_UNPACKED:
        raise SadvaeError(
            f"{path} claims {info.file_size} bytes for {info.filename!r}; at most {MAX_UNPACKED} packed ones are read: "
            "write it with np.savez, which does not pack."
        )
    with archive.open(info) as member:
        return read_npy_stream(member, info.file_size, f"{path}:{info.filename}")


def _mapped(path: Path, stream: BinaryIO, start: int, size: int) -> np.ndarray:
    stream.seek(start)
    shape, columns, dtype = read_npy_header(stream, str(path))
    begin = stream.tell()
    room = min(start + size, path.stat().st_size) - begin
    if dtype.kind not in "biuf":
        raise SadvaeError(f"{path} holds an array of {dtype}; only numbers are read.")
    if len(shape) > _MOST_SIDES or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > room:
        raise SadvaeError(f"{path} claims an array of shape {shape} but holds {max(room, 0)} bytes; it is truncated.")
    if 0 in shape or not shape:
        raise SadvaeError(f"{path} holds an array of shape {shape}; expected some clips.")
    return np.memmap(path, dtype, "r", begin, shape, "F" if columns else "C")


def _line(error: BaseException) -> str:
    return str(error).split("\n")[0][:200]
