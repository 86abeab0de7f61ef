"""The frozen dataclasses that flow between the parts of sadvae; each is checked when it is built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sadvae.errors import SadvaeError

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
# Rows that are checked at once.
_BLOCK = 65_536


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise SadvaeError(message)


def _all_finite(rows: NDArray[np.floating]) -> bool:
    """Whether all numbers of [n, d] are finite; mapped rows are read a block at a time."""
    return all(bool(np.isfinite(rows[begin : begin + _BLOCK]).all()) for begin in range(0, len(rows), _BLOCK))


def duplicates(values: Iterable[object]) -> list[object]:
    """The values that occur more than once, in order of first occurrence."""
    return [value for value, count in Counter(values).items() if count > 1]


def first_names(class_names: Sequence[str], ids: Sequence[int]) -> str:
    """The names of the first three classes, for messages; ", ..." says that there are more."""
    return ", ".join(class_names[c] for c in ids[:3]) + (", ..." if len(ids) > 3 else "")


@dataclass(frozen=True)
class Layout:
    """A skeleton's joints and bones, and the landmarks that orient a body.

    joints: joint names; a left joint carries "left" and its twin the same name with "right".
    bones: (parent, child) joint indices.
    hips, shoulders: (left, right) joint indices. spine: the joint that lies above the hips along the trunk.
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    hips: tuple[int, int]
    spine: int
    shoulders: tuple[int, int]

    def __post_init__(self) -> None:
        count = len(self.joints)
        where = f"layout {self.name!r}"
        _require(count > 0, f"{where} has no joints; name at least the hips, the spine and the shoulders.")
        _require(not duplicates(self.joints), f"{where} names a joint twice: {duplicates(self.joints)[:1]}.")
        used = [*self.hips, self.spine, *self.shoulders, *(joint for bone in self.bones for joint in bone)]
        bad = [joint for joint in used if not 0 <= joint < count]
        _require(not bad, f"{where} refers to joint {bad[:1]} but has joints 0 to {count - 1}.")

    @property
    def mirror(self) -> tuple[int, ...]:
        """For each joint, the index of its twin on the other side (itself for joints in the middle)."""
        index = {name: position for position, name in enumerate(self.joints)}

        def twin(name: str) -> str:
            swapped = name.replace("left", "\0").replace("right", "left").replace("\0", "right")
            return swapped if swapped in index else name

        return tuple(index[twin(name)] for name in self.joints)


@dataclass(frozen=True, eq=False)
class SkeletonClip:
    """One recording of one action.

    joints: float32 [person, frame, joint, 3], metres unless preprocessing says otherwise; a joint that was not
    measured is (0, 0, 0) in raw clips.
    """

    joints: FloatArray
    layout: Layout
    clip_id: str
    label: int | None = None
    subject: str | None = None

    def __post_init__(self) -> None:
        where = f"clip {self.clip_id!r}"
        _require(
            self.joints.ndim == 4 and self.joints.shape[3] == 3,
            f"{where} has joints of shape {self.joints.shape}; expected [person, frame, joint, 3].",
        )
        _require(
            self.joints.shape[2] == len(self.layout.joints),
            f"{where} has {self.joints.shape[2]} joints; layout {self.layout.name!r} has {len(self.layout.joints)}.",
        )
        _require(self.joints.shape[0] > 0 and self.joints.shape[1] > 0, f"{where} is empty: it holds no frame.")
        _require(self.joints.dtype == np.float32, f"{where} holds {self.joints.dtype} numbers; expected float32.")
        # Mapped joints are not read before they are used; whoever uses them checks them.
        if not isinstance(self.joints, np.memmap) and not np.isfinite(self.joints).all():
            person, frame, joint, _ = np.argwhere(~np.isfinite(self.joints))[0].tolist()
            raise SadvaeError(
                f"{where} holds a number that is not finite (NaN or infinity) at frame {frame}, joint "
                f"{self.layout.joints[joint]!r} of body {person} (counted from 0); write a lost joint as (0, 0, 0)."
            )


@dataclass(frozen=True, eq=False)
class ClipSet:
    """Clips of one layout and one list of classes, each name once. Class id = position in class_names.

    steps: names of the preprocessing steps that were applied, in order (empty for raw clips). source: the store whose
    files the clips are views of, where they are all of it.
    """

    dataset: str
    layout: Layout
    clips: tuple[SkeletonClip, ...]
    class_names: tuple[str, ...]
    steps: tuple[str, ...] = ()
    source: Path | None = None

    def __post_init__(self) -> None:
        twice = duplicates(clip.clip_id for clip in self.clips)
        if twice:
            raise SadvaeError(
                f"{self.dataset} holds clip {twice[0]!r} more than once; give each clip one name of its own."
            )
        # An unseen class whose name a seen class has too would be trained on.
        alike = duplicates(" ".join(name.split()).casefold() for name in self.class_names)
        if alike:
            raise SadvaeError(f"{self.dataset} has two classes named {alike[0]!r}; give each class a name of its own.")
        for clip in self.clips:
            known = clip.label is None or 0 <= clip.label < len(self.class_names)
            _require(
                known,
                f"clip {clip.clip_id!r} has label {clip.label}; {self.dataset} has classes 0 to "
                f"{len(self.class_names) - 1}.",
            )
            _require(
                clip.layout.joints == self.layout.joints,
                f"clip {clip.clip_id!r} has layout {clip.layout.name!r}; this set has layout {self.layout.name!r}.",
            )

    def where(self, keep: Iterable[bool]) -> ClipSet:
        """The clips for which keep is true, in order."""
        clips = tuple(clip for clip, kept in zip(self.clips, keep, strict=True) if kept)
        return ClipSet(self.dataset, self.layout, clips, self.class_names, self.steps)


@dataclass(frozen=True)
class ClassTexts:
    """The words for classes: ids [class], one name each, any number of descriptions each (possibly none)."""

    ids: tuple[int, ...]
    names: tuple[str, ...]
    descriptions: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        same = len(self.ids) == len(self.names) == len(self.descriptions)
        _require(
            same,
            f"class texts have {len(self.ids)} ids, {len(self.names)} names and {len(self.descriptions)} "
            "lists of descriptions; expected one of each per class.",
        )
        _require(not duplicates(self.ids), f"class texts name id {duplicates(self.ids)[:1]} twice.")
        empty = [i for i, name in zip(self.ids, self.names, strict=True) if not name.strip()]
        _require(not empty, f"class {empty[:1]} has an empty name.")


@dataclass(frozen=True, eq=False)
class ClassEmbeddings:
    """Text embeddings of classes: vectors float32 [class, d], L2-normalised rows.

    encoder, text_hash and mode say of what: mode is the text mode that was embedded, "" for vectors from elsewhere.
    verbs, nouns: vectors [class, d] of the verb and of the noun of each class name, both or neither.
    names: of the classes, none where they are not known.
    """

    ids: tuple[int, ...]
    vectors: FloatArray
    encoder: str
    text_hash: str
    mode: str = ""
    verbs: FloatArray | None = None
    nouns: FloatArray | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(
            self.vectors.ndim == 2 and len(self.ids) == len(self.vectors),
            f"class embeddings have {len(self.ids)} ids and an array of shape {self.vectors.shape}; "
            "expected one row per class.",
        )
        _require(not duplicates(self.ids), f"class embeddings name id {duplicates(self.ids)[:1]} twice.")
        _require(bool(np.isfinite(self.vectors).all()), "class embeddings hold a number that is not finite.")
        _require(
            len(self.names) in (0, len(self.ids)),
            f"class embeddings have {len(self.ids)} ids and {len(self.names)} names; expected one of each per class.",
        )
        _require((self.verbs is None) == (self.nouns is None), "class embeddings need verbs and nouns, or neither.")
        for name, part in (("verbs", self.verbs), ("nouns", self.nouns)):
            _require(
                part is None or (part.shape == self.vectors.shape and bool(np.isfinite(part).all())),
                f"class embeddings have {name} that are not finite numbers of shape {self.vectors.shape}.",
            )

    def of(self, ids: Sequence[int], *, parts: bool = False) -> FloatArray:
        """The vectors of the classes ids, in that order: float32 [len(ids), d]. SadvaeError if one is missing.

        parts: whole text, verb and noun side by side, [len(ids), 3 d]. SadvaeError where there are none.
        """
        row = {class_id: position for position, class_id in enumerate(self.ids)}
        missing = [class_id for class_id in ids if class_id not in row]
        _require(not missing, f"no text embedding for class {missing[:5]}; there are {len(self.ids)} classes.")
        rows = [row[class_id] for class_id in ids]
        if not parts:
            return self.vectors[rows]
        if self.verbs is None or self.nouns is None:
            raise SadvaeError(
                f"the class embeddings ({self.encoder}) hold no vectors of verbs and nouns, which this method reads; "
                "make them with `sadvae embed`, or take a method that reads whole texts."
            )
        return np.concatenate([self.vectors[rows], self.verbs[rows], self.nouns[rows]], axis=1)


@dataclass(frozen=True)
class EncoderTrace:
    """What a skeleton encoder was trained on: class ids, and subjects and clip ids where they are known."""

    name: str
    classes: tuple[int, ...]
    subjects: tuple[str, ...] = ()
    clip_ids: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Skeleton features and what they remember of their making.

    features: float32 [n, d], which may be mapped from a file. labels: int64 [n]. clip_ids: n names. subjects: n names,
    or None where unknown.
    seen_logits: float32 [n, class] raw logits of the seen classifier; column = class id (never-trained columns
    included), or None. encoder: what the encoder saw, or None where unknown. provenance: free text. encoder_digest: of
    its weights (TrainedEncoder.digest), "" where unknown.
    """

    features: FloatArray
    labels: IntArray
    clip_ids: tuple[str, ...]
    subjects: tuple[str, ...] | None = None
    seen_logits: FloatArray | None = None
    encoder: EncoderTrace | None = None
    provenance: str = ""
    encoder_digest: str = ""

    def __post_init__(self) -> None:
        count = len(self.features)
        _require(self.features.ndim == 2, f"features have shape {self.features.shape}; expected [n, d].")
        _require(
            self.labels.shape == (count,),
            f"{count} features come with labels of shape {self.labels.shape}; expected one each.",
        )
        _require(
            len(self.clip_ids) == count, f"{count} features come with {len(self.clip_ids)} clip ids; expected one each."
        )
        twice = duplicates(self.clip_ids)
        _require(not twice, f"clip {twice[:1]} occurs more than once in one feature set.")
        _require(_all_finite(self.features), "features hold a number that is not finite (NaN or infinity).")
        if self.subjects is not None:
            _require(len(self.subjects) == count, f"{count} features come with {len(self.subjects)} subjects.")
        if self.seen_logits is not None:
            _require(
                self.seen_logits.ndim == 2 and len(self.seen_logits) == count,
                f"{count} features come with logits of shape {self.seen_logits.shape}; expected [{count}, class].",
            )
            _require(_all_finite(self.seen_logits), "seen-classifier logits hold a number that is not finite.")


@dataclass(frozen=True)
class ClassSplit:
    """A division of classes in seen and unseen ones (0-based ids).

    validation_unseen: seen classes that are held out again one level down, for calibration and selection.
    """

    name: str
    seen: tuple[int, ...]
    unseen: tuple[int, ...]
    validation_unseen: tuple[int, ...] = field(default=())

    def __post_init__(self) -> None:
        for part in ("seen", "unseen", "validation_unseen"):
            twice = duplicates(getattr(self, part))
            _require(not twice, f"split {self.name!r} lists class {twice[:1]} twice among its {part} classes.")
        both = sorted(set(self.seen) & set(self.unseen))
        _require(not both, f"split {self.name!r} has class {both[:5]} both seen and unseen.")
        self._check_sizes()
        stray = sorted(set(self.validation_unseen) - set(self.seen))
        _require(not stray, f"split {self.name!r} holds out class {stray[:5]} that is not one of its seen classes.")

    def _check_sizes(self) -> None:
        _require(len(self.seen) > 0 and len(self.unseen) > 0, f"split {self.name!r} needs seen and unseen classes.")

    @property
    def classes(self) -> tuple[int, ...]:
        """All class ids, ascending."""
        return tuple(sorted((*self.seen, *self.unseen)))

    def check_names(self, names: Sequence[str]) -> None:
        """Raise SadvaeError where a class has no name; names: of all classes of the data set, in the order of ids."""
        nameless = [class_id for class_id in self.classes if not 0 <= class_id < len(names)]
        _require(
            not nameless,
            f"split {self.name!r} has class {nameless[:1]}, and there are {len(names)} class names; expected a name "
            "for every class id from 0 on; name all classes of the data set.",
        )

    def hold_out(self, classes: Sequence[int] | None = None) -> ClassSplit:
        """The same thing one level down: the seen classes without `classes`, which become the unseen ones."""
        held = tuple(sorted(self.validation_unseen if classes is None else classes))
        _require(len(held) > 0, f"split {self.name!r} names no classes to hold out for calibration.")
        rest = tuple(class_id for class_id in self.seen if class_id not in set(held))
        stray = sorted(set(held) - set(self.seen))
        _require(not stray, f"class {stray[:5]} cannot be held out of split {self.name!r}: it is not a seen class.")
        return ClassSplit(f"{self.name}/calibration", rest, held)


@dataclass(frozen=True)
class AllSeen(ClassSplit):
    """The one split without unseen classes: an encoder trained on everything, for its accuracy. No zero-shot task."""

    unseen: tuple[int, ...] = field(default=())

    def _check_sizes(self) -> None:
        _require(len(self.seen) > 0, f"split {self.name!r} needs seen classes.")
        _require(not self.unseen, f"split {self.name!r} is of all classes, so that none of them is unseen.")
