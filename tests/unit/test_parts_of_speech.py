"""Verb and noun of class names: ours for the built-in lists, a rule for all other names."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadvae.text.class_lists import class_texts, dataset_names
from sadvae.text.parts_of_speech import split_by_rule, verb_and_noun

KNOWN = json.loads((resources.files("sadvae.text") / "data" / "verbs_nouns.json").read_text(encoding="utf-8"))


def test_every_built_in_name_has_its_own_entry_and_nothing_else_has() -> None:
    assert set(KNOWN) == {name for dataset in dataset_names() for name in class_texts(dataset).names}


def test_no_two_classes_of_a_list_share_verb_and_noun() -> None:
    for dataset in dataset_names():
        pairs = [verb_and_noun(name) for name in class_texts(dataset).names]
        assert len(set(pairs)) == len(pairs), dataset


@pytest.mark.parametrize("words", KNOWN.values(), ids=KNOWN.keys())
def test_entries_are_short_plain_words(words: list[str]) -> None:
    assert len(words) == 2
    for part in words:
        assert part.isascii()
        assert part == part.strip().lower()
        assert 1 <= len(part.split()) <= 6


def test_names_are_found_in_any_case() -> None:
    assert verb_and_noun(" Drink Water ") == ("drink", "water from a cup")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fly a kite", ("fly", "kite")),
        ("climb up the stairs (slowly)", ("climb", "stairs")),
        ("dance", ("dance", "body")),
        ("move on", ("move", "body")),
        ("(spin)", ("(spin)", "body")),
        ("Wash Dishes", ("Wash", "Dishes")),
    ],
)
def test_the_rule_for_other_names(name: str, expected: tuple[str, str]) -> None:
    assert verb_and_noun(name) == expected


@given(st.text(min_size=1).filter(str.strip))
def test_the_rule_always_gives_two_words(name: str) -> None:
    verb, noun = split_by_rule(name)
    assert verb.strip()
    assert noun.strip()
