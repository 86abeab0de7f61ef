"""What a method was trained on, as its folder keeps it, and the refusal to score it on anything else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sadvae.errors import LeakageError, SadvaeError
from sadvae.task import ZeroShotTask


class TrainedOn(BaseModel):
    """The data, classes and texts of a training. Class ids are sorted; width: dimensions of the features.

    clips: a sha256 over names and labels of the training clips. text_mode: "" for vectors that were imported.
    """

    model_config = ConfigDict(frozen=True)

    dataset: str
    split: str
    seen: tuple[int, ...]
    unseen: tuple[int, ...]
    width: int
    clips: str
    text_encoder: str
    text_mode: str
    text_hash: str


def trained_on(dataset: str, task: ZeroShotTask) -> TrainedOn:
    """What a method sees of a task of that data set."""
    clips = sorted(zip(task.train.clip_ids, task.train.labels.tolist(), strict=True))
    return TrainedOn(
        dataset=dataset,
        split=task.split.name,
        seen=tuple(sorted(task.split.seen)),
        unseen=tuple(sorted(task.split.unseen)),
        width=task.train.features.shape[1],
        clips=hashlib.sha256(json.dumps(clips).encode()).hexdigest(),
        text_encoder=task.classes.encoder,
        text_mode=task.classes.mode,
        text_hash=task.classes.text_hash,
    )


def check_scored_on(
    before: TrainedOn, now: TrainedOn, class_names: Sequence[str], *, trained: Path, features: Path, texts: Path
) -> None:
    """Refuse to score what was trained on `before` on `now`; the paths name the three in errors.

    Raises LeakageError where a class that is unseen now was trained, or training clips differ, so that test clips may
    have been trained; SadvaeError for another data set, other features, classes, or texts by another encoder or mode.
    Other texts by the same encoder and mode are taken: other words are what zero-shot recognition is for.
    """
    _check_data(before, now, trained, features)
    _check_classes(before, now, class_names, trained, features)
    _check_texts(before, now, trained, texts)


def _check_data(before: TrainedOn, now: TrainedOn, trained: Path, features: Path) -> None:
    if before.dataset != now.dataset:
        raise SadvaeError(
            f"{trained} was trained on features of {before.dataset}, and {features} holds features of {now.dataset}; "
            "score it on features of the data set that it was trained on."
        )
    if before.width != now.width:
        raise SadvaeError(
            f"{trained} was trained on features of {before.width} dimensions, and {features} holds features of "
            f"{now.width}; score it on features of the same encoder."
        )


def _check_classes(before: TrainedOn, now: TrainedOn, names: Sequence[str], trained: Path, features: Path) -> None:
    remedy = "score it on features of its own split, or train again on these."
    leaked = sorted(set(now.unseen) & set(before.seen))
    if leaked:
        shown = ", ".join(f"{c} ({names[c]})" for c in leaked[:5]) + (", ..." if len(leaked) > 5 else "")
        raise LeakageError(
            f"{trained} was trained on class {shown}, unseen in {features} (split {now.split!r}; trained on "
            f"{before.split!r}); {remedy}"
        )
    if (before.seen, before.unseen) != (now.seen, now.unseen):
        raise SadvaeError(
            f"{trained} was trained on {len(before.seen)} seen classes beside {len(before.unseen)} unseen ones (split "
            f"{before.split!r}), and {features} has others (split {now.split!r}); {remedy}"
        )
    if before.clips != now.clips:
        raise LeakageError(
            f"{trained} was trained on other clips than {features} has for training, so that test clips may be among "
            "them; score it on the features that it was trained on, or train again on these."
        )


def _check_texts(before: TrainedOn, now: TrainedOn, trained: Path, texts: Path) -> None:
    same_kind = (before.text_encoder, before.text_mode) == (now.text_encoder, now.text_mode)
    # Nothing says how imported vectors were made, so that only equal ones are known to be alike.
    if same_kind and (now.text_mode or before.text_hash == now.text_hash):
        return
    found, own = (f"{one.text_encoder}, {one.text_mode or 'imported'}" for one in (now, before))
    other = f"vectors of another kind ({found})" if not same_kind else f"other imported vectors ({found})"
    raise SadvaeError(
        f"{texts} holds {other} than {trained} was trained with ({own}); score it with texts by the same encoder and "
        "mode, or train again with these."
    )
