"""The part of a level's training clips that picks the epoch, and is kept from training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sadvae.errors import LeakageError, SadvaeError
from sadvae.types import ClipSet

FEWEST = 2


@dataclass(frozen=True, eq=False)
class TrainingParts:
    """Clips that train and clips that validate, all of them training clips of one level.

    subjects: the people whose clips validate; empty where single clips do. classes: ids that need training clips even
    where no clip of theirs is here. Raises LeakageError where a clip or one of these people is on both sides,
    SadvaeError where a class keeps too few clips to train on.
    """

    train: ClipSet
    validation: ClipSet
    subjects: tuple[str, ...] = ()
    classes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        both = {clip.clip_id for clip in self.train.clips} & {clip.clip_id for clip in self.validation.clips}
        if both:
            raise LeakageError(f"clip {min(both)!r} both trains and validates; a clip can only do one of them.")
        shared = {clip.subject for clip in self.train.clips} & set(self.subjects)
        if shared:
            raise LeakageError(f"subject {min(map(str, shared))!r} both trains and validates; keep all of them apart.")
        self._check_counts()

    def _check_counts(self) -> None:
        counts = Counter(clip.label for clip in self.train.clips)
        present = {clip.label for clip in (*self.train.clips, *self.validation.clips) if clip.label is not None}
        few = [label for label in sorted({*present, *self.classes}) if counts[label] < FEWEST]
        if few:
            found = "a single training clip" if counts[few[0]] else "no training clip"
            why = f" after {len(self.validation.clips)} clips were kept for validation" if self.validation.clips else ""
            less = "lower validation, " if self.validation.clips else ""
            raise SadvaeError(
                f"class {self.train.class_names[few[0]]!r} has {found}{why}; an encoder needs at least two a class: "
                f"{less}add clips or take the class out of the split."
            )


def training_parts(clips: ClipSet, share: float, classes: Sequence[int] = ()) -> TrainingParts:
    """Keep a share of the training subjects for validation: whole people, at least one, those named last.

    classes: ids that must have training clips. Where a clip names no subject, or there is one person only, every n-th
    clip of a class is kept. share 0: none.
    """
    if not share:
        return TrainingParts(clips, clips.where([False] * len(clips.clips)), (), tuple(classes))
    subjects = _kept_subjects(clips, share)
    kept = [clip.subject in subjects for clip in clips.clips] if subjects else _every_nth(clips, share)
    if not any(kept):
        raise SadvaeError(
            f"validation {share:g} keeps no clip: no class has {_distance(share)} training clips and subjects are "
            "unknown; raise validation, add clips, or set it to 0."
        )
    return TrainingParts(clips.where(not k for k in kept), clips.where(kept), subjects, tuple(classes))


def _kept_subjects(clips: ClipSet, share: float) -> tuple[str, ...]:
    named = [clip.subject for clip in clips.clips if clip.subject is not None]
    present = sorted(set(named), key=lambda subject: (len(subject), subject))
    if len(named) < len(clips.clips) or len(present) < 2:
        return ()
    count = min(max(1, round(share * len(present))), len(present) - 1)
    return tuple(present[-count:])


def _every_nth(clips: ClipSet, share: float) -> list[bool]:
    counts: Counter[int | None] = Counter()
    kept = []
    for clip in clips.clips:
        counts[clip.label] += 1
        kept.append(counts[clip.label] % _distance(share) == 0)
    return kept


def _distance(share: float) -> int:
    return max(2, round(1 / share))
