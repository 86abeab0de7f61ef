"""Read pickles without running them: an interpreter of its own for plain containers and NumPy arrays.

Python's unpickler calls what a file names and trusts the sizes that a file claims. This one knows the opcodes of
protocols 0 to 5 that data need, builds None, booleans, numbers, texts, bytes, lists, tuples, dictionaries, and NumPy
arrays and scalars (pickle_numpy.py), and refuses everything else. Arrays are views of the file, which is mapped, so
memory is bounded by the containers: at most MAX_STEPS opcodes are read, and no step takes more than the bytes it has.
Texts of Python 2 come as Latin-1 strings.
"""

from __future__ import annotations

import codecs
import mmap
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sadvae.errors import SadvaeError
from sadvae.files import regular_size
from sadvae.skeleton.pickle_numpy import (
    ArrayStub,
    Refused,
    Token,
    array_from_state,
    called,
    dtype_state,
    known_global,
)

MAX_STEPS = 40_000_000
MAX_KEY = 2**60
LONGEST_LINE = 2**20
_SMALL = 1024


def read_pickle(path: Path) -> Any:
    """The content of a pickle file. Raises SadvaeError if it is missing, damaged or holds more than data."""
    path = Path(path)
    try:
        size = regular_size(path)
        with path.open("rb") as stream:
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    except FileNotFoundError as error:
        raise SadvaeError(f"{path} does not exist; check the path.") from error
    except (OSError, ValueError) as error:
        raise SadvaeError(f"{path} cannot be read: {error}.") from error
    return loads_pickle(data, str(path))


def loads_pickle(data: bytes | mmap.mmap, where: str) -> Any:
    """The content of a pickle's bytes; `where` names them in errors. Raises SadvaeError as read_pickle does."""
    try:
        return _Machine(data).run()
    except Refused as error:
        raise SadvaeError(
            f"{where} is a pickle that {error}; only plain containers and NumPy arrays are read."
        ) from error
    except (IndexError, KeyError, ValueError, OverflowError, struct.error) as error:
        raise SadvaeError(f"{where} is not a readable pickle; it may be truncated or of another kind.") from error


class _Machine:
    """The state of reading one pickle."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        # A view gives parts without copying them, but cannot be searched; what it views can.
        self.data, self.find = memoryview(data), data.find
        self.at = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        # Bytes that may still be copied out of texts: a memoised text must not be copied without end.
        self.copies = len(data) + 2**16

    def run(self) -> Any:
        for _ in range(MAX_STEPS):
            code = self.data[self.at]
            self.at += 1
            if code == 0x2E:
                return self.pop()
            step = _STEPS.get(code)
            if step is None:
                raise Refused(f"uses opcode {code:#04x}")
            step(self)
        raise Refused(f"has more than {MAX_STEPS} steps")

    def take(self, count: int) -> memoryview:
        end = self.at + count
        if not 0 <= count <= len(self.data) - self.at:
            raise IndexError
        found, self.at = self.data[self.at : end], end
        return found

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> bytes:
        # Not to the end, so that a file without line ends is not searched whole.
        end = self.find(b"\n", self.at, self.at + LONGEST_LINE)
        if end < 0:
            raise ValueError
        found = bytes(self.take(end - self.at))
        self.at += 1
        return found

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise IndexError
        return self.stack.pop()

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        found = self.stack[start:]
        del self.stack[start:]
        return found

    def top(self, kind: type) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0) or type(self.stack[-1]) is not kind:
            raise ValueError
        return self.stack[-1]

    def keep(self, place: int) -> None:
        value = self.stack[-1]
        self.memo[place] = value
        if isinstance(value, ArrayStub):
            value.places.append(place)

    def spend(self, count: int) -> None:
        self.copies -= count
        if self.copies < 0:
            raise Refused("copies its texts again and again")


def _mark(m: _Machine) -> None:
    m.marks.append(len(m.stack))


def _pop(m: _Machine) -> None:
    if m.marks and m.marks[-1] == len(m.stack):
        m.marks.pop()
    else:
        m.pop()


def _integer_line(m: _Machine) -> None:
    text = m.line()
    if text in (b"00", b"01"):
        m.push(text == b"01")
    else:
        m.push(_integer(text))


def _integer(text: bytes) -> int:
    if len(text) > 21:
        raise Refused("holds an integer of more than 64 bits")
    return int(text.rstrip(b"L"))


def _long(m: _Machine, form: str) -> None:
    size = m.number(form)
    if size > 9:
        raise Refused("holds an integer of more than 64 bits")
    m.push(int.from_bytes(m.take(size), "little", signed=True))


def _old_text_line(m: _Machine) -> None:
    text = m.line().strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise ValueError
    m.push(codecs.escape_decode(text[1:-1])[0].decode("latin-1"))  # type: ignore[attr-defined]


def _old_text(m: _Machine, form: str) -> None:
    m.push(str(m.take(m.number(form)), "latin-1"))


def _text(m: _Machine, form: str) -> None:
    m.push(str(m.take(m.number(form)), "utf-8", "surrogatepass"))


def _bytes(m: _Machine, form: str) -> None:
    size = m.number(form)
    found = m.take(size)
    m.push(bytes(found) if size <= _SMALL else found)


def _tuple(m: _Machine, count: int) -> None:
    found = [m.pop() for _ in range(count)]
    m.push(tuple(reversed(found)))


def _append(m: _Machine) -> None:
    value = m.pop()
    m.top(list).append(value)


def _appends(m: _Machine) -> None:
    values = m.since_mark()
    m.top(list).extend(values)


def _pairs(values: list[Any]) -> dict[Any, Any]:
    keys = values[::2]
    for key in keys:
        whole = type(key) is int and abs(key) < MAX_KEY
        if not (whole or key is None or type(key) in (str, bool)):
            raise Refused("has a dictionary key that is neither a text nor a whole number")
    return dict(zip(keys, values[1::2], strict=True))


def _setitem(m: _Machine) -> None:
    value, key = m.pop(), m.pop()
    m.top(dict).update(_pairs([key, value]))


def _setitems(m: _Machine) -> None:
    values = m.since_mark()
    m.top(dict).update(_pairs(values))


def _global(m: _Machine) -> None:
    module = m.line().decode("utf-8")
    m.push(known_global(module, m.line().decode("utf-8")))


def _stack_global(m: _Machine) -> None:
    name, module = m.pop(), m.pop()
    if type(name) is not str or type(module) is not str:
        raise ValueError
    m.push(known_global(module, name))


def _reduce(m: _Machine) -> None:
    arguments, function = m.pop(), m.pop()
    if not isinstance(function, Token) or type(arguments) is not tuple:
        raise Refused("calls what is not a function")
    m.push(called(function, arguments, m.spend))


def _build(m: _Machine) -> None:
    state, value = m.pop(), m.pop()
    if isinstance(value, ArrayStub):
        built = array_from_state(state, m.spend)
        for place in value.places:
            m.memo[place] = built
        m.push(built)
    else:
        dtype_state(value, state)
        m.push(value)


def _proto(m: _Machine) -> None:
    if (version := m.number("<B")) > 5:
        raise Refused(f"has protocol {version}")


_STEPS: dict[int, Callable[[_Machine], None]] = {
    ord(code): step
    for code, step in {
        b"(": _mark,
        b"0": _pop,
        b"1": lambda m: (m.since_mark(), None)[1],
        b"2": lambda m: m.push(m.stack[-1]),
        b"F": lambda m: m.push(float(m.line())),
        b"G": lambda m: m.push(m.number(">d")),
        b"I": _integer_line,
        b"J": lambda m: m.push(m.number("<i")),
        b"K": lambda m: m.push(m.number("<B")),
        b"L": lambda m: m.push(_integer(m.line())),
        b"M": lambda m: m.push(m.number("<H")),
        b"N": lambda m: m.push(None),
        b"S": _old_text_line,
        b"T": lambda m: _old_text(m, "<i"),
        b"U": lambda m: _old_text(m, "<B"),
        b"V": lambda m: m.push(str(m.line(), "raw-unicode-escape")),
        b"X": lambda m: _text(m, "<I"),
        b"\x8c": lambda m: _text(m, "<B"),
        b"\x8d": lambda m: _text(m, "<Q"),
        b"B": lambda m: _bytes(m, "<I"),
        b"C": lambda m: _bytes(m, "<B"),
        b"\x8e": lambda m: _bytes(m, "<Q"),
        b"\x96": lambda m: _bytes(m, "<Q"),
        b"]": lambda m: m.push([]),
        b"l": lambda m: m.push(m.since_mark()),
        b"a": _append,
        b"e": _appends,
        b"}": lambda m: m.push({}),
        b"d": lambda m: m.push(_pairs(m.since_mark())),
        b"s": _setitem,
        b"u": _setitems,
        b")": lambda m: m.push(()),
        b"t": lambda m: m.push(tuple(m.since_mark())),
        b"\x85": lambda m: _tuple(m, 1),
        b"\x86": lambda m: _tuple(m, 2),
        b"\x87": lambda m: _tuple(m, 3),
        b"\x88": lambda m: m.push(True),
        b"\x89": lambda m: m.push(False),
        b"\x8a": lambda m: _long(m, "<B"),
        b"\x8b": lambda m: _long(m, "<I"),
        b"g": lambda m: m.push(m.memo[_integer(m.line())]),
        b"h": lambda m: m.push(m.memo[m.number("<B")]),
        b"j": lambda m: m.push(m.memo[m.number("<I")]),
        b"p": lambda m: m.keep(_integer(m.line())),
        b"q": lambda m: m.keep(m.number("<B")),
        b"r": lambda m: m.keep(m.number("<I")),
        b"\x94": lambda m: m.keep(len(m.memo)),
        b"c": _global,
        b"\x93": _stack_global,
        b"R": _reduce,
        b"b": _build,
        b"\x80": _proto,
        b"\x95": lambda m: (m.number("<Q"), None)[1],
    }.items()
}
