"""A zero-shot task: training and test data of one class split, which cannot be built when anything leaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from sadvae.equal_rows import equal_rows
from sadvae.errors import LeakageError, SadvaeError
from sadvae.lessons import Lessons
from sadvae.types import ClassEmbeddings, ClassSplit, ClipSet, EncoderTrace, FeatureSet

Allowance = Literal["shared_subjects", "unknown_encoder", "equal_rows"]
ALLOWANCES: tuple[Allowance, ...] = ("shared_subjects", "unknown_encoder", "equal_rows")


def _refuse(found: Iterable[object], message: str) -> None:
    rest = sorted(found, key=str)
    if rest:
        shown = ", ".join(map(str, rest[:5])) + (", ..." if len(rest) > 5 else "")
        raise LeakageError(message.format(shown))


@dataclass(frozen=True)
class _Side:
    """What leakage checks need to know of one part: its name, labels, clip ids and subjects."""

    name: str
    labels: frozenset[int]
    clip_ids: frozenset[str]
    subjects: frozenset[str]


def _check_labels(split: ClassSplit, train: Set[int], seen: Set[int], unseen: Set[int]) -> None:
    _refuse(
        train - set(split.seen),
        "training holds clips of class {} that split " + f"{split.name!r} does not list as seen; "
        "check labels (0-based) and lists of classes.",
    )
    _refuse(
        seen - set(split.seen),
        "the seen test set holds class {} that is not a seen class of " + f"split {split.name!r}.",
    )
    _refuse(
        unseen - set(split.unseen),
        "the unseen test set holds class {} that is not an unseen class of " + f"split {split.name!r}.",
    )


def _check_sides(split: ClassSplit, train: _Side, seen: _Side, unseen: _Side, allow: Sequence[str]) -> None:
    stray = [name for name in allow if name not in ALLOWANCES]
    if stray:
        raise SadvaeError(f"unknown allowance {stray[0]!r}; expected some of {', '.join(ALLOWANCES)}.")
    _check_labels(split, train.labels, seen.labels, unseen.labels)
    _refuse(seen.clip_ids & unseen.clip_ids, "clip {} is in both test sets.")
    for test in (seen, unseen):
        _refuse(train.clip_ids & test.clip_ids, "clip {} is in training and in the " + f"{test.name} test set.")
        if "shared_subjects" not in allow:
            _refuse(
                train.subjects & test.subjects,
                "subject {} is in training and in the "
                + f"{test.name} test set; separate the subjects, or allow shared_subjects.",
            )


def _clip_side(name: str, clips: ClipSet) -> _Side:
    if any(clip.label is None for clip in clips.clips):
        raise SadvaeError(f"a clip of the {name} part has no label; a zero-shot task needs one for every clip.")
    return _Side(
        name,
        frozenset(clip.label for clip in clips.clips if clip.label is not None),
        frozenset(clip.clip_id for clip in clips.clips),
        frozenset(clip.subject for clip in clips.clips if clip.subject is not None),
    )


def _feature_side(name: str, part: FeatureSet) -> _Side:
    return _Side(name, frozenset(part.labels.tolist()), frozenset(part.clip_ids), frozenset(part.subjects or ()))


def check_level(split: ClassSplit, train: FeatureSet, test_seen: FeatureSet, test_unseen: FeatureSet) -> None:
    """What a level can be refused for before there are texts.

    Raises LeakageError where a part holds classes of another side of the split; SadvaeError where the parts have
    differing numbers of features or of logits, or too few logits for the seen classes.
    """
    parts = (train, test_seen, test_unseen)
    _check_labels(split, *(frozenset(part.labels.tolist()) for part in parts))
    widths = {part.features.shape[1] for part in parts}
    if len(widths) > 1:
        raise SadvaeError(f"features of one task have differing widths {sorted(widths)}; use one encoder for all.")
    _check_logits(split, parts)


def _check_logits(split: ClassSplit, parts: Iterable[FeatureSet]) -> None:
    widths = {part.seen_logits.shape[1] for part in parts if part.seen_logits is not None}
    if len(widths) > 1:
        raise SadvaeError(f"logits of one task have differing widths {sorted(widths)}; use one encoder for all.")
    if widths and min(widths) <= max(split.seen):
        raise SadvaeError(
            f"logits of the seen classifier have {min(widths)} columns, and split {split.name!r} has seen class "
            f"{max(split.seen)}; expected a column for every class id from 0 on, those of unseen classes too."
        )


@dataclass(frozen=True, eq=False)
class ClipTask:
    """Clips of one level of one split, for the skeleton encoder. Raises LeakageError when anything leaks."""

    split: ClassSplit
    train: ClipSet
    test_seen: ClipSet
    test_unseen: ClipSet
    allow: tuple[Allowance, ...] = ()

    def __post_init__(self) -> None:
        sides = (
            _clip_side("training", self.train),
            _clip_side("seen", self.test_seen),
            _clip_side("unseen", self.test_unseen),
        )
        _check_sides(self.split, *sides, self.allow)
        if not self.train.clips:
            raise SadvaeError(f"split {self.split.name!r} leaves no training clip; check labels and training subjects.")

    @property
    def trace(self) -> EncoderTrace:
        """What an encoder trained on this task has seen."""
        side = _clip_side("training", self.train)
        return EncoderTrace(
            self.split.name, tuple(sorted(side.labels)), tuple(sorted(side.subjects)), tuple(sorted(side.clip_ids))
        )


@dataclass(frozen=True, eq=False)
class ZeroShotTask:
    """Features of one level of one split, and the text embeddings of all its classes.

    calibration: the same thing one level down (its unseen classes are seen classes here), for gate and selection.
    lessons: composed movements beside the training clips, for methods that learn from them.
    allow: leakage that is accepted knowingly ("shared_subjects", "unknown_encoder", "equal_rows"); it is recorded.

    Raises LeakageError when an unseen label, a test clip or a test subject reaches training or calibration, or when
    the encoder saw one; SadvaeError when embeddings are missing, feature widths differ or logits do not
    fit the classes.
    """

    split: ClassSplit
    train: FeatureSet
    test_seen: FeatureSet
    test_unseen: FeatureSet
    classes: ClassEmbeddings
    calibration: ZeroShotTask | None = None
    allow: tuple[Allowance, ...] = ()
    lessons: Lessons | None = None

    def __post_init__(self) -> None:
        if not self.split.unseen:
            raise SadvaeError(f"split {self.split.name!r} has no unseen classes; a zero-shot task needs some.")
        sides = (
            _feature_side("training", self.train),
            _feature_side("seen", self.test_seen),
            _feature_side("unseen", self.test_unseen),
        )
        _check_sides(self.split, *sides, self.allow)
        check_level(self.split, *self.parts)
        if len(self.train.labels) == 0:
            raise SadvaeError(f"split {self.split.name!r} has no training features.")
        self.classes.of(self.split.classes)
        self._check_lessons()
        self._check_encoder()
        if self.calibration is not None:
            self._check_calibration(self.calibration)
        self._check_rows()

    @property
    def parts(self) -> tuple[FeatureSet, FeatureSet, FeatureSet]:
        """train, test_seen, test_unseen."""
        return self.train, self.test_seen, self.test_unseen

    def _check_lessons(self) -> None:
        if self.lessons is None:
            return
        found = self.lessons.features.shape[1], self.lessons.texts.shape[1]
        expected = self.train.features.shape[1], self.classes.vectors.shape[1]
        if found != expected:
            raise SadvaeError(
                f"lessons have {found[0]} numbers of movement and texts of width {found[1]}; the features and class "
                f"texts of this task have {expected[0]} and {expected[1]}; make both with the same encoders."
            )

    def _check_encoder(self) -> None:
        tests = {*self.test_seen.clip_ids, *self.test_unseen.clip_ids}
        subjects = {*(self.test_seen.subjects or ()), *(self.test_unseen.subjects or ())}
        for part in self.parts:
            if part.encoder is None:
                if "unknown_encoder" not in self.allow:
                    raise LeakageError(
                        "the features do not say which classes their encoder was trained on; "
                        "name them, or allow unknown_encoder."
                    )
                continue
            _refuse(
                set(part.encoder.classes) - set(self.split.seen),
                "the skeleton encoder was trained on class {}, which "
                + f"is not a seen class of split {self.split.name!r}.",
            )
            _refuse(tests & set(part.encoder.clip_ids), "the skeleton encoder was trained on test clip {}.")
            if "shared_subjects" not in self.allow:
                _refuse(subjects & set(part.encoder.subjects), "the skeleton encoder was trained on test subject {}.")

    def _check_rows(self) -> None:
        """Names of clips that were made up for a file never meet those of another one, and then rows alone tell."""
        if "equal_rows" in self.allow:
            return
        known = {"training": (self.train,), "calibration": self.calibration.parts if self.calibration else ()}
        for name, part in (("seen", self.test_seen), ("unseen", self.test_unseen)):
            for side, others in known.items():
                _refuse(
                    [part.clip_ids[row] for row in equal_rows(part.features, *(other.features for other in others))],
                    "test clip {} "
                    + f"({name}) has exactly the features of a {side} clip: the same clip under another name? "
                    f"Take it out of {side}, or allow equal_rows.",
                )

    def _check_calibration(self, lower: ZeroShotTask) -> None:
        if lower.calibration is not None:
            raise SadvaeError("a calibration task has no calibration of its own.")
        _refuse(
            set(lower.split.classes) - set(self.split.seen),
            "calibration uses class {}, which is not a seen class of " + f"split {self.split.name!r}.",
        )
        tests = {*self.test_seen.clip_ids, *self.test_unseen.clip_ids}
        subjects = {*(self.test_seen.subjects or ()), *(self.test_unseen.subjects or ())}
        for part in lower.parts:
            _refuse(tests & set(part.clip_ids), "calibration uses test clip {}.")
            traced = set(part.encoder.clip_ids) if part.encoder else set()
            _refuse(tests & traced, "the calibration encoder was trained on test clip {}.")
            if "shared_subjects" not in self.allow:
                _refuse(subjects & set(part.subjects or ()), "calibration uses test subject {}.")
                _refuse(
                    subjects & set(part.encoder.subjects if part.encoder else ()),
                    "the calibration encoder was trained on test subject {}.",
                )
