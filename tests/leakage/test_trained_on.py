"""A trained method is scored on what it was trained on: its data set, its classes, its clips, its kind of texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sadvae.errors import LeakageError, SadvaeError
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.trained_on import TrainedOn, check_scored_on, trained_on
from sadvae.task import ZeroShotTask
from sadvae.types import FeatureSet

NAMES = tuple(f"action {c}" for c in range(20))


def check(before: TrainedOn, now: TrainedOn) -> None:
    check_scored_on(before, now, NAMES, trained=Path("t"), features=Path("f"), texts=Path("e.npz"))


def saw(**changes: object) -> TrainedOn:
    return trained_on("trivial", replace(task(), **changes))


def task() -> ZeroShotTask:
    return replace(trivial_task(), calibration=None)


def test_the_same_data_are_taken_and_other_words_of_the_same_kind() -> None:
    check(saw(), saw())
    classes = replace(task().classes, mode="names")
    check(saw(classes=classes), saw(classes=replace(classes, text_hash="other words")))


def test_a_trained_class_is_never_scored_as_unseen() -> None:
    found = saw()
    swapped = (*found.unseen, *found.seen[1:]), (found.seen[0],)
    other = found.model_copy(update={"seen": swapped[0], "unseen": swapped[1], "split": "other"})
    with pytest.raises(LeakageError, match=rf"t was trained on class {found.seen[0]} \(action 0\), unseen in f"):
        check(found, other)
    fewer = found.model_copy(update={"seen": found.seen[1:], "split": "fewer"})
    with pytest.raises(SadvaeError, match=r"and f has others \(split 'fewer'\); score it on features of its own"):
        check(found, fewer)


def test_test_clips_may_not_have_been_trained() -> None:
    train = task().train
    half = FeatureSet(train.features[::2], train.labels[::2], train.clip_ids[::2], None, None, train.encoder)
    with pytest.raises(LeakageError, match="trained on other clips than f has for training"):
        check(saw(), saw(train=half))
    turned = tuple(np.roll(train.labels, 1).tolist())
    with pytest.raises(LeakageError, match="other clips"):
        check(saw(), saw(train=replace(train, labels=np.array(turned))))


def test_the_order_of_training_clips_does_not_tell_trainings_apart() -> None:
    train = task().train
    rows, names = (train.features[::-1], train.labels[::-1]), train.clip_ids[::-1]
    turned = FeatureSet(*rows, names, None, None, train.encoder)
    assert saw(train=turned) == saw()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dataset": "utd"}, "trained on features of trivial, and f holds features of utd; score it"),
        ({"width": 7}, "holds features of 7; score it on features of the same encoder"),
        ({"text_encoder": "bert"}, r"e\.npz holds vectors of another kind \(bert, imported\)"),
        ({"text_mode": "names"}, r"e\.npz holds vectors of another kind .* names\)"),
        ({"text_hash": "0"}, r"e\.npz holds other imported vectors"),
    ],
)
def test_what_is_not_alike_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(SadvaeError, match=said):
        check(saw(), saw().model_copy(update=change))
