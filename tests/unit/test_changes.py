"""`--set` means the same in every verb."""

from __future__ import annotations

from typing import Any

import pytest

from sadvae.cli.changes import changed_settings
from sadvae.encoders.settings import encoder_preset
from sadvae.errors import SadvaeError
from sadvae.settings import PresetSettings
from sadvae.stages import encoder_settings


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


def test_names_with_dots_are_tables_and_those_of_one_table_are_joined() -> None:
    assert changed_settings(["a.b.c=1", "d=2", "a.e = x", "a={f=[3]}"]) == {
        "a": {"b": {"c": 1}, "e": "x", "f": [3]},
        "d": 2,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.b=1", "a.b=2"], "--set gives 'a.b' twice"),
        (["a.b=1", "a={b=2}"], "--set gives 'a.b' twice"),
        (["a=1", "a.b=2"], "--set gives 'a' twice"),
        (["a.b=1", "a=2"], "--set gives 'a' twice"),
        (["a.=1"], "--set takes SETTING=VALUE"),
        ([".a=1"], "--set takes SETTING=VALUE"),
        (["a..b=1"], "--set takes SETTING=VALUE"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(SadvaeError, match=said):
        changed_settings(words)


def test_a_table_of_an_encoder_keeps_what_is_not_changed_in_it() -> None:
    own = encoder_preset("posec3d").heatmaps
    assert own is not None
    for words in (["heatmaps.pixels=16", 'heatmaps.views=["top"]'], ['heatmaps={pixels=16, views=["top"]}']):
        found = encoder_settings(PresetSettings(preset="posec3d", changes=changed_settings(words)))
        assert found.heatmaps == own.model_copy(update={"pixels": 16, "views": ("top",)})
    of_another = PresetSettings(preset="st_gcn", changes={"heatmaps": {"pixels": 16}})
    with pytest.raises(SadvaeError, match="heatmaps are for architecture 'posec3d'"):
        encoder_settings(of_another)
    with pytest.raises(SadvaeError, match="heatmaps takes a table"):
        encoder_settings(PresetSettings(preset="posec3d", changes={"heatmaps": 16}))
    with pytest.raises(SadvaeError, match=r"heatmaps\.size is not known; known are pixels, sigma"):
        encoder_settings(PresetSettings(preset="posec3d", changes={"heatmaps": {"size": 16}}))
