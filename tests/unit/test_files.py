"""Files are whole or absent, and never trusted."""

from __future__ import annotations

import errno
import io
import os
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sadvae.errors import SadvaeError
from sadvae.files import (
    atomic,
    atomic_folder,
    read_arrays,
    read_bytes,
    read_json,
    read_npy,
    sha256_of,
    write_arrays,
    write_json,
    write_text,
)
from sadvae.locks import locked
from sadvae.skeleton.mapped import map_npz
from sadvae.skeleton.safe_pickle import read_pickle

SAME_FOLDER = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SAME_FOLDER
@given(
    arrays(st.sampled_from([np.float32, np.int64, np.bool_, "<U5"]), array_shapes(min_dims=0, max_dims=3, min_side=0))
)
def test_arrays_survive_a_round_trip(tmp_path: Path, array: np.ndarray) -> None:
    write_arrays(tmp_path / "a.npz", {"x": array})
    read = read_arrays(tmp_path / "a.npz")["x"]
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


def test_equal_arrays_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        write_arrays(tmp_path / name, {"x": np.arange(5)})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@SAME_FOLDER
@given(st.data())
def test_mutated_files_raise_one_kind_of_error(tmp_path: Path, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=np.arange(20.0), y=np.arange(3))
    raw = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "m.npz"
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    message = ""
    try:
        read = read_arrays(path)
    except SadvaeError as error:
        read, message = {}, str(error)
    assert str(path) in message if message else all(isinstance(a, np.ndarray) for a in read.values())


def test_python_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "o.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(SadvaeError, match="Python objects"):
        read_arrays(tmp_path / "o.npz")


def test_a_header_that_claims_too_much_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(tmp_path / "h.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    (tmp_path / "h.npy").write_bytes(header.getvalue())
    with pytest.raises(SadvaeError, match="claims an array"):
        read_arrays(tmp_path / "h.npz")
    with pytest.raises(SadvaeError, match="claims an array"):
        read_npy(tmp_path / "h.npy")


def write_zeros(path: Path, mebibytes: int, members: int = 1) -> Path:
    """An .npz whose members hold so many mebibytes of zeros each, packed two hundredfold."""
    header = io.BytesIO()
    shape = (mebibytes * 2**20,)
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(members):
            with archive.open(f"x{number}.npy", "w") as member:
                member.write(header.getvalue())
                for _ in range(mebibytes):
                    member.write(bytes(2**20))
    return path


@pytest.mark.parametrize(("mebibytes", "members"), [(260, 1), (52, 5)])
def test_a_small_file_cannot_fill_the_memory(tmp_path: Path, mebibytes: int, members: int) -> None:
    path = write_zeros(tmp_path / "b.npz", mebibytes, members)
    tracemalloc.start()
    for read in (read_arrays, lambda path: map_npz(path, ["x0"])):
        with pytest.raises(SadvaeError, match=r"b\.npz claims \d+ bytes of content; at most 268435456 are read"):
            read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_arrays_of_one_value_are_read_and_take_their_size_once(tmp_path: Path) -> None:
    path = write_zeros(tmp_path / "z.npz", 16)
    assert path.stat().st_size * 200 < 16 * 2**20
    tracemalloc.start()
    read = read_arrays(path)["x0"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (read.nbytes, read.any(), read.flags.writeable) == (16 * 2**20, False, True)
    assert peak < 20 * 2**20


def test_a_stopped_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("old")

    def write_and_stop() -> None:
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_stop()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_stopped_folder_leaves_the_old_folder(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "old").touch()

    def write_and_stop() -> None:
        with atomic_folder(folder, ("old", "new")) as new:
            (new / "new").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_stop()
    assert [p.name for p in folder.iterdir()] == ["old"]
    with atomic_folder(folder, ("old", "new")) as new:
        (new / "new").touch()
    assert [p.name for p in folder.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_with_anything_else_is_not_replaced(tmp_path: Path) -> None:
    photos, file = tmp_path / "photos", tmp_path / "file"
    (photos / "sub").mkdir(parents=True)
    (photos / "known.json").touch()
    (photos / "sub" / "one.jpg").touch()
    file.touch()
    with pytest.raises(SadvaeError, match=r"photos holds sub/one\.jpg, .*would be lost"):
        atomic_folder(photos, ("known.json",)).__enter__()
    with pytest.raises(SadvaeError, match="file is a file, where a folder is to be written"):
        atomic_folder(file, ("known.json",)).__enter__()
    assert (photos / "sub" / "one.jpg").is_file()
    assert file.is_file()
    with atomic_folder(photos, ("known.json", "sub/*.jpg")) as new:
        (new / "known.json").touch()
    assert [p.name for p in photos.iterdir()] == ["known.json"]


def test_the_old_folder_comes_back_where_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, replace = tmp_path / "d", os.replace
    folder.mkdir()
    (folder / "old").touch()

    def refuse_new(source: Path, target: Path) -> None:
        if source.name == "new":
            raise OSError(errno.EACCES, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse_new)
    with pytest.raises(SadvaeError, match="Permission denied"), atomic_folder(folder, ("old", "new")):
        pass
    assert [p.name for p in folder.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("name", [".", "folder"])
def test_a_folder_where_a_file_is_to_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(SadvaeError, match="it is a folder; name a file"):
        write_json(Path(name), {})


@pytest.mark.parametrize("name", ["file/x.json", "x" * 300 + ".json"])
def test_a_place_where_no_file_can_be_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SadvaeError, match="cannot write"):
        write_json(tmp_path / name, {})


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(SadvaeError, match="No space left on device; free space"):
        write_json(tmp_path / "x.json", {"a": 1})
    assert list(tmp_path.iterdir()) == []


def test_text_that_is_not_utf_8_is_one_sentence_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"name": "café"})
    for write in (lambda: write_json(path, {"name": "msr/caf\udce9.txt"}), lambda: write_text(path, "caf\udce9.txt")):
        with pytest.raises(SadvaeError, match=r"caf\\udce9.txt.* is not UTF-8 text; .* rename that"):
            write()
    assert read_json(path) == {"name": "café"}
    assert list(tmp_path.iterdir()) == [path]


def test_missing_and_broken_json(tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match="does not exist"):
        read_json(tmp_path / "no.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(SadvaeError, match="not valid JSON"):
        read_json(tmp_path / "bad.json")


@pytest.mark.parametrize("read", [read_bytes, read_json, sha256_of, read_pickle])
def test_only_regular_files_are_read(read: Callable[[Path], object], tmp_path: Path) -> None:
    """A device may never end (/dev/zero), and a pipe may never begin; this device ends, for the sake of the test."""
    (tmp_path / "link.pkl").symlink_to(os.devnull)
    with pytest.raises(SadvaeError, match=r"link\.pkl is a device or a pipe; .* regular file"):
        read(tmp_path / "link.pkl")
    with pytest.raises(SadvaeError, match="is a folder; expected a file"):
        read(tmp_path)


@pytest.mark.parametrize("read", [read_arrays, lambda path: map_npz(path, ("a",))])
def test_a_file_that_may_not_be_read_is_not_called_truncated(
    read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    write_arrays(tmp_path / "x.npz", {"a": np.zeros(3)})
    monkeypatch.setattr("zipfile.ZipFile", closed)
    with pytest.raises(SadvaeError, match=r"x\.npz may not be read \(Permission denied\); change its permissions"):
        read(tmp_path / "x.npz")


def test_a_file_that_has_more_than_it_says_is_bounded(tmp_path: Path) -> None:
    """Files of /proc say that they are empty; others grow while they are read."""
    path = Path("/proc/self/status")
    assert path.stat().st_size == 0
    with pytest.raises(SadvaeError, match="status has more than 20 bytes"):
        read_bytes(path, 20)
    assert b"VmPeak" in read_bytes(path)
    (tmp_path / "a").write_bytes(b"x" * 20)
    assert read_bytes(tmp_path / "a", 20) == b"x" * 20
    with pytest.raises(SadvaeError, match="a has 20 bytes; at most 19 are read here"):
        read_bytes(tmp_path / "a", 19)


@pytest.mark.parametrize("leave", [True, False])
def test_a_lock_is_held_by_one_at_a_time_and_may_leave_nothing(leave: bool, tmp_path: Path) -> None:
    """A file that is removed by whoever held it is no lock any more for those who waited with it open."""
    path, inside, most = tmp_path / ".lock", list[int](), list[int]()

    def hold(number: int) -> None:
        for _ in range(20):
            with locked(path, leave=leave):
                inside.append(number)
                most.append(len(inside))
                time.sleep(0.001)
                inside.remove(number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(hold, range(4)))
    assert most == [1] * 80
    assert path.exists() == leave
