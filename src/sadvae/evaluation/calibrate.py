"""Fit temperatures and the fit of names on the calibration level alone: no test clip, no unseen class is looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sadvae.evaluation.metrics import expected_calibration_error
from sadvae.evaluation.selection import TrainedLevels
from sadvae.methods.calibration import (
    Calibration,
    Fit,
    Temperature,
    fit_of,
    fit_scores,
    fit_temperature,
    logits_of,
    tempered,
)
from sadvae.methods.protocol import Trained, class_vectors
from sadvae.task import ZeroShotTask
from sadvae.types import IntArray


def calibrate(levels: TrainedLevels, task: ZeroShotTask) -> Calibration | None:
    """The calibration of a trained method, from task.calibration; None where there is no calibration level.

    Held-out classes stand in for new names, seen clips of held-out subjects for trained classes.
    """
    lower, trained = task.calibration, levels.calibration
    if lower is None or trained is None:
        return None
    return Calibration(
        unseen=_unseen_temperature(trained, lower),
        seen=_seen_temperature(lower),
        fit=_fit(trained, lower),
    )


def _unseen_temperature(trained: Trained, lower: ZeroShotTask) -> Temperature | None:
    part, ids = lower.test_unseen, lower.split.unseen
    if not len(part.labels) or len(ids) < 2:
        return None
    texts = class_vectors(trained, lower.classes, ids)
    logits = logits_of(trained.unseen_probabilities(part.features, texts))
    # A text that misleads does so for all clips of its class, so that classes are what counts as evidence.
    return _temperature(logits, _columns(part.labels, ids), evidence=len(np.unique(part.labels)))


def _seen_temperature(lower: ZeroShotTask) -> Temperature | None:
    part, ids = lower.test_seen, lower.split.seen
    if part.seen_logits is None or not len(part.labels) or len(ids) < 2:
        return None
    logits = part.seen_logits[:, list(ids)].astype(np.float64)
    return _temperature(logits, _columns(part.labels, ids), evidence=len(part.labels))


def _temperature(logits: NDArray[np.float64], columns: IntArray, evidence: int) -> Temperature:
    value = fit_temperature(logits, columns, evidence)
    before, after = (_error(logits, columns, temperature) for temperature in (1.0, value))
    return Temperature(value=value, error_before=before, error_after=after, clips=len(columns))


def _error(logits: NDArray[np.float64], columns: IntArray, temperature: float) -> float:
    probabilities = tempered(logits, temperature)
    return expected_calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == columns)


def _fit(trained: Trained, lower: ZeroShotTask) -> Fit | None:
    """Fitted on clips asked about names with theirs among them, and about names without.

    A name fits a clip of a held-out class that is asked about all held-out classes, or about its own alone. None fits
    where its own is left out, where another one is asked about alone, and none fits clips of seen classes.
    """
    names, known = lower.split.unseen, lower.split.seen
    if len(names) < 2 or not len(lower.test_unseen.labels) or not len(lower.test_seen.labels):
        return None
    texts = class_vectors(trained, lower.classes, (*names, *known))
    new, old = (
        logits_of(trained.unseen_probabilities(part.features, texts)) for part in (lower.test_unseen, lower.test_seen)
    )
    own = _columns(lower.test_unseen.labels, names)
    of_names, of_known, rows = new[:, : len(names)], new[:, len(names) :], np.arange(len(new))
    others = of_names.copy()
    others[rows, own] = -np.inf
    alone, another = (of_names[rows, column][:, None] for column in (own, (own + 1) % len(names)))
    hits = [fit_scores(asked, of_known) for asked in (of_names, alone)]
    misses = [fit_scores(asked, of_known) for asked in (others, another)]
    misses.append(fit_scores(old[:, : len(names)], old[:, len(names) :]))
    return fit_of(np.concatenate(misses), np.concatenate(hits))


def _columns(labels: IntArray, ids: tuple[int, ...]) -> IntArray:
    """For each label, its position in ids."""
    return np.array([ids.index(label) for label in labels.tolist()], dtype=np.int64)
