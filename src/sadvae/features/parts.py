"""Parts of published feature files, checked: features, labels and logits of one part, and a test level of three."""

from __future__ import annotations

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.features.folder import FeatureLevel
from sadvae.types import ClassSplit, FeatureSet, FloatArray, IntArray

_MOST_CLASSES = 1_000_000


def feature_part(
    x: np.ndarray, y: np.ndarray, where: tuple[str, str], stem: str, class_count: int, logits: np.ndarray | None = None
) -> FeatureSet:
    """A feature set of arrays x [clip, d] and y [clip] (0-based ids), clips named STEM/0, STEM/1 and so on.

    where: of x and of y, for sentences. Raises SadvaeError where they are of another form or do not fit.
    """
    at_x, at_y = where
    if x.ndim != 2 or not np.issubdtype(x.dtype, np.floating):
        raise SadvaeError(f"{at_x} holds {x.dtype}{list(x.shape)}; expected float features [clip, d].")
    if y.shape != (len(x),) or not np.issubdtype(y.dtype, np.number):
        raise SadvaeError(
            f"{at_y} holds {y.dtype}{list(y.shape)}; expected {len(x)} labels, one per row of the features."
        )
    labels = class_ids(y, at_y)
    beyond = first_beyond(labels, class_count)
    if beyond is not None:
        raise SadvaeError(f"{at_y} holds label {beyond}; expected 0-based ids below {class_count}.")
    if not np.isfinite(x).all():
        raise SadvaeError(f"{at_x} holds a number that is not finite (NaN or infinity); export it again.")
    names = tuple(f"{stem}/{i}" for i in range(len(x)))
    with np.errstate(over="ignore", invalid="ignore"):
        small = x.astype(np.float32)
        raw = None if logits is None else logits.astype(np.float32)
    return FeatureSet(small, labels, names, None, raw, None, stem)


def first_beyond(ids: np.ndarray, class_count: int) -> int | None:
    """The first of some whole numbers that is no 0-based id of that many classes; None where all are."""
    beyond = ids[(ids < 0) | (ids >= class_count)]
    return int(beyond[0]) if len(beyond) else None


def class_ids(y: np.ndarray, where: str) -> IntArray:
    """Labels as int64. Raises SadvaeError if they are not whole numbers of a usual size."""
    # Damaged files hold bit patterns that even a comparison complains of.
    with np.errstate(invalid="ignore"):
        numbers = y.astype(np.float64) if y.dtype.kind in "iuf" else np.full(1, np.nan)
        whole = (np.abs(numbers) < _MOST_CLASSES).all() and (numbers == np.floor(numbers)).all()
    if not whole:
        raise SadvaeError(f"{where} holds labels that are not whole class ids.")
    return y.astype(np.int64)


def rows(part: FeatureSet, keep: np.ndarray) -> FeatureSet:
    """The clips of a part for which keep [clip] is true."""
    ids = tuple(name for name, kept in zip(part.clip_ids, keep, strict=True) if kept)
    logits = None if part.seen_logits is None else part.seen_logits[keep]
    return FeatureSet(part.features[keep], part.labels[keep], ids, None, logits, part.encoder, part.provenance)


def level_of_parts(
    split: ClassSplit, train: FeatureSet, unseen: FeatureSet, every: FeatureSet, where: str, names: tuple[str, str]
) -> FeatureLevel:
    """The test level of published parts: training clips, unseen test clips, and all test clips (which repeat them).

    names: of the last two, for sentences. Raises SadvaeError where the unseen clips of both differ.
    """
    is_unseen = np.isin(every.labels, split.unseen)
    if not np.array_equal(_sorted_rows(every.features[is_unseen]), _sorted_rows(unseen.features)):
        raise SadvaeError(
            f"{where}: the {int(is_unseen.sum())} unseen clips of {names[1]} are not the {len(unseen.labels)} of "
            f"{names[0]}; take both files from one release."
        )
    return FeatureLevel(split, train, rows(every, ~is_unseen), rows(every, is_unseen), ("unknown_encoder",))


def every_test_clip(level: FeatureLevel) -> tuple[FloatArray, IntArray, FloatArray | None]:
    """Features, labels and logits of all test clips, seen and unseen, as published files keep them together.

    They come in the order in which they were read from such a file (their names end in their numbers), or else the
    seen ones first.
    """
    parts = (level.test_seen, level.test_unseen)
    order = _published_order((*parts[0].clip_ids, *parts[1].clip_ids))
    logits = [part.seen_logits for part in parts if part.seen_logits is not None]
    return (
        np.concatenate([part.features for part in parts])[order],
        np.concatenate([part.labels for part in parts])[order],
        np.concatenate(logits)[order] if len(logits) == len(parts) else None,
    )


def _published_order(names: tuple[str, ...]) -> np.ndarray:
    stems, numbers = zip(*(name.rpartition("/")[::2] for name in names), strict=True) if names else ((), ())
    if len(set(stems)) == 1 and set(numbers) == {str(i) for i in range(len(names))}:
        return np.argsort([int(number) for number in numbers])
    return np.arange(len(names))


def _sorted_rows(features: FloatArray | IntArray) -> np.ndarray:
    return features[np.lexsort(features.T)] if features.size else features
