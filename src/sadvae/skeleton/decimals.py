"""Decimal numbers in text as float64, many at once: eight digits are added up in one 64-bit word.

A number of the usual form, `[-]D.DDDD` with one digit before the point and at most 15 in all, is digits / 10^n, both
exact in float64, so its quotient is the nearest float64, as float() gives it (Clinger, PLDI 1990). Digits of a word are
joined in pairs, fours and eights by three multiplications. Numbers of any other form go to float() one by one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MINUS, POINT, ZERO = 45, 46, 48
# Digits behind the point that the fast way takes; with the one before it they stay below 2**53.
MOST_DIGITS = 14
# The fast way looks at the 16 bytes before the end of a number.
REACH = 16
_ZEROS = np.uint64(0x3030303030303030)
# For n digits at the end of an 8-byte little-endian word: a mask of their bytes, n = 0 to 8.
_KEEP = np.array([(2**64 - 1) ^ (2 ** (64 - 8 * n) - 1) for n in range(9)], np.uint64)
_FILL = ~_KEEP & _ZEROS
_SIGNS = np.array([1.0, -1.0])
_TENS = np.array([float(10**n) for n in range(MOST_DIGITS + 1)])


def parse_decimals(data: bytes, begins: Ints, ends: Ints) -> NDArray[np.float64]:
    """The numbers in the bytes [begin, end) of ASCII text, as float() reads them: float64 [number].

    No byte of a number may be missing from the text, and the first number must end at REACH or later.
    Raises ValueError where one is not a number.
    """
    text = np.frombuffer(data, np.uint8)
    negative = (text[begins] == MINUS).astype(np.int64)
    first = begins + negative
    digits = ends - first
    digits -= 2
    np.minimum(first, len(data) - 2, out=first)
    unit = text[first] - np.uint8(ZERO)
    usual = (digits >= 1) & (digits <= MOST_DIGITS) & (unit < 10)
    usual &= text[first + 1] == POINT
    digits[~usual] = 0
    scale = _TENS[digits]
    values, good = _eight_digits(_words(data, ends - 8), np.minimum(digits, 8))
    values += unit.astype(np.float64) * scale
    long = np.flatnonzero(digits > 8)
    high, good_too = _eight_digits(_words(data, ends[long] - 16), digits[long] - 8)
    values[long] += 1e8 * high
    good[long] &= good_too
    usual &= good
    values /= scale
    values *= _SIGNS[negative]
    for row in np.flatnonzero(~usual).tolist():
        values[row] = float(data[begins[row] : ends[row]])
    return values


def _words(data: bytes, places: Ints) -> NDArray[np.uint64]:
    """The 8 bytes from each place on, the first one lowest."""
    return np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))[places]


def _eight_digits(word: NDArray[np.uint64], digits: Ints) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The number that the last `digits` characters of each word are, and whether they are digits at all."""
    word &= _KEEP[digits]
    word |= _FILL[digits]
    # A digit is 0x30 to 0x39: its upper half is 3, and still is when 6 is added.
    upper = np.uint64(0xF0F0F0F0F0F0F0F0)
    raised = word + np.uint64(0x0606060606060606)
    raised &= upper
    raised >>= np.uint64(4)
    raised |= word & upper
    good = raised == np.uint64(0x3333333333333333)
    word -= _ZEROS
    word = word * np.uint64(10) + (word >> np.uint64(8))
    pairs = np.uint64(0x000000FF000000FF)
    high = (word & pairs) * np.uint64(0x000F424000000064)
    low = ((word >> np.uint64(16)) & pairs) * np.uint64(0x0000271000000001)
    return ((high + low) >> np.uint64(32)).astype(np.float64), good
