"""What a recogniser remembers beside its weights: how it reads clips and names, and where it comes from."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from sadvae.record import Evaluation, RunRecord
from sadvae.skeleton.recipe import PrepareSettings


class Origin(BaseModel):
    """The training that made a recogniser, as its model card tells it; what is not known is empty.

    unseen: names of the classes that were tested without examples. more: data sets that trained beside the one that
    tested. evaluation: the scores on test clips, without curve
    and confusion. counts: clips by part. allow: leakage that was accepted knowingly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiment: str = ""
    split: str = ""
    seed: int | None = None
    train_subjects: str = ""
    selection: str = ""
    unseen: tuple[str, ...] = ()
    evaluation: Evaluation | None = None
    counts: dict[str, int] = {}
    allow: tuple[str, ...] = ()
    data_hashes: dict[str, str] = {}
    versions: dict[str, str] = {}
    git_revision: str | None = None
    more: tuple[str, ...] = ()


class RecognizerConfig(BaseModel):
    """Classes that were trained, preparation, text settings, and origin.

    layouts: names of the skeleton layouts that trained it, mapped to its own; clips of these are mapped unasked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    class_names: tuple[str, ...]
    seen: tuple[int, ...]
    prepare: PrepareSettings
    text_encoder: str
    text_mode: str
    version: str
    record: Origin = Origin()
    layouts: tuple[str, ...] = ()

    @field_validator("seen")
    @classmethod
    def _among_the_classes(cls, seen: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        count = len(info.data.get("class_names", ()))
        stray = [c for c in seen if not 0 <= c < count]
        if stray:
            raise ValueError(f"seen names class {stray[0]}, and there are classes 0 to {count - 1}")
        if not seen:
            raise ValueError("seen names no class, and there is one at least that was trained")
        return seen

    @property
    def seen_names(self) -> tuple[str, ...]:
        """The names of the trained classes."""
        return tuple(self.class_names[c] for c in self.seen)


def origin_of(record: RunRecord) -> Origin:
    """What a run record says of the recogniser of its main method."""
    data: dict[str, Any] = record.settings.get("data", {})
    return Origin(
        experiment=record.name,
        split=record.split,
        seed=record.seed,
        train_subjects=str(data.get("train_subjects", "")),
        selection=record.selection,
        unseen=tuple(record.class_names[c] for c in record.unseen),
        evaluation=without_details(record.evaluations[0]),
        counts=record.counts,
        allow=tuple(record.allow),
        data_hashes=record.data_hashes,
        versions=record.versions,
        git_revision=record.git_revision,
        more=tuple(str(part["dataset"]) for part in data.get("more", [])),
    )


def without_details(evaluation: Evaluation) -> Evaluation:
    """An evaluation without curve, classes and confusion."""
    return evaluation.model_copy(update={"curve": [], "classes": [], "confusion_ids": [], "confusion": []})
