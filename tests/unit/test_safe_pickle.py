"""The pickle interpreter against Python's own, and on pickles that would run code, lie about sizes, or grow."""

from __future__ import annotations

import collections
import pickle
import pickletools
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sadvae.errors import SadvaeError
from sadvae.skeleton.pickle_write import write_pickle
from sadvae.skeleton.safe_pickle import loads_pickle, read_pickle

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(-99, 99), inner)
    ),
    max_leaves=12,
)
ARRAYS = hnp.arrays(
    st.sampled_from(["<f2", "<f4", ">f8", "<i8", "|u1", "|b1", "<U3", "|S2"]), hnp.array_shapes(min_dims=0, min_side=0)
)


@settings(max_examples=150, deadline=None)
@given(PLAIN, st.integers(0, 5))
def test_plain_containers_are_those_of_python(value: Any, protocol: int) -> None:
    assert loads_pickle(pickle.dumps(value, protocol), "here") == value


@settings(max_examples=150, deadline=None)
@given(ARRAYS, st.integers(0, 5), st.booleans())
def test_arrays_are_those_of_numpy(array: np.ndarray, protocol: int, columns: bool) -> None:
    given_array = np.asfortranarray(array) if columns else array
    found = loads_pickle(pickle.dumps([given_array, given_array], protocol), "here")
    np.testing.assert_array_equal(found[0], given_array)
    assert found[0].dtype == array.dtype
    assert found[0].shape == given_array.shape
    assert found[0] is found[1]


def test_scalars_and_ordered_dictionaries_are_data() -> None:
    value = collections.OrderedDict(a=np.float32(0.5), b=np.int64(-3))
    for protocol in range(6):
        assert loads_pickle(pickle.dumps(value, protocol), "here") == {"a": 0.5, "b": -3}


def test_pickles_of_python_2_are_read() -> None:
    # What Python 2.7 and its NumPy write for (['S001', 'a'], array([1, 2])) with protocols 0 and 2.
    raw = np.array([1, 2], "<i8").tobytes()
    head = b"\x80\x02]q\x00(U\x04S001q\x01U\x01aq\x02ecnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\n"
    head += b"ndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05"
    state = b"(K\x01K\x02\x85cnumpy\ndtype\nq\x06U\x02i8K\x00K\x01\x87Rq\x07"
    state += b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    two = head + state + b"\x89U\x10" + raw + b"tb\x86."
    names, labels = loads_pickle(two, "here")
    assert names == ["S001", "a"]
    np.testing.assert_array_equal(labels, [1, 2])
    zero = b"(lp0\nS'S001'\np1\naS'it\\'s \\xe9'\np2\naI7\naI01\naL5L\naF0.5\na."
    assert loads_pickle(zero, "here") == ["S001", "it's \xe9", 7, True, 5, 0.5]


class _Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("run",))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pickle.dumps(_Runs()), r"names builtins\.print"),
        (b"cos\nsystem\n(S'true'\ntR.", r"names os\.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", r"names os\.system"),
        (b"(S'true'\nios\nsystem\n.", "uses opcode 0x69"),
        (b"Pname\n.", "uses opcode 0x50"),
        (b"\x97.", "uses opcode 0x97"),
        (b"\x80\x06N.", "protocol 6"),
        (pickle.dumps(np.array([1, "a"], dtype=object)), "type 'O8'"),
        (pickle.dumps(np.zeros(2, [("a", "f4")])), "array of type 'V4'"),
        (pickle.dumps({(1, 2): 3}), "dictionary key"),
        (pickle.dumps({2**61: 3}), "dictionary key"),
        (pickle.dumps(2**80), "more than 64 bits"),
        (pickle.dumps({1, 2}), "uses opcode 0x8f"),
        (b"K\x01K\x02R.", "calls what is not a function"),
        (b"cnumpy\ndtype\n(tR.", "calls dtype in an unknown way"),
        (b"", "not a readable pickle"),
        (b"\x8e" + struct.pack("<Q", 2**60) + b"x.", "not a readable pickle"),
        (b"h\x07.", "not a readable pickle"),
        (b"(((.", "not a readable pickle"),
        (b"U\x05ab.", "not a readable pickle"),
    ],
)
def test_what_is_more_than_data_is_refused(data: bytes, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SadvaeError, match=said) as caught:
        loads_pickle(data, "here.pkl")
    assert str(caught.value).startswith("here.pkl")
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


def test_claims_of_size_take_no_memory() -> None:
    array = pickle.dumps(np.ones((3, 4), np.float32), 2)
    side = next(pos for code, arg, pos in pickletools.genops(array) if code.name == "BININT1" and arg == 3 and pos)
    lying = array[:side] + b"J\xff\xff\xff\x7f" + array[side + 2 :]
    bomb = (
        b"\x80\x03X"
        + struct.pack("<I", 60_000)
        + b"a" * 60_000
        + b"q\x00]("
        + b"c_codecs\nencode\nh\x00X\x06\0\0\0latin1\x86R" * 2000
        + b"e."
    )
    far = b"N" + b"r" + struct.pack("<I", 2**31) + b"."
    tracemalloc.start()
    with pytest.raises(SadvaeError, match="claims an array of shape"):
        loads_pickle(lying, "here")
    with pytest.raises(SadvaeError, match="copies its texts again and again"):
        loads_pickle(bomb, "here")
    assert loads_pickle(far, "here") is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**21


def test_a_line_takes_its_own_bytes_whatever_comes_after_it() -> None:
    data = b"F0.5\n." + bytes(2**21)
    tracemalloc.start()
    assert loads_pickle(data, "here") == 0.5
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**16


@pytest.mark.parametrize(("length", "fits"), [(0, True), (63, True), (2**20 - 1, True), (2**20, False)])
def test_lines_of_up_to_a_mebibyte_are_read(length: int, fits: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"V" + b"a" * length + b"\n.")
    for read in (read_pickle, lambda path: loads_pickle(path.read_bytes(), str(path))):
        if fits:
            assert read(path) == "a" * length
        else:
            with pytest.raises(SadvaeError, match="not a readable pickle"):
                read(path)
    with pytest.raises(SadvaeError, match="not a readable pickle"):
        loads_pickle(b"V" + b"a" * length, "here")


def test_endless_files_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sadvae.skeleton.safe_pickle.MAX_STEPS", 1000)
    with pytest.raises(SadvaeError, match="more than 1000 steps"):
        loads_pickle(b"]" * 2000 + b".", "here")


def test_large_arrays_are_views_of_the_mapped_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(np.arange(50_000.0), 4))
    tracemalloc.start()
    found = read_pickle(path)
    assert tracemalloc.get_traced_memory()[1] < 200_000
    tracemalloc.stop()
    np.testing.assert_array_equal(found, np.arange(50_000.0))
    assert not found.flags.writeable
    with pytest.raises(SadvaeError, match="does not exist"):
        read_pickle(tmp_path / "none.pkl")


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(st.sampled_from(["<f2", "<f4", ">f8", "<i8", "|u1"]), hnp.array_shapes(min_dims=0, min_side=0)))
def test_written_pickles_are_read_by_python_and_name_old_numpy(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.pkl"
    value = {"a": [array, (1, -(2**40), None, True)], "é": "text", "e": {}}
    write_pickle(path, value)
    data = path.read_bytes()
    assert b"numpy._core" not in data
    for found in (pickle.loads(data), read_pickle(path)):
        np.testing.assert_array_equal(found["a"][0], array)
        assert found["a"][1] == (1, -(2**40), None, True)
        assert (found["é"], found["e"]) == ("text", {})
