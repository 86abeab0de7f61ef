"""The few names that pickles of NumPy arrays use, as tokens, and what calling them gives."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Spend = Callable[[int], None]

_DTYPE = re.compile(r"[<>=|]?(b1|[iu][1248]|f[248]|[SU]\d{1,5})")
_LARGEST_SIDE = 2**40
_MOST_SIDES = 8


class Refused(Exception):  # noqa: N818
    """What a pickle does that is not done here, as the end of a sentence."""


@dataclass(frozen=True)
class Token:
    """A name in a pickle that stands for a function or type: array, ndarray, dtype, scalar, buffer, encode, ..."""

    name: str


@dataclass(eq=False)
class ArrayStub:
    """An array whose content is still to come, and the places of the memo that refer to it."""

    places: list[int] = field(default_factory=list)


@dataclass(eq=False)
class DtypeStub:
    """A dtype whose byte order is still to come."""

    dtype: np.dtype


_GLOBALS = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",
    ("collections", "OrderedDict"): "dict",
    **{
        (f"numpy.{core}.{module}", name): token
        for core in ("core", "_core")
        for module, name, token in (
            ("multiarray", "_reconstruct", "array"),
            ("multiarray", "scalar", "scalar"),
            ("numeric", "_frombuffer", "buffer"),
        )
    },
    **{(module, kind): "bytes" for module in ("builtins", "__builtin__") for kind in ("bytes", "bytearray")},
}


def known_global(module: str, name: str) -> Token:
    """The token of a name. Refused if it is none of those that arrays use."""
    if (module, name) not in _GLOBALS:
        raise Refused(f"names {ascii(f'{module[:60]}.{name[:60]}')[1:-1]}")
    return Token(_GLOBALS[module, name])


def called(token: Token, arguments: tuple[Any, ...], spend: Spend) -> Any:
    """What a pickle's call gives. Refused for a call that NumPy and Python do not write themselves."""
    match token.name, arguments:
        case "array", (Token("ndarray"), tuple(), bytes() | str()):
            return ArrayStub()
        case "dtype", (str() as code, *_):
            return DtypeStub(_dtype(code))
        case "scalar", (DtypeStub() as kind, raw):
            return _array(kind, (1,), raw, "C", spend)[0]
        case "buffer", (raw, DtypeStub() as kind, tuple() as shape, "C" | "F" as order):
            return _array(kind, shape, raw, order, spend)
        case "encode", (str() as text, "latin1" | "latin-1"):
            spend(len(text))
            return text.encode("latin-1")
        case "bytes", ():
            return b""
        case "bytes", (bytes() | memoryview() as raw,):
            return raw
        case "dict", ():
            return {}
        case _:
            raise Refused(f"calls {token.name} in an unknown way")


def dtype_state(value: Any, state: Any) -> None:
    """Give a dtype its byte order from its pickled state. Refused for fields, sub-arrays and other objects."""
    match value, state:
        case DtypeStub(), (int(), "<" | ">" | "|" | "=" as order, None, None, None, *_):
            value.dtype = value.dtype if order == "|" else value.dtype.newbyteorder(order)
        case _:
            raise Refused("holds an object, or an array of records")


def array_from_state(state: Any, spend: Spend) -> np.ndarray:
    """The array of a pickled state (version, shape, dtype, column order, bytes). Refused for anything else."""
    match state:
        case (int(), tuple() as shape, DtypeStub() as kind, bool() | int() as columns, raw):
            return _array(kind, shape, raw, "F" if columns else "C", spend)
        case _:
            raise Refused("holds an array of an unknown form")


def _dtype(code: str) -> np.dtype:
    if not _DTYPE.fullmatch(code):
        raise Refused(f"holds an array of type {code[:20]!r}")
    return np.dtype(code)


def _array(kind: DtypeStub, shape: tuple[Any, ...], raw: Any, order: str, spend: Spend) -> np.ndarray:
    if isinstance(raw, str):
        spend(len(raw))
        raw = raw.encode("latin-1")
    sides = len(shape) <= _MOST_SIDES and all(type(side) is int and 0 <= side <= _LARGEST_SIDE for side in shape)
    if not sides or not isinstance(raw, bytes | memoryview) or not kind.dtype.itemsize:
        raise Refused("holds an array of an unknown form")
    if math.prod(shape) * kind.dtype.itemsize != len(raw):
        raise Refused(f"claims an array of shape {shape} in {len(raw)} bytes")
    return np.frombuffer(raw, kind.dtype).reshape(shape, order="F" if order == "F" else "C")
