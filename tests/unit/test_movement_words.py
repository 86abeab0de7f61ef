"""Words of movement: what a text says moves and how, as numbers beside a text encoder's vector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadvae.skeleton.composed import compose
from sadvae.text.embed import embed_classes, with_words
from sadvae.text.movement_words import movement_words, vocabulary, word_vector, words_of
from sadvae.text.prompts import MODES, WORDS, texts_of
from sadvae.types import ClassTexts
from tests.unit.test_embed import Hashing


def used(*texts: str) -> set[str]:
    return {word for word, value in zip(movement_words(), word_vector(texts), strict=True) if value > 0}


def test_the_vocabulary_is_that_of_the_default_composed_movements() -> None:
    assert vocabulary(compose().sentences) == movement_words()
    assert {"up", "down", "left", "right", "overhead", "slowly"} <= set(movement_words())


def test_forms_of_a_word_are_one_word() -> None:
    assert words_of("moves") == words_of("Moving") == words_of("moved") == words_of("move")
    assert words_of("leg") == words_of("legs")
    assert words_of("the hand is up") == {"hand", "up"}


def test_what_does_not_move_says_nothing() -> None:
    assert words_of("Only the right arm moves; the left arm hangs down and the legs stand still.") == words_of(
        "Only the right arm moves."
    )
    assert words_of("A kick while the arms stay in place") == {"kick"}


def test_opposites_have_numbers_of_their_own() -> None:
    up, down = used("The right hand moves up."), used("The right hand moves down.")
    assert up - down == {"up"}
    assert down - up == {"down"}


def test_the_order_and_the_number_of_uses_do_not_matter() -> None:
    np.testing.assert_array_equal(word_vector(["up", "left"]), word_vector(["left up up", "Up!"]))


def test_texts_without_such_words_are_all_zero_and_keep_their_vector() -> None:
    assert not word_vector(["Zebra qua quux.", ""]).any()
    joined = with_words(np.array([[0.6, 0.8]], dtype=np.float32), [("zebra",)])
    np.testing.assert_allclose(joined[0, :2], [0.6, 0.8], atol=1e-7)
    assert not joined[0, 2:].any()


@given(st.lists(st.text(max_size=60), max_size=4))
def test_a_word_vector_is_finite_and_of_length_one_or_zero(texts: list[str]) -> None:
    found = word_vector(texts)
    assert found.dtype == np.float32
    assert found.shape == (len(movement_words()),)
    assert np.linalg.norm(found) == pytest.approx(1 if found.any() else 0, abs=1e-6)


def test_a_mode_with_words_has_both_halves_at_equal_length() -> None:
    texts = ClassTexts((1, 2), ("wave", "squat"), (("The right hand moves up.",), ("Both knees bend.",)))
    plain = embed_classes(texts, Hashing(), mode="descriptions")
    found = embed_classes(texts, Hashing(), mode="descriptions+words")
    width = plain.vectors.shape[1]
    np.testing.assert_allclose(found.vectors[:, :width], plain.vectors / np.sqrt(2), atol=1e-6)
    np.testing.assert_allclose(found.vectors[0, width:], word_vector(texts.descriptions[0]) / np.sqrt(2), atol=1e-6)
    assert found.text_hash != plain.text_hash
    assert found.verbs is not None
    assert found.verbs.shape == found.vectors.shape


def test_every_mode_has_a_twin_with_words_that_reads_the_same_texts() -> None:
    texts = ClassTexts((1, 2), ("wave", "squat"), (("The right hand moves up.",), ()))
    twins = [mode for mode in MODES if mode.endswith(WORDS)]
    assert len(twins) * 2 == len(MODES)
    assert all(texts_of(texts, mode) == texts_of(texts, mode.removesuffix(WORDS)) for mode in twins)
