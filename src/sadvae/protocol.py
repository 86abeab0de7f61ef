"""Divide clips into the levels of a split: who trains, who tests, and the same thing one level down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from sadvae.errors import SadvaeError, located
from sadvae.files import read_bytes
from sadvae.sensor_names import CLIP_RULES, SUBJECT_RULES, listed_videos, trains
from sadvae.task import Allowance, ClipTask
from sadvae.types import AllSeen, ClassSplit, ClipSet, SkeletonClip, first_names

UnseenFrom = Literal["held_out_subjects", "training_subjects"]


def training_subjects(rule: str, clips: ClipSet) -> frozenset[str]:
    """The subjects that train.

    rule: "odd", "even", "ntu60-xsub", "ntu120-xsub", or names separated by commas.
    Raises SadvaeError where a clip has no subject or a named one does not occur.
    """
    missing = next((clip.clip_id for clip in clips.clips if clip.subject is None), None)
    if missing is not None:
        raise SadvaeError(
            f"clip {missing!r} names no subject; give subjects, or divide by clips with train_subjects = 'clips'."
        )
    present = {clip.subject for clip in clips.clips if clip.subject is not None}
    if rule in ("odd", "even"):
        return frozenset(s for s in present if _number(s) % 2 == (rule == "odd"))
    named = SUBJECT_RULES.get(rule, frozenset(name.strip() for name in rule.split(",")))
    stray = sorted(named - present)
    if stray and rule not in SUBJECT_RULES:
        raise SadvaeError(
            f"training subject {stray[0]!r} does not occur in {clips.dataset}; it has {', '.join(sorted(present))}."
        )
    return named & present


def _number(subject: str) -> int:
    digits = re.findall(r"\d+", subject)
    if not digits:
        raise SadvaeError(
            f"subject {subject!r} has no number, so it is neither odd nor even; name the training subjects."
        )
    return int(digits[-1])


def name_in(dataset: str, own: str) -> str:
    """The name of a clip or a subject of one data set among those of several."""
    return f"{dataset}:{own}"


class Joined(BaseModel):
    """How clips of several data sets are divided: those of the first test, those of the others only train.

    rules: (data set, which of its clips train; see divide) of each, the one that tests first. own: how many classes
    are of the first. aside: classes of the others that are too close to a held-out class to train at the calibration
    level.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[tuple[str, str], ...]
    own: int
    aside: tuple[int, ...] = ()

    @property
    def target(self) -> str:
        """The data set that tests."""
        return self.rules[0][0]


def _tests(clips: Sequence[SkeletonClip], joined: Joined | None) -> list[bool]:
    """Which clips are of the data set that tests: all, where there is one."""
    start = "" if joined is None else name_in(joined.target, "")
    return [clip.clip_id.startswith(start) for clip in clips]


def divide(clips: ClipSet, split: ClassSplit, train_subjects: str = "odd", joined: Joined | None = None) -> ClipTask:
    """The test level: seen classes of the training subjects train, all clips of other subjects test.

    train_subjects: see training_subjects; "clips" trains on every second clip of a class instead, for data that name
    no subjects; "ntu-xview", "ntu120-xset" and "pku-xview" go by the camera or setup in a clip's name; the path of a
    .txt file goes by its lists of training and validation videos (PKU-MMD). Where the same people train and test, the
    level's `allow` says so. joined: of clips of several data sets; its rules are then in place of train_subjects.
    Raises SadvaeError where the split and the clips do not fit, or where no clip of its seen or of its unseen classes
    is left to test; LeakageError where anything leaks.
    """
    own = _tests(clips.clips, joined)
    if joined is None and any(clip.clip_id.startswith(name_in(clips.dataset, "")) for clip in clips.clips):
        raise SadvaeError(
            f"these clips are of {clips.dataset} and of other data sets that were joined to it, and the classes that "
            "may train are not written with them; give the experiment file to `sadvae run`."
        )
    _check_classes(clips, split, own)
    seen, unseen = set(split.seen), set(split.unseen)
    chosen, allow = _joined_clips(joined, clips) if joined else _training_clips(train_subjects, clips)
    tests = [not t and one for t, one in zip(chosen, own, strict=True)]
    task = ClipTask(
        split,
        clips.where(t and clip.label in seen for t, clip in zip(chosen, clips.clips, strict=True)),
        clips.where(t and clip.label in seen for t, clip in zip(tests, clips.clips, strict=True)),
        clips.where(t and clip.label in unseen for t, clip in zip(tests, clips.clips, strict=True)),
        allow,
    )
    advice = "change the training subjects or the split, or add clips of them"
    _check_tests(task.test_seen, split, split.seen, clips.where(tests), advice)
    _check_tests(task.test_unseen, split, split.unseen, clips.where(tests), advice)
    return task


def _joined_clips(joined: Joined, clips: ClipSet) -> tuple[list[bool], tuple[Allowance, ...]]:
    """Each data set by its own rule and under its own names; people are shared only where test clips are."""
    chosen: dict[str, bool] = {}
    allow: tuple[Allowance, ...] = ()
    for dataset, rule in joined.rules:
        part = clips.where(clip.clip_id.startswith(name_in(dataset, "")) for clip in clips.clips)
        sides, shared = _training_clips(rule, _under_own_names(part, dataset))
        chosen |= {clip.clip_id: side for clip, side in zip(part.clips, sides, strict=True)}
        allow = shared if dataset == joined.target else allow
    stray = next((clip.clip_id for clip in clips.clips if clip.clip_id not in chosen), None)
    if stray is not None:
        raise SadvaeError(f"clip {stray!r} is of none of the data sets {', '.join(name for name, _ in joined.rules)}.")
    return [chosen[clip.clip_id] for clip in clips.clips], allow


def _under_own_names(clips: ClipSet, dataset: str) -> ClipSet:
    start = name_in(dataset, "")
    own = tuple(
        replace(
            clip,
            clip_id=clip.clip_id.removeprefix(start),
            subject=None if clip.subject is None else clip.subject.removeprefix(start),
        )
        for clip in clips.clips
    )
    return replace(clips, dataset=dataset, clips=own, source=None)


def divide_all(clips: ClipSet, train_subjects: str = "odd") -> ClipTask:
    """All classes train and all classes test, by different subjects: for the accuracy of an encoder, not for zero-shot.

    train_subjects: see divide. The test clips are `test_seen`. Raises SadvaeError where a class has no training clip
    or nothing is left to test.
    """
    chosen, allow = _training_clips(train_subjects, clips)
    return _all_seen(clips, chosen, "all", allow)


def validate_all(task: ClipTask, held_subjects: Sequence[str] | None = None) -> ClipTask:
    """A task of divide_all one level down, made of its training clips alone: held-out subjects test.

    held_subjects: default the last quarter of the training subjects, at least one.
    """
    tests, allow = _held_clips(task.train, held_subjects, task.allow)
    return _all_seen(task.train, [not t for t in tests], f"{task.split.name}/validation", allow)


def _all_seen(clips: ClipSet, training: Sequence[bool], name: str, allow: tuple[Allowance, ...]) -> ClipTask:
    train, test = clips.where(training), clips.where(not t for t in training)
    trained = {clip.label for clip in train.clips}
    lost = next((clip.label for clip in test.clips if clip.label not in trained), None)
    if lost is not None:
        raise SadvaeError(
            f"class {clips.class_names[lost]!r} of {clips.dataset} has test clips and no training clip; "
            "add clips of it or change the training subjects."
        )
    if not test.clips:
        raise SadvaeError(f"no clip of {clips.dataset} is left to test; change the training subjects.")
    split = AllSeen(name, tuple(sorted(label for label in trained if label is not None)))
    return ClipTask(split, train, test, clips.where([False] * len(clips.clips)), allow)


def _training_clips(rule: str, clips: ClipSet) -> tuple[list[bool], tuple[Allowance, ...]]:
    if rule == "clips":
        return _alternate(clips.clips), ("shared_subjects",)
    if rule in CLIP_RULES:
        return [trains(rule, clip.clip_id) for clip in clips.clips], ("shared_subjects",)
    listed = list_file(rule)
    if listed is not None:
        return _listed_clips(listed, clips)
    subjects = training_subjects(rule, clips)
    return [clip.subject in subjects for clip in clips.clips], ()


def list_file(rule: str) -> Path | None:
    """The file of lists that a rule of divide names; None for any other rule."""
    return Path(rule) if rule.endswith(".txt") else None


def _listed_clips(path: Path, clips: ClipSet) -> tuple[list[bool], tuple[Allowance, ...]]:
    """By the video that a clip's name begins with; people count as shared where a recording is on both sides."""
    with located(path):
        training, validation = listed_videos(read_bytes(path).decode("utf-8", "replace"))
    videos = [clip.clip_id[:6] for clip in clips.clips]
    stray = next((c.clip_id for c, v in zip(clips.clips, videos, strict=True) if v not in training | validation), None)
    if stray is not None:
        raise SadvaeError(f"clip {stray!r} is of no video that {path} lists; take the list of the same data set.")
    chosen = [video in training for video in videos]
    sides = [{clip.subject for clip, t in zip(clips.clips, chosen, strict=True) if t == side} for side in (True, False)]
    return chosen, ("shared_subjects",) if sides[0] & sides[1] else ()


def hold_out(
    task: ClipTask,
    held_subjects: Sequence[str] | None = None,
    unseen_from: UnseenFrom = "held_out_subjects",
    joined: Joined | None = None,
) -> ClipTask:
    """The calibration level of a task, made of its training clips alone.

    held_subjects: training subjects that test here (default: the last quarter, at least one). Clips of the split's
    validation_unseen classes test as unseen, by the held-out subjects, or with unseen_from="training_subjects" by all
    (more clips; it shares subjects, which the level's `allow` then says). Without subjects, every fourth clip tests.
    joined: of clips of several data sets; those of the first alone test here too. Raises SadvaeError where no clip of
    the seen or of the held-out classes is left to test, and for held_subjects who do not train or cannot be held out.
    """
    split = task.split.hold_out()
    if joined:
        split = replace(split, seen=tuple(c for c in split.seen if c not in set(joined.aside)))
    clips = task.train
    rest, held = set(split.seen), set(split.unseen)
    own = _tests(clips.clips, joined)
    sides, allow = _held_clips(clips.where(own), held_subjects, task.allow)
    by_turn, turn = "shared_subjects" in allow, iter(sides)
    tests = [next(turn) if one else False for one in own]
    unseen = tests if unseen_from == "held_out_subjects" else own
    if unseen_from == "training_subjects":
        allow = ("shared_subjects",)
    level = ClipTask(
        split,
        clips.where(not t and clip.label in rest for t, clip in zip(tests, clips.clips, strict=True)),
        clips.where(t and clip.label in rest for t, clip in zip(tests, clips.clips, strict=True)),
        clips.where(u and clip.label in held for u, clip in zip(unseen, clips.clips, strict=True)),
        allow,
    )
    _check_tests(level.test_seen, split, split.seen, clips.where(tests), _advice(by_turn))
    more = unseen_from == "held_out_subjects"
    _check_tests(level.test_unseen, split, split.unseen, clips.where(unseen), _advice(by_turn, more=more))
    return level


def _advice(by_turn: bool, *, more: bool = False) -> str:
    """What helps an empty test part of a calibration level. more: whether more clips of its unseen classes may test."""
    first = 'take unseen_from = "training_subjects", ' if more else ""
    if by_turn:
        return f"{first}add training subjects or clips of them, or name other validation_unseen classes"
    return f"{first}name other held_out_subjects or other validation_unseen classes, or add clips of them"


def _check_tests(part: ClipSet, split: ClassSplit, ids: Sequence[int], testing: ClipSet, advice: str) -> None:
    """Refuse an empty test part of a level. ids: its classes. testing: the clips of any class that may test there."""
    if part.clips:
        return
    names = first_names(part.class_names, ids)
    people = sorted({clip.subject for clip in testing.clips if clip.subject is not None}, key=_natural)
    who = f"the people who test there ({', '.join(people)})" if people else f"the {len(testing.clips)} clips that test"
    kind = "unseen" if set(ids) == set(split.unseen) else "seen"
    raise SadvaeError(f"split {split.name!r} has no test clip of its {kind} classes ({names}) by {who}; {advice}.")


def _held_clips(
    clips: ClipSet, held: Sequence[str] | None, allow: tuple[Allowance, ...]
) -> tuple[list[bool], tuple[Allowance, ...]]:
    present = sorted({clip.subject for clip in clips.clips if clip.subject is not None}, key=_natural)
    shared = "shared_subjects" in allow
    if shared or len(present) < 2:
        if held:
            why = "the same people train and test" if shared else "fewer than two people train"
            raise SadvaeError(
                f"held_out_subjects names {', '.join(held)}, but {why}, so clips are held out by turn; leave it out."
            )
        return _alternate(clips.clips, every=4), ("shared_subjects",)
    chosen = set(held or present[-max(1, len(present) // 4) :])
    stray = sorted(chosen - set(present))
    if stray:
        raise SadvaeError(f"held-out subject {stray[0]!r} is not a training subject; those are {', '.join(present)}.")
    return [clip.subject in chosen for clip in clips.clips], ()


def _natural(subject: str) -> tuple[int, str]:
    digits = re.findall(r"\d+", subject)
    return (int(digits[-1]) if digits else -1, subject)


def _alternate(clips: Sequence[SkeletonClip], every: int = 2) -> list[bool]:
    """True for every n-th clip of each class (training for every=2, testing for every=4)."""
    counts: dict[int | None, int] = {}
    chosen = []
    for clip in clips:
        counts[clip.label] = counts.get(clip.label, 0) + 1
        chosen.append(counts[clip.label] % every == (1 if every == 2 else 0))
    return chosen


def _check_classes(clips: ClipSet, split: ClassSplit, own: Sequence[bool]) -> None:
    """own: which clips are of the data set that tests; its classes need clips of its own."""
    beyond = [c for c in split.classes if c >= len(clips.class_names)]
    if beyond:
        raise SadvaeError(
            f"split {split.name!r} names class {beyond[0]}; "
            f"{clips.dataset} has classes 0 to {len(clips.class_names) - 1}."
        )
    present = {clip.label for clip in clips.clips}
    tested = {clip.label for clip, one in zip(clips.clips, own, strict=True) if one}
    needed = {*split.unseen, *split.validation_unseen}
    absent = [c for c in split.classes if c not in (tested if c in needed else present)]
    if absent:
        names = ", ".join(clips.class_names[c] for c in absent[:3])
        raise SadvaeError(
            f"split {split.name!r} needs clips of {names}; {clips.dataset} holds none; add them or change the split."
        )


class Division(BaseModel):
    """How clips are divided into the levels of a split, in a form that can be written beside an encoder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: ClassSplit
    train_subjects: str = "odd"
    held_out_subjects: tuple[str, ...] | None = None
    unseen_from: UnseenFrom = "held_out_subjects"
    joined: Joined | None = None

    @model_serializer(mode="wrap")
    def _as_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # One data set is written as it was before there could be more, so that what is finished stays finished.
        return {name: value for name, value in write(self).items() if self.joined or name != "joined"}

    def levels(self, clips: ClipSet) -> Levels:
        """The test level and, where the split holds classes out, the calibration level."""
        test = divide(clips, self.split, self.train_subjects, self.joined)
        held = bool(self.split.validation_unseen)
        lower = hold_out(test, self.held_out_subjects, self.unseen_from, self.joined) if held else None
        return Levels(test, lower)


@dataclass(frozen=True, eq=False)
class Levels:
    """The clips of both levels of a split."""

    test: ClipTask
    calibration: ClipTask | None

    def items(self) -> tuple[tuple[str, ClipTask], ...]:
        """(name, task) of the levels that are there."""
        return (("test", self.test), *((("calibration", self.calibration),) if self.calibration else ()))
