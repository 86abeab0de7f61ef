"""`--set` means the same in every verb."""

from __future__ import annotations

from typing import Any

import pytest

from sadvae.cli.changes import changed_settings
from sadvae.errors import SadvaeError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20", 20),
        ("1e-3", 1e-3),
        ("true", True),
        ("[0.1, 1]", [0.1, 1]),
        ('"1"', "1"),
        ("{pixels = 12}", {"pixels": 12}),
        ("auto", "auto"),
        ("", ""),
        (".5", ".5"),
        ("1 = 2", "1 = 2"),
        ("1\nother = 2", "1\nother = 2"),
    ],
)
def test_a_value_is_what_an_experiment_file_would_have_and_else_text(text: str, value: Any) -> None:
    assert changed_settings([f"name={text}"]) == {"name": value}


def test_spaces_do_not_count_and_a_name_may_be_given_once() -> None:
    assert changed_settings([" a = 2 ", "b=x"]) == {"a": 2, "b": "x"}
    with pytest.raises(SadvaeError, match=r"^--set gives 'a' twice; give it once\.$"):
        changed_settings(["a=1", "b=x", " a = 1 "])


@pytest.mark.parametrize("word", ["mirror", "=1", " = 1", ""])
def test_a_word_without_name_or_value_is_said(word: str) -> None:
    with pytest.raises(SadvaeError, match="--set takes SETTING=VALUE"):
        changed_settings([word])


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("streams=[joint]", "--set streams: [joint] is no list; "),
        ("streams=['joint'", "--set streams: ['joint' is no list; "),
        ("drops=[1]\nother=2", "is no list; "),
        ("heatmaps={views=[front]}", "--set heatmaps: {views=[front]} is no table; "),
    ],
)
def test_lists_and_tables_that_lost_their_quotes_are_told_where_quotes_go(word: str, said: str) -> None:
    with pytest.raises(SadvaeError) as caught:
        changed_settings([word])
    assert said in str(caught.value)
    shown = str(caught.value).partition("around the whole, for example --set ")[2].rstrip(".")
    assert changed_settings([shown.strip("'")])
