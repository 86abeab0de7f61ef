"""Read and write the project's files: atomic, without pickle, sizes checked before anything is allocated."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.packed import check_content

MAX_JSON_BYTES = 256 * 2**20
MAX_ARRAY_BYTES = 64 * 2**30
MAX_NPY_HEADER = 2**16
_PIECE = 2**20
LONGEST_SIDE = 18
LARGEST_CHARACTER = 0x10FFFF
_NPY_FIELDS = (
    r"'descr'\s*:\s*'([<>|=]?(?:b1|[iu][1248]|f[248]|f1[26]|c8|c16|c32|[SU]\d{1,6}))'",
    r"'fortran_order'\s*:\s*(True|False)",
    r"'shape'\s*:\s*\(([\d, L]{0,200})\)",
)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it into place when the block ends well, remove it otherwise.

    Raises SadvaeError where the path names no file, and where the file system refuses (full disk, missing rights).
    """
    path = Path(path)
    temporary = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        check_target(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise SadvaeError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another folder."
        ) from error
    finally:
        # Where the folder could not be made there is nothing to remove, and the error above is to be seen.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_target(path: Path) -> None:
    """Raise SadvaeError where a file is to be written and a folder is."""
    if Path(path).is_dir():
        raise SadvaeError(f"cannot write {path}: it is a folder; name a file.")


def check_apart(path: Path, *read: Path) -> None:
    """Raise SadvaeError where what is to be written is a file or folder that is read, or a folder around one."""
    place = Path(path).resolve()
    for source in (Path(source).resolve() for source in read):
        if place == source or place in source.parents:
            raise SadvaeError(
                f"cannot write {path}: {source} is read, and would be lost; choose another place to write."
            )


def check_folder(folder: Path) -> None:
    """Raise SadvaeError where a folder is to be written and a file is, or one is in the place of a folder above."""
    folder = Path(folder)
    file = next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None)
    if file is not None:
        raise SadvaeError(f"{file} is a file, where a folder is to be written; choose another path, or remove it.")


def check_ending(path: Path, endings: Sequence[str], what: str) -> None:
    """Raise SadvaeError for a file that is not written to, before any work is done: a folder, or another ending.

    what: the words that say what goes into the file, such as "a timeline goes".
    """
    check_target(path)
    if path.suffix.lower() not in endings:
        raise SadvaeError(f"{path} ends in {path.suffix or 'nothing'}; {what} to {', '.join(endings)}.")


@contextmanager
def atomic_folder(path: Path, names: Collection[str]) -> Iterator[Path]:
    """Yield a temporary folder; put it in place of `path` when the block ends well, remove it otherwise.

    names: patterns of all files that are written here, as check_free takes them, so that nothing else is replaced.
    Raises SadvaeError where something else is there, and where the file system refuses.
    """
    path = Path(path)
    try:
        check_free(path, names)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
            new = Path(scratch) / "new"
            new.mkdir()
            yield new
            _exchange(new, path, Path(scratch) / "old")
    except OSError as error:
        raise SadvaeError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another folder."
        ) from error


def _exchange(new: Path, path: Path, old: Path) -> None:
    """Put `new` in place of `path`, which moves to `old`, or comes back where that fails."""
    if not path.exists():
        os.replace(new, path)
        return
    os.replace(path, old)
    try:
        os.replace(new, path)
    except OSError:
        if not path.exists():
            os.replace(old, path)
        raise


def check_free(folder: Path, names: Collection[str]) -> None:
    """Raise SadvaeError unless nothing is there, or a folder that holds no other files than those named.

    names: patterns of paths below the folder, as fnmatch reads them (a * stands for slashes too). Whoever replaces a
    folder calls this first: a mistyped path must not cost somebody their files.
    """
    folder = Path(folder)
    check_folder(folder)
    paths = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    inside = (path.relative_to(folder).as_posix() for path in paths)
    foreign = next((name for name in inside if not any(fnmatchcase(name, pattern) for pattern in names)), None)
    if foreign is not None:
        raise SadvaeError(
            f"{folder} holds {foreign}, which is none of the files that are written there and would be lost; "
            "choose another folder, or remove this one."
        )


def read_bytes(path: Path, limit: int = MAX_JSON_BYTES) -> bytes:
    """The bytes of a file of at most `limit` bytes. Raises SadvaeError if it is missing, unreadable or too large."""
    path = Path(path)
    try:
        size = regular_size(path)
        if size > limit:
            raise SadvaeError(f"{path} has {size} bytes; at most {limit} are read here.")
        with path.open("rb") as stream:
            data = stream.read(size + 1)
            # A file may grow while it is read, and those of /proc say that they are empty.
            if len(data) > size:
                data += stream.read(limit - size)
    except FileNotFoundError as error:
        raise SadvaeError(f"{path} does not exist; check the path.") from error
    except OSError as error:
        raise SadvaeError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(data) > limit:
        raise SadvaeError(f"{path} has more than {limit} bytes, which are all that is read here.")
    return data


def regular_size(path: Path) -> int:
    """The bytes that a file has. Raises SadvaeError for what is no regular file, OSError where the file system does.

    A device may have no end, and opening a pipe waits until somebody writes to it.
    """
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise SadvaeError(f"{path} is a folder; expected a file.")
    if not stat.S_ISREG(found.st_mode):
        raise SadvaeError(f"{path} is a device or a pipe; expected a regular file, so copy what it gives into one.")
    return found.st_size


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises SadvaeError if it is missing or not JSON."""
    try:
        return json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise SadvaeError(f"{path} is not valid JSON: {error}.") from error


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, indented, keys in their order, atomically. Raises SadvaeError as write_text does."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, atomically. Raises SadvaeError where that cannot be, as for file names of other bytes."""
    try:
        with atomic(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except UnicodeEncodeError as error:
        line = text[: error.end].rpartition("\n")[2][-60:] + text[error.end :].partition("\n")[0][:20]
        raise SadvaeError(
            f"cannot write {path}: {line.strip()!a} is not UTF-8 text; if it is a file's or folder's name, rename that."
        ) from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as an uncompressed .npz, atomically, with fixed time stamps: equal arrays give equal bytes."""
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)


def read_arrays(path: Path, mapped: Collection[str] = (), *, private: bool = False) -> dict[str, np.ndarray]:
    """All arrays of an .npz file, by name; those named in `mapped` stay on the disk until they are used (np.memmap).

    private: mapped arrays may be changed in memory, which the file does not hear of (torch takes no others without a
    warning); else they are read-only.
    Nothing is unpickled; a header that claims more than the file holds is refused before memory is taken.
    Raises SadvaeError if the file is missing, truncated, not an .npz, or holds Python objects.
    """
    path = Path(path)
    if not path.is_file():
        raise SadvaeError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}; expected an .npz file.")
    map_member = partial(_map_member, mode="c" if private else "r")
    try:
        with zipfile.ZipFile(path) as archive:
            check_content(archive, path)
            return {
                name: (map_member if name in mapped else _read_member)(archive, info, path)
                for info in archive.infolist()
                for name in [_stem(info.filename)]
            }
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> SadvaeError:
    """What is wrong with an .npz file that cannot be read."""
    if isinstance(error, PermissionError):
        return SadvaeError(f"{path} may not be read ({error.strerror}); change its permissions.")
    said = str(error).split("\n")[0][:200]
    return SadvaeError(f"{path} is not a readable .npz file ({said}); it may be truncated.")


def array_names(path: Path) -> tuple[str, ...]:
    """The names of the arrays in an .npz file, unread; none for a file that is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(_stem(info.filename) for info in archive.infolist())
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return ()


def _stem(name: str) -> str:
    return name.removesuffix(".npy")


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> np.ndarray:
    if info.file_size > MAX_ARRAY_BYTES:
        raise SadvaeError(
            f"{path} claims {info.file_size} bytes for {info.filename!r}; at most {MAX_ARRAY_BYTES} are read."
        )
    with archive.open(info) as member:
        return read_npy_stream(member, info.file_size, f"{path}:{info.filename}")


def read_npy_header(stream: Any, where: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, column order and type of an .npy array, from a stream at its beginning; the stream is left at the data.

    NumPy's own reader evaluates the header as Python text, which damaged files can bring to many kinds of errors.
    Raises SadvaeError for Python objects and records, ValueError if it is not .npy.
    """
    magic = stream.read(8)
    if len(magic) != 8 or magic[:6] != b"\x93NUMPY" or magic[6] not in (1, 2, 3):
        raise ValueError("it does not begin as an .npy array")
    length = int.from_bytes(stream.read(2 if magic[6] == 1 else 4), "little")
    text = stream.read(min(length, MAX_NPY_HEADER)).decode("latin-1")
    found = [re.search(pattern, text, re.ASCII) for pattern in _NPY_FIELDS]
    if len(text) != length or not all(found):
        raise SadvaeError(f"{where} has no header of a plain array (it may hold Python objects or records).")
    code, columns, sides = (match[1] for match in found if match)
    lengths = re.findall(r"\d+", sides)
    if any(len(length) > LONGEST_SIDE for length in lengths):
        raise SadvaeError(f"{where} claims an array of shape ({sides[:60]}); it is damaged.")
    try:
        dtype = np.dtype(code)
    except TypeError as error:
        raise SadvaeError(f"{where} holds numbers of the unknown type {code[:20]!r}; it is damaged.") from error
    return tuple(map(int, lengths)), columns == "True", dtype


def _map_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, mode: Literal["r", "c"]) -> np.ndarray:
    """A member as a view of the file, read-only or private; a compressed or empty one is read."""
    if info.compress_type != zipfile.ZIP_STORED:
        return _read_member(archive, info, path)
    with archive.open(info) as member:
        shape, fortran_order, dtype = _checked_header(member, info.file_size, f"{path}:{info.filename}")
        header = member.tell()
    if math.prod(shape) == 0:
        return np.zeros(shape, dtype)
    with path.open("rb") as stream:
        stream.seek(info.header_offset)
        name, extra = struct.unpack("<26x2H", stream.read(30))
    begin = info.header_offset + 30 + name + extra + header
    return np.memmap(path, dtype, mode, begin, shape, "F" if fortran_order else "C")


def read_npy_stream(stream: Any, available: int, where: str) -> np.ndarray:
    """One .npy array from a binary stream of `available` bytes, checked against its header before it is read.

    Raises SadvaeError if it holds Python objects or fewer bytes than its header claims, ValueError if it is not .npy.
    """
    shape, fortran_order, dtype = _checked_header(stream, available, where)
    size = math.prod(shape) * dtype.itemsize
    data = _filled(stream, size)
    if len(data) != size:
        raise SadvaeError(f"{where} claims an array of shape {shape} but ends after {len(data)} of {size} bytes.")
    if dtype.kind == "U" and np.frombuffer(data, f"{dtype.str[0]}u4").max(initial=0) > LARGEST_CHARACTER:
        raise SadvaeError(f"{where} holds text that is not valid Unicode.")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran_order else "C")


def _filled(stream: Any, size: int) -> np.ndarray:
    """The next `size` bytes of a stream as uint8, fewer where it ends; in pieces, as zip members copy them."""
    data, done = np.empty(size, np.uint8), 0
    while done < size and (count := stream.readinto(data[done : done + _PIECE])):
        done += count
    return data[:done]


def _checked_header(stream: Any, available: int, where: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    shape, fortran_order, dtype = read_npy_header(stream, where)
    size = math.prod(shape) * dtype.itemsize
    if size < 0 or size > available:
        raise SadvaeError(
            f"{where} claims an array of shape {shape} but holds only {available} bytes; it is truncated."
        )
    return shape, fortran_order, dtype


def read_npy(path: Path) -> np.ndarray:
    """The array of an .npy file, under the same checks as read_arrays."""
    path = Path(path)
    if not path.is_file():
        raise SadvaeError(f"{path} does not exist; expected an .npy file.")
    try:
        with path.open("rb") as stream:
            return read_npy_stream(stream, path.stat().st_size, str(path))
    except (OSError, ValueError, EOFError) as error:
        raise SadvaeError(f"{path} is not a readable .npy file ({error}).") from error


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal. Raises SadvaeError if it cannot be read."""
    path, digest = Path(path), hashlib.sha256()
    try:
        regular_size(path)
        with path.open("rb") as stream:
            while block := stream.read(_PIECE):
                digest.update(block)
    except OSError as error:
        raise SadvaeError(f"{path} cannot be read: {error.strerror or error}.") from error
    return digest.hexdigest()


def hash_arrays(*arrays: np.ndarray) -> str:
    """A sha256 over the shapes, types and bytes of arrays, in hexadecimal."""
    return hash_each(arrays)


def hash_each(arrays: Iterable[np.ndarray]) -> str:
    """As hash_arrays, of arrays that need not be there all at once."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
