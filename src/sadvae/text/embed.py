"""Class texts to class embeddings, from a text encoder, a cache or an array; and their file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import hash_arrays, read_arrays, read_npy, write_arrays
from sadvae.text.encoders import TextEncoder
from sadvae.text.movement_words import word_vector
from sadvae.text.parts_of_speech import verb_and_noun
from sadvae.text.prompts import WORDS, texts_of
from sadvae.types import ClassEmbeddings, ClassTexts, FloatArray


def embed_classes(
    texts: ClassTexts, encoder: TextEncoder, *, mode: str, cache: Path | None = None, parts: bool = True
) -> ClassEmbeddings:
    """One unit vector a class: the mean of the unit vectors of its texts, normalised again.

    mode: which texts stand for a class (see prompts.py). parts: with unit vectors of the verb and of the noun of its
    name (see parts_of_speech.py). cache: a folder that keeps the result under a hash of texts, mode, encoder and
    weights; a damaged file in it is made again. Raises SadvaeError for an unknown mode.
    """
    sentences = texts_of(texts, mode)
    text_hash = hash_texts(sentences, mode)
    words = [verb_and_noun(name) for name in texts.names] if parts else []
    path = _cache_path(Path(cache), encoder, f"{text_hash} {words}") if cache is not None else None
    known = _cached(path, texts, text_hash) if path is not None else None
    if known is not None:
        return known
    flat = [sentence for of_class in sentences for sentence in of_class]
    ends = np.cumsum([len(of_class) for of_class in sentences])
    # Composed movements share many sentences; each is encoded once.
    once = {sentence: row for row, sentence in enumerate(dict.fromkeys(flat))}
    rows = np.split(encoder.encode(list(once))[[once[sentence] for sentence in flat]], ends[:-1])
    vectors = np.stack([class_vector(of_class, name) for of_class, name in zip(rows, texts.names, strict=True)])
    verbs, nouns = _part_vectors(words, encoder) if parts else (None, None)
    if mode.endswith(WORDS):
        vectors = with_words(vectors, sentences)
        if verbs is not None and nouns is not None:
            verbs = with_words(verbs, [(verb,) for verb, _ in words])
            nouns = with_words(nouns, [(noun,) for _, noun in words])
    made = ClassEmbeddings(texts.ids, vectors, encoder.name, text_hash, mode, verbs, nouns, texts.names)
    if path is not None:
        write_class_embeddings(path, made)
    return made


def _part_vectors(words: list[tuple[str, str]], encoder: TextEncoder) -> tuple[FloatArray, FloatArray]:
    """Unit vectors of verbs and of nouns [class, d]; each text is encoded once, so equal words are equal vectors."""
    flat = sorted({word for pair in words for word in pair})
    row = {word: class_vector(vector[None], word) for word, vector in zip(flat, encoder.encode(flat), strict=True)}
    return np.stack([row[verb] for verb, _ in words]), np.stack([row[noun] for _, noun in words])


def with_words(vectors: FloatArray, texts: Sequence[Sequence[str]]) -> FloatArray:
    """Unit vectors [class, d] beside the word_vector of each class's texts, as unit vectors [class, d + word]."""
    joined = np.concatenate([vectors, np.stack([word_vector(of_class) for of_class in texts])], axis=1)
    return (joined / np.linalg.norm(joined, axis=1, keepdims=True)).astype(np.float32)


def class_vector(rows: FloatArray, name: str) -> FloatArray:
    """The mean of the unit vectors of `rows` [text, d], normalised: float32 [d]. Raises SadvaeError for a zero vector.

    name: of the class, for the error.
    """
    wide = rows.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    mean = (wide / np.where(norms > 0, norms, 1)).mean(axis=0)
    length = np.linalg.norm(mean)
    if not norms.all() or length < 1e-9:
        raise SadvaeError(
            f"the text vector of class {name!r} is zero, so it has no direction; check its texts or array."
        )
    return (mean / length).astype(np.float32)


def hash_texts(sentences: tuple[tuple[str, ...], ...], mode: str) -> str:
    """A sha256 over the texts of all classes, in order, and their mode, in hexadecimal."""
    return hashlib.sha256(json.dumps([mode, sentences]).encode()).hexdigest()


def precomputed_embeddings(array_path: Path, texts: ClassTexts) -> ClassEmbeddings:
    """Class embeddings from an .npy array of numbers [class, d], or [class, text, d] whose texts are averaged.

    Rows are L2-normalised. Raises SadvaeError if the file is not such an array or has another number of classes.
    """
    array = read_npy(array_path)
    if array.ndim not in (2, 3) or array.dtype.kind not in "fiu" or 0 in array.shape:
        raise SadvaeError(
            f"{array_path} holds {array.dtype} numbers of shape {array.shape}; expected [class, d] or [class, text, d]."
        )
    if len(array) != len(texts.ids):
        raise SadvaeError(f"{array_path} holds vectors of {len(array)} classes; the class list has {len(texts.ids)}.")
    if not np.isfinite(array).all():
        raise SadvaeError(f"{array_path} holds a number that is not finite (NaN or infinity).")
    rows = array[:, None] if array.ndim == 2 else array
    vectors = np.stack([class_vector(of_class, name) for of_class, name in zip(rows, texts.names, strict=True)])
    name = f"array {Path(array_path).name}"
    return ClassEmbeddings(texts.ids, vectors, name, hash_arrays(vectors), names=texts.names)


def write_class_embeddings(path: Path, embeddings: ClassEmbeddings) -> None:
    """Write an embeddings file: .npz with ids, vectors, encoder, text_hash, mode; names, verbs, nouns where known."""
    arrays = {
        "ids": np.array(embeddings.ids, dtype=np.int64),
        "vectors": embeddings.vectors.astype(np.float32),
        "encoder": np.array(embeddings.encoder),
        "text_hash": np.array(embeddings.text_hash),
        "mode": np.array(embeddings.mode),
    }
    if embeddings.verbs is not None and embeddings.nouns is not None:
        arrays |= {"verbs": embeddings.verbs.astype(np.float32), "nouns": embeddings.nouns.astype(np.float32)}
    if embeddings.names:
        arrays["names"] = np.array(embeddings.names, dtype=np.str_)
    write_arrays(Path(path), arrays)


def read_class_embeddings(path: Path) -> ClassEmbeddings:
    """Read an embeddings file. Raises SadvaeError if it is missing, damaged, or lacks an array."""
    arrays = read_arrays(Path(path))
    missing = [name for name in ("ids", "vectors", "encoder", "text_hash") if name not in arrays]
    if missing:
        raise SadvaeError(
            f"{path} is not an embeddings file: it has no {missing[0]}; expected what `sadvae embed` writes."
        )
    ids, vectors = arrays["ids"], arrays["vectors"]
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or vectors.dtype.kind != "f":
        raise SadvaeError(
            f"{path} holds ids of shape {ids.shape} ({ids.dtype}) and {vectors.dtype} vectors; "
            "expected whole numbers [class] and floats [class, d]."
        )
    words = [_text(arrays, name, path) for name in ("encoder", "text_hash", "mode")]
    verbs, nouns = (_part(arrays, name, path) for name in ("verbs", "nouns"))
    known = tuple(int(i) for i in ids)
    names = _names(arrays, path)
    return ClassEmbeddings(known, vectors.astype(np.float32), *words, verbs=verbs, nouns=nouns, names=names)


def _names(arrays: dict[str, np.ndarray], path: Path) -> tuple[str, ...]:
    """The names of the classes; none in files of before they were written."""
    names = arrays.get("names", np.array([], dtype=np.str_))
    if names.ndim != 1 or names.dtype.kind != "U":
        raise SadvaeError(f"{path} holds {names.dtype} names of shape {names.shape}; expected one text a class.")
    return tuple(names.tolist())


def _part(arrays: dict[str, np.ndarray], name: str, path: Path) -> FloatArray | None:
    """Vectors of verbs or nouns; None in files of before they were embedded, and of imported vectors."""
    if name not in arrays:
        return None
    if arrays[name].dtype.kind != "f":
        raise SadvaeError(f"{path} holds {arrays[name].dtype} {name}; expected floats [class, d].")
    return arrays[name].astype(np.float32)


def _text(arrays: dict[str, np.ndarray], name: str, path: Path) -> str:
    value = arrays.get(name, np.array(""))
    if value.size != 1 or value.dtype.kind != "U":
        raise SadvaeError(f"{path} holds {value.dtype} of shape {value.shape} as {name}; expected one text.")
    return str(value.reshape(-1)[0])


def _cache_path(cache: Path, encoder: TextEncoder, text_hash: str) -> Path:
    key = hashlib.sha256(f"{text_hash} {encoder.name} {encoder.model_hash}".encode()).hexdigest()
    return cache / f"{key[:32]}.npz"


def _cached(path: Path, texts: ClassTexts, text_hash: str) -> ClassEmbeddings | None:
    """What the cache holds for these texts; None where it holds nothing usable."""
    if not path.is_file():
        return None
    try:
        found = read_class_embeddings(path)
    except SadvaeError:
        return None
    # The same texts may be known by other names, and files of before there were names have none.
    return replace(found, names=texts.names) if (found.ids, found.text_hash) == (texts.ids, text_hash) else None
