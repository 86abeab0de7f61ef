"""Class embeddings: averages of unit vectors, their cache, arrays from elsewhere, and their file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sadvae.errors import SadvaeError
from sadvae.files import read_arrays, write_arrays
from sadvae.text.embed import (
    class_vector,
    embed_classes,
    hash_texts,
    precomputed_embeddings,
    read_class_embeddings,
    write_class_embeddings,
)
from sadvae.types import ClassEmbeddings, ClassTexts, FloatArray

TEXTS = ClassTexts((4, 9, 2), ("wave", "squat", "run"), (("An arm swings.", "A hand sways."), (), ("Legs go.",)))


class Hashing:
    """A text encoder without a model: the vector of a text is drawn from its hash. Counts its calls."""

    name = "hashing"
    model_hash = "1"

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.calls += 1
        return np.stack([self.vector(text) for text in texts])

    @staticmethod
    def vector(text: str) -> FloatArray:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        return (5 * np.random.default_rng(seed).normal(size=6)).astype(np.float32)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def test_a_class_is_the_mean_of_unit_vectors() -> None:
    found = embed_classes(TEXTS, Hashing(), mode="descriptions")
    first = unit(unit(Hashing.vector("An arm swings.")) + unit(Hashing.vector("A hand sways.")))
    np.testing.assert_allclose(found.vectors[0], first, atol=1e-6)
    np.testing.assert_allclose(found.vectors[2], unit(Hashing.vector("Legs go.")), atol=1e-6)
    assert (found.ids, found.encoder, found.mode) == ((4, 9, 2), "hashing", "descriptions")
    assert found.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)


def test_the_hash_depends_on_texts_and_mode() -> None:
    one = (("a", "b"), ("c",))
    hashes = {
        hash_texts(one, "names"),
        hash_texts(one, "prompts"),
        hash_texts((("a",), ("b", "c")), "names"),
        hash_texts((("b", "a"), ("c",)), "names"),
        hash_texts((("ab",), ("c",)), "names"),
    }
    assert len(hashes) == 5
    assert embed_classes(TEXTS, Hashing(), mode="names").text_hash == hash_texts(
        (("wave",), ("squat",), ("run",)), "names"
    )


def test_the_cache_saves_the_work(tmp_path: Path) -> None:
    encoder = Hashing()
    first = embed_classes(TEXTS, encoder, mode="names", cache=tmp_path / "cache")
    again = embed_classes(TEXTS, encoder, mode="names", cache=tmp_path / "cache")
    assert encoder.calls == 2
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert (first.ids, first.encoder, first.text_hash, first.mode) == (
        again.ids,
        again.encoder,
        again.text_hash,
        again.mode,
    )


def test_the_cache_knows_texts_modes_names_and_weights_apart(tmp_path: Path) -> None:
    encoder = Hashing()
    embed_classes(TEXTS, encoder, mode="names", cache=tmp_path)
    embed_classes(TEXTS, encoder, mode="prompts", cache=tmp_path)
    embed_classes(ClassTexts((0,), ("run",), ((),)), encoder, mode="names", cache=tmp_path)
    encoder.model_hash = "2"
    embed_classes(TEXTS, encoder, mode="names", cache=tmp_path)
    encoder.name = "other"
    assert embed_classes(TEXTS, encoder, mode="names", cache=tmp_path).encoder == "other"
    renumbered = ClassTexts((0, 1, 2), TEXTS.names, TEXTS.descriptions)
    assert embed_classes(renumbered, encoder, mode="names", cache=tmp_path).ids == (0, 1, 2)
    assert encoder.calls == 12


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-30], lambda b: b"x" * len(b)])
def test_a_damaged_cache_file_is_made_again(damage, tmp_path: Path) -> None:
    encoder = Hashing()
    first = embed_classes(TEXTS, encoder, mode="names", cache=tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    np.testing.assert_array_equal(embed_classes(TEXTS, encoder, mode="names", cache=tmp_path).vectors, first.vectors)
    assert encoder.calls == 4
    assert path.read_bytes() == whole


def test_a_class_without_direction_is_refused() -> None:
    with pytest.raises(SadvaeError, match="'wave' is zero"):
        class_vector(np.zeros((1, 3), np.float32), "wave")
    with pytest.raises(SadvaeError, match="'wave' is zero"):
        class_vector(np.array([[1, 0], [-2, 0]], np.float32), "wave")


@given(arrays(np.float32, (3, 4), elements=st.floats(0.125, 100, width=32)), st.permutations(range(3)))
def test_the_order_of_texts_does_not_matter(rows: np.ndarray, order: list[int]) -> None:
    found = class_vector(rows, "a")
    np.testing.assert_allclose(class_vector(rows[order], "a"), found, atol=1e-6)
    assert abs(np.linalg.norm(found) - 1) < 1e-6


def test_vectors_from_an_array(tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=(3, 2, 5))
    np.save(tmp_path / "two.npy", array[:, 0].astype(np.float16))
    np.save(tmp_path / "three.npy", array)
    flat, deep = (precomputed_embeddings(tmp_path / name, TEXTS) for name in ("two.npy", "three.npy"))
    np.testing.assert_allclose(flat.vectors[1], unit(array[1, 0]), atol=2e-3)
    np.testing.assert_allclose(deep.vectors[1], unit(unit(array[1, 0]) + unit(array[1, 1])), atol=1e-6)
    assert (flat.ids, flat.encoder, flat.mode) == ((4, 9, 2), "array two.npy", "")
    assert flat.text_hash != deep.text_hash


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.ones((2, 5)), "vectors of 2 classes; the class list has 3"),
        (np.ones(3), r"shape \(3,\); expected"),
        (np.ones((3, 0)), r"shape \(3, 0\); expected"),
        (np.array([["a"], ["b"], ["c"]]), "expected"),
        (np.ones((3, 4), complex), "complex128"),
        (np.full((3, 4), np.nan), "not finite"),
        (np.zeros((3, 4)), "'wave' is zero"),
    ],
)
def test_faulty_arrays_are_refused(array: np.ndarray, said: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(SadvaeError, match=said):
        precomputed_embeddings(tmp_path / "a.npy", TEXTS)


def test_an_array_of_objects_is_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}, {}, {}], dtype=object), allow_pickle=True)
    with pytest.raises(SadvaeError, match="Python objects"):
        precomputed_embeddings(tmp_path / "a.npy", TEXTS)


printable = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=10)


@given(
    arrays(np.float32, st.tuples(st.integers(0, 4), st.integers(1, 5)), elements=st.floats(-1, 1, width=32)),
    printable,
    printable,
)
def test_the_file_keeps_everything(tmp_path_factory, vectors: FloatArray, encoder: str, mode: str) -> None:
    path = tmp_path_factory.getbasetemp() / "embeddings.npz"
    ids = tuple(range(5, 5 + len(vectors)))
    write_class_embeddings(path, ClassEmbeddings(ids, vectors, encoder, "hash", mode))
    found = read_class_embeddings(path)
    np.testing.assert_array_equal(found.vectors, vectors)
    assert (found.ids, found.encoder, found.text_hash, found.mode) == (ids, encoder, "hash", mode)


def test_a_file_without_a_mode_is_one_of_imported_vectors(tmp_path: Path) -> None:
    write_class_embeddings(tmp_path / "e.npz", embed_classes(TEXTS, Hashing(), mode="names"))
    kept = read_arrays(tmp_path / "e.npz")
    del kept["mode"]
    write_arrays(tmp_path / "e.npz", kept)
    assert read_class_embeddings(tmp_path / "e.npz").mode == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ids": None}, "has no ids"),
        ({"encoder": None}, "has no encoder"),
        ({"ids": np.ones(3)}, "whole numbers"),
        ({"ids": np.ones((3, 1), np.int64)}, "whole numbers"),
        ({"ids": np.zeros(3, np.int64)}, "twice"),
        ({"ids": np.arange(2)}, "2 ids"),
        ({"vectors": np.ones((3, 4), np.int64)}, "floats"),
        ({"vectors": np.full((3, 4), np.inf, np.float32)}, "not finite"),
        ({"encoder": np.array(["a", "b"])}, "expected one text"),
        ({"mode": np.array(3)}, "expected one text"),
        ({"verbs": None}, "verbs and nouns, or neither"),
        ({"verbs": np.ones((3, 5), np.float32)}, "verbs that are not finite numbers of shape"),
        ({"nouns": np.full((3, 6), np.nan, np.float32)}, "nouns that are not finite"),
        ({"nouns": np.ones((3, 6), np.int64)}, "int64 nouns"),
    ],
)
def test_faulty_files_are_refused(change: dict, said: str, tmp_path: Path) -> None:
    path = tmp_path / "e.npz"
    write_class_embeddings(path, embed_classes(TEXTS, Hashing(), mode="names"))
    changed = {name: value for name, value in (read_arrays(path) | change).items() if value is not None}
    write_arrays(path, changed)
    with pytest.raises(SadvaeError, match=said) as caught:
        read_class_embeddings(path)
    assert "\n" not in str(caught.value)


@settings(max_examples=50)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    write_class_embeddings(path, embed_classes(TEXTS, Hashing(), mode="names"))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        found = read_class_embeddings(path)
    except SadvaeError:
        return
    assert len(found.ids) == len(found.vectors)


def test_verbs_and_nouns_are_embedded_kept_and_put_side_by_side(tmp_path: Path) -> None:
    texts = ClassTexts((0, 1), ("throw", "draw circle"), ((), ()))
    made = embed_classes(texts, Hashing(), mode="names")
    write_class_embeddings(tmp_path / "e.npz", made)
    found = read_class_embeddings(tmp_path / "e.npz")
    expected = [[unit(Hashing.vector(word)) for word in ("draw circle", "draw", "circle in the air")]]
    np.testing.assert_allclose(found.of([1], parts=True), np.concatenate(expected, axis=1).reshape(1, -1), atol=1e-6)
    np.testing.assert_array_equal(found.of([1]), made.vectors[1:])


def test_equal_words_are_equal_vectors_and_parts_can_be_left_out() -> None:
    texts = ClassTexts((0, 1), ("draw x", "draw triangle"), ((), ()))
    made = embed_classes(texts, Hashing(), mode="names")
    assert made.verbs is not None
    np.testing.assert_array_equal(made.verbs[0], made.verbs[1])
    assert embed_classes(texts, Hashing(), mode="names", parts=False).verbs is None


def test_files_of_before_verbs_and_nouns_are_read(tmp_path: Path) -> None:
    made = embed_classes(TEXTS, Hashing(), mode="names")
    write_class_embeddings(tmp_path / "e.npz", made)
    arrays = {name: array for name, array in read_arrays(tmp_path / "e.npz").items() if name not in ("verbs", "nouns")}
    write_arrays(tmp_path / "e.npz", arrays)
    old = read_class_embeddings(tmp_path / "e.npz")
    np.testing.assert_array_equal(old.of(TEXTS.ids), made.vectors)
    with pytest.raises(SadvaeError, match=r"\(hashing\) hold no vectors of verbs and nouns"):
        old.of(TEXTS.ids, parts=True)
