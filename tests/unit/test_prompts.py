"""Modes decide which texts stand for a class."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.text.prompts import MODES, TEMPLATES, check_mode, prompts_of, texts_of
from sadvae.types import ClassTexts, duplicates

TEXTS = ClassTexts((7, 3), ("wave", "squat"), (("An arm swings.", "A hand sways."), ()))
words = st.text(min_size=1, max_size=8).filter(str.strip)


def test_names() -> None:
    assert texts_of(TEXTS, "names") == (("wave",), ("squat",))


def test_prompts_are_several_sentences_with_the_name() -> None:
    assert len(TEMPLATES) > 1
    assert texts_of(TEXTS, "prompts") == (prompts_of("wave"), prompts_of("squat"))
    assert all("wave" in prompt for prompt in prompts_of("wave"))
    assert not duplicates(prompts_of("wave"))


def test_descriptions_fall_back_on_the_lexicon_and_then_on_prompts() -> None:
    found = texts_of(TEXTS, "descriptions")
    assert found == (("An arm swings.", "A hand sways."), texts_of(TEXTS, "names+movement")[1])
    assert len(found[1]) > 1
    unknown = ClassTexts((0,), ("xyzzy",), ((),))
    assert texts_of(unknown, "descriptions") == (("xyzzy", *prompts_of("xyzzy")),)


def test_names_and_descriptions() -> None:
    assert texts_of(TEXTS, "names+descriptions") == (("wave", "An arm swings.", "A hand sways."), ("squat",))


def test_a_name_with_braces_is_taken_as_it_is() -> None:
    assert prompts_of("{0} {x}")[0] == "{0} {x}"


def test_an_unknown_mode_lists_the_known_ones() -> None:
    for call in (lambda: check_mode("labels"), lambda: texts_of(TEXTS, "labels")):
        with pytest.raises(SadvaeError, match=r"^unknown text mode 'labels'; expected one of names, prompts, "):
            call()


@given(st.lists(st.tuples(words, st.lists(words, max_size=3)), max_size=4), st.sampled_from(MODES))
def test_every_class_gets_a_text_under_every_mode(classes: list[tuple[str, list[str]]], mode: str) -> None:
    texts = ClassTexts(
        tuple(range(len(classes))), tuple(name for name, _ in classes), tuple(tuple(d) for _, d in classes)
    )
    found = texts_of(texts, mode)
    assert len(found) == len(classes)
    assert all(of_class and all(of_class) for of_class in found)
