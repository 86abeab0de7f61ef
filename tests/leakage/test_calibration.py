"""Temperatures and the threshold of none of these come from the calibration level alone: test rows are never read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sadvae.evaluation.calibrate import calibrate
from sadvae.evaluation.selection import LastStep, train_levels
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.ridge import RidgeNearestText
from sadvae.task import ZeroShotTask
from sadvae.types import FeatureSet


def poisoned(part: FeatureSet) -> FeatureSet:
    """Other features, labels in another order, misleading logits; the same clips."""
    assert part.seen_logits is not None
    return replace(
        part,
        features=100 - 3 * part.features,
        labels=part.labels[::-1].copy(),
        seen_logits=-50 * part.seen_logits,
    )


def with_other_unseen_texts(task: ZeroShotTask) -> ZeroShotTask:
    vectors = task.classes.vectors.copy()
    rows = [task.classes.ids.index(class_id) for class_id in task.split.unseen]
    vectors[rows] = -vectors[rows][:, ::-1]
    return replace(task, classes=replace(task.classes, vectors=vectors))


def test_calibration_never_reads_a_test_clip_nor_the_text_of_an_unseen_class() -> None:
    task = trivial_task()
    clean = calibrate(train_levels(RidgeNearestText(), task, 0, LastStep()), task)
    bad = replace(task, test_seen=poisoned(task.test_seen), test_unseen=poisoned(task.test_unseen))
    bad = with_other_unseen_texts(bad)
    assert calibrate(train_levels(RidgeNearestText(), bad, 0, LastStep()), bad) == clean


@pytest.mark.parametrize("name", ["test_unseen", "test_seen"])
def test_it_does_read_the_calibration_level_so_poison_works(name: str) -> None:
    task = trivial_task()
    lower = task.calibration
    assert lower is not None
    levels = train_levels(RidgeNearestText(), task, 0, LastStep())
    bad = replace(task, calibration=replace(lower, **{name: poisoned(getattr(lower, name))}))
    assert calibrate(levels, bad) != calibrate(levels, task)
    assert np.isfinite(getattr(lower, name).features).all()
