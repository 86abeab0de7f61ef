"""How far a bench is, and processes that end in every way."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadvae.bench.processes import run_units
from sadvae.bench.tally import Tally

STEPS = st.tuples(
    st.sampled_from("abc"), st.sampled_from(["prepare", "pretrain", "train"]), st.integers(0, 9), st.integers(0, 9)
)


@given(st.lists(STEPS))
def test_a_share_never_falls_and_never_passes_the_whole(steps: list[tuple[str, str, int, int]]) -> None:
    tally, before = Tally(3), 0.0
    for run, stage, done, total in steps:
        tally.step(run, stage, done, total)
        assert before <= tally.share <= 1
        before = tally.share
    for run in "abc":
        tally.end(run)
        assert tally.share >= before - 1e-9
        before = tally.share
    assert tally.share == 1


def test_the_time_left() -> None:
    tally = Tally(4)
    tally.start(100.0)
    assert tally.seconds_left(160.0) is None
    tally.end("a")
    assert tally.seconds_left(160.0) == pytest.approx(180)
    tally.step("b", "pretrain", 1, 1)
    assert tally.seconds_left(160.0) == pytest.approx(60 * (4 - 1.85) / 1.85)
    assert Tally(0).seconds_left(1.0) == 0


def work(unit: str, tell: Any) -> None:
    tell(f"{unit} begins")
    if unit == "exit":
        sys.exit(3)
    if unit == "die":
        os._exit(9)
    tell(f"{unit} ends")


def test_a_unit_that_dies_does_not_end_the_others() -> None:
    heard: list[tuple[str, str]] = []
    codes: dict[str, int] = {}
    run_units(
        ["a", "die", "exit", "b"], 2, work, lambda *n: heard.append(n), lambda unit, code: codes.update({unit: code})
    )
    assert codes == {"a": 0, "die": 9, "exit": 3, "b": 0}
    for unit in ("a", "b"):
        assert [text for name, text in heard if name == unit] == [f"{unit} begins", f"{unit} ends"]
    assert ("exit", "exit begins") in heard
