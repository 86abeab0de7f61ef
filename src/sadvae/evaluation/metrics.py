"""Accuracies, curves and errors as pure functions of labels, predictions and probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sadvae.types import FloatArray, IntArray


def accuracy(labels: IntArray, predictions: IntArray) -> float:
    """The share of samples that are right, as a fraction; nan where there is no sample."""
    return float(np.mean(labels == predictions)) if len(labels) else float("nan")


def class_accuracies(labels: IntArray, predictions: IntArray) -> dict[int, float]:
    """The accuracy of each class that occurs in labels, by class id."""
    return {int(c): accuracy(labels[labels == c], predictions[labels == c]) for c in np.unique(labels)}


def class_mean_accuracy(labels: IntArray, predictions: IntArray) -> float:
    """The mean over classes of their accuracies, so that rare classes weigh as much as common ones."""
    values = list(class_accuracies(labels, predictions).values())
    return float(np.mean(values)) if values else float("nan")


def harmonic_mean(seen: float, unseen: float) -> float:
    """H = 2 S U / (S + U); 0 where both are 0."""
    return 2 * seen * unseen / (seen + unseen) if seen + unseen > 0 else 0.0


def confusion(labels: IntArray, predictions: IntArray, ids: tuple[int, ...]) -> list[list[int]]:
    """Counts [true class, predicted class] in the order of ids."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(labels, predictions, labels=list(ids)).astype(int).tolist()


def seen_unseen_curve(
    seen_probability: FloatArray,
    is_seen: NDArray[np.bool_],
    right_if_seen: NDArray[np.bool_],
    right_if_unseen: NDArray[np.bool_],
) -> list[tuple[float, float]]:
    """(S, U) as the threshold on P(seen) moves over all its values, from "all unseen" to "all seen".

    seen_probability: float [n]. is_seen: bool [n], the truth. right_if_seen / right_if_unseen: bool [n], whether the
    class would be right if the clip were sent to the seen / to the unseen classifier. (Chao et al. 2016, AUSUC.)
    """
    order = np.argsort(-seen_probability, kind="stable")
    ranked = seen_probability[order]
    last_of_ties = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1) if len(ranked) else np.array([], int)
    gained = np.concatenate([[0], np.cumsum((is_seen & right_if_seen)[order])[last_of_ties]])
    lost = np.concatenate([[0], np.cumsum((~is_seen & right_if_unseen)[order])[last_of_ties]])
    seen = gained / max(int(is_seen.sum()), 1)
    unseen = (int((~is_seen & right_if_unseen).sum()) - lost) / max(int((~is_seen).sum()), 1)
    return [(float(s), float(u)) for s, u in zip(seen, unseen, strict=True)]


def corners(curve: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The curve without points that draw nothing: repeated ones, and those inside a horizontal or vertical stretch."""
    distinct = [point for before, point in zip([None, *curve], curve, strict=False) if point != before]
    inner = [
        point
        for before, point, after in zip(distinct, distinct[1:], distinct[2:], strict=False)
        if not any(before[axis] == point[axis] == after[axis] for axis in (0, 1))
    ]
    return [*distinct[:1], *inner, *distinct[1:][-1:]]


def curve_area(curve: list[tuple[float, float]]) -> float:
    """The area under the seen-unseen curve."""
    from sklearn.metrics import auc

    points = np.array(curve)
    return float(auc(points[:, 0], points[:, 1])) if len(points) > 1 else 0.0


def gate_auroc(seen_probability: FloatArray, is_seen: NDArray[np.bool_]) -> float:
    """How well P(seen) ranks seen above unseen clips: 0.5 is chance; nan where one side is empty."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(is_seen, seen_probability)) if 0 < is_seen.sum() < len(is_seen) else float("nan")


def expected_calibration_error(probabilities: FloatArray, right: NDArray[np.bool_], bins: int = 10) -> float:
    """The mean gap between confidence and accuracy over equal-width bins, weighted by their counts (Guo et al. 2017).

    probabilities: the probability of the answer given, float [n]. right: bool [n].
    """
    if len(right) == 0:
        return float("nan")
    index = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [
        abs(probabilities[index == b].mean() - right[index == b].mean()) * np.mean(index == b) for b in np.unique(index)
    ]
    return float(np.sum(gaps))
