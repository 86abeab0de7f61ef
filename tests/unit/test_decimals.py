"""Numbers parsed many at once are the ones that float() gives, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sadvae.skeleton.decimals import REACH, parse_decimals

USUAL = st.tuples(
    st.sampled_from(["", "-"]), st.integers(0, 9), st.text(st.sampled_from("0123456789"), min_size=1, max_size=16)
).map(lambda parts: f"{parts[0]}{parts[1]}.{parts[2]}")
OTHER = st.floats(allow_nan=False).map(repr) | st.integers(-(10**20), 10**20).map(str) | st.sampled_from(["+1.5", ".5"])


def parse(words: list[str]) -> np.ndarray:
    text = (" " * REACH + " ".join(words) + " ").encode()
    gaps = np.array([i for i, character in enumerate(text) if character == 32 and i >= REACH - 1])
    return parse_decimals(text, gaps[:-1] + 1, gaps[1:])


@settings(max_examples=500, deadline=None)
@given(st.lists(USUAL | OTHER, min_size=1, max_size=12))
@example(["-0.0", "0.0", "9.99999999999999", "0.00000000000001", "1.0000000000000002", "5e-324", "-1.25e-05"])
def test_every_number_is_what_float_says(words: list[str]) -> None:
    expected = np.array([float(word) for word in words])
    assert parse(words).tobytes() == expected.tobytes()


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20))
@example("1.2.3")
@example("1./3")
@example("1.:3")
@example("-.5-")
@example("1.00000000x")
@example("1.x00000000")
def test_what_float_refuses_is_refused(word: str) -> None:
    try:
        expected = float(word)
    except ValueError:
        with pytest.raises(ValueError):
            parse(["0.5", word])
        return
    np.testing.assert_array_equal(parse(["0.5", word]), [0.5, expected])
