"""The .mat reader against SciPy, and on damaged files."""

import io
import tracemalloc
import zlib

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sadvae.errors import SadvaeError
from sadvae.mat_file import read_mat_array

LIMIT = 2**20
TYPES = ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4")


def saved(*, compressed: bool = False, **arrays: object) -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, arrays, do_compression=compressed)
    return stream.getvalue()


def read(data: bytes, name: str = "d_skel", limit: int = LIMIT) -> np.ndarray:
    return read_mat_array(data, name, "here.mat", limit)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(TYPES).flatmap(lambda code: hnp.arrays(code, hnp.array_shapes(min_dims=2, max_dims=4, max_side=4))),
    st.booleans(),
)
def test_it_reads_what_scipy_wrote(array: np.ndarray, compressed: bool) -> None:
    data = saved(compressed=compressed, other=np.ones((2, 2)), d_skel=array, text="abc")
    np.testing.assert_array_equal(read(data), scipy.io.loadmat(io.BytesIO(data))["d_skel"].astype(float))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("value", ["text", {"a": 1}, np.array([[1, "a"]], dtype=object), np.ones((2, 2)) * 1j])
def test_what_is_not_a_real_array_is_refused(value: object, compressed: bool) -> None:
    with pytest.raises(SadvaeError, match=r"here\.mat.*'d_skel'"):
        read(saved(compressed=compressed, d_skel=value))


def test_a_missing_array_is_named() -> None:
    with pytest.raises(SadvaeError, match=r"here\.mat holds no numeric array 'd_skel'"):
        read(saved(d_depth=np.ones((2, 2))))


def test_other_versions_of_the_format_are_named() -> None:
    with pytest.raises(SadvaeError, match=r"not a MATLAB level-5 \.mat file"):
        read(b"MATLAB 7.3 MAT-file".ljust(600))


def test_a_small_file_that_unpacks_to_much_is_refused() -> None:
    data = saved(compressed=True, d_skel=np.zeros((1000, 1000)))
    assert len(data) < 50_000
    with pytest.raises(SadvaeError, match="unpacks to more than 1048576 bytes"):
        read(data)


def test_arrays_before_it_count_too() -> None:
    """Each is small enough; a file of many such would take for ever."""
    before = {f"other_{number}": np.zeros((250, 250)) for number in range(3)}
    with pytest.raises(SadvaeError, match="unpacks to more than 1048576 bytes"):
        read(saved(compressed=True, **before, d_skel=np.zeros((10, 10))))
    del before["other_2"]
    assert read(saved(compressed=True, **before, d_skel=np.zeros((10, 10)))).shape == (10, 10)


def test_a_shape_that_the_numbers_do_not_fill_is_refused() -> None:
    data = saved(d_skel=np.ones((4, 6)))
    shape = np.array([4, 6], "<i4").tobytes()
    for wrong in ([4, 7], [-4, -6], [2**30, 2**30]):
        with pytest.raises(SadvaeError, match="claims the shape"):
            read(data.replace(shape, np.array(wrong, "<i4").tobytes()))


def test_a_truncated_file_says_so() -> None:
    for compressed in (False, True):
        data = saved(compressed=compressed, d_skel=np.random.default_rng(0).normal(size=(20, 3)))
        with pytest.raises(SadvaeError, match="truncated"):
            read(data[:-40])


def rebuilt(body: bytes) -> bytes:
    """A file whose packed content is `body`, with a checksum that fits."""
    packed = zlib.compress(body)
    return saved(d_skel=1.0)[:128] + np.array([15, len(packed)], "<u4").tobytes() + packed


def test_elements_without_end_take_no_memory() -> None:
    """A matrix of the right name, then a quarter of a million empty elements: in a packed matrix, and in the file."""
    body = np.array([6, 8, 6, 0, 5, 8, 1, 1, 1, 6], "<u4").tobytes() + b"d_skel\0\0" + bytes(2 * 2**20)
    packed = rebuilt(np.array([14, len(body)], "<u4").tobytes() + body)
    plain = saved(d_skel=1.0)[:128] + bytes(2 * 2**20)
    assert len(packed) < 3000
    tracemalloc.start()
    with pytest.raises(SadvaeError, match="'d_skel' is not an array of real numbers"):
        read(packed, limit=4 * 2**20)
    with pytest.raises(SadvaeError, match="more than 10000 elements"):
        read(plain)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_damaged_bytes_never_give_a_traceback(data: st.DataObject) -> None:
    good = saved(d_skel=np.arange(12.0).reshape(3, 4))
    damaged = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for place, value in data.draw(st.lists(st.tuples(st.integers(126, len(good)), st.integers(0, 255)), max_size=5)):
        damaged[place : place + 1] = bytes([value])
    content = bytes(damaged) if data.draw(st.booleans()) else rebuilt(bytes(damaged[128:]))
    try:
        assert read(content).size <= 12
    except SadvaeError as error:
        message = str(error)
    else:
        return
    assert message.startswith("here.mat")
    assert "\n" not in message
