"""What a recogniser is asked: clips or their files, and names that make sense."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.skeleton.joint_maps import joint_map, map_clip
from sadvae.skeleton.preprocess import prepare_clip_set
from sadvae.types import ClipSet, FloatArray, Layout, SkeletonClip, duplicates

# Exported recognisers ask with NumPy alone; readers and settings need more.
if TYPE_CHECKING:
    from sadvae.skeleton.recipe import PrepareSettings

Asked = SkeletonClip | str | Path | Iterable[SkeletonClip | str | Path]
Descriptions = Sequence[Sequence[str]]
Note = Callable[[str], None]
T = TypeVar("T")
Mode = Literal["zsl", "gzsl"]
# Vectors that differ by no more than rounding are of texts that the encoder reads alike.
_ROUNDING = 1e-5


class UnfitError(SadvaeError):
    """Clips that cannot be recognised. reasons: why, by their names."""

    def __init__(self, sentence: str, reasons: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.reasons = dict(reasons or {})


def checked_names(classes: Sequence[str]) -> tuple[str, ...]:
    """Class names without blanks around them. Raises SadvaeError where there is none, an empty one or one twice."""
    if isinstance(classes, str):
        raise SadvaeError(f"class names are one text, {classes!r}; give a list of names.")
    names = tuple(name.strip() for name in classes)
    if not names or not all(names):
        raise SadvaeError('no class names to choose from; give some, for example "swipe left, bowling, squat".')
    _refuse_doubled(names)
    return names


def plain(name: str) -> str:
    """A name as names are compared: without case, doubled blanks, and the ways that Unicode has to write a letter."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _refuse_doubled(names: Sequence[str]) -> None:
    known: dict[str, str] = {}
    for name in names:
        before = known.get(plain(name))
        if before is not None:
            also = "" if before == name else f", as {before!r} before"
            raise SadvaeError(f"class name {name!r} is given twice{also}; give each name once.")
        known[plain(name)] = name


def say_alike(names: Sequence[str], vectors: FloatArray, note: Note | None) -> None:
    """Tell `note` of two names whose text vectors [name, d] are equal, so that no answer tells them apart, if any are.

    Such as names in letters that the text encoder does not know.
    """
    if note is None or len(names) < 2:
        return
    # Equal rows stand side by side in the order of their sums; only those are compared whole.
    sums = vectors.astype(np.float64) @ np.cos(np.arange(vectors.shape[1], dtype=np.float64))
    order = np.argsort(sums, kind="stable")
    for one in np.flatnonzero(np.diff(sums[order]) <= _ROUNDING).tolist():
        first, second = sorted(order[one : one + 2].tolist())
        if np.allclose(vectors[first], vectors[second], rtol=0, atol=_ROUNDING):
            note(
                f"The text encoder reads {names[first]!r} and {names[second]!r} alike, so answers do not tell them "
                "apart; write them in other words, or describe them."
            )
            return


def checked_descriptions(names: Sequence[str], descriptions: Descriptions | None) -> tuple[tuple[str, ...], ...]:
    """The sentences of each name, none where there are none. Raises SadvaeError unless there is one list a name."""
    if descriptions is None:
        return ((),) * len(names)
    if len(descriptions) != len(names):
        raise SadvaeError(
            f"{len(names)} class names come with {len(descriptions)} lists of descriptions; expected one each."
        )
    for name, sentences in zip(names, descriptions, strict=True):
        if isinstance(sentences, str):
            raise SadvaeError(f"the descriptions of {name!r} are one text, {sentences!r}; give a list of sentences.")
    return tuple(tuple(sentences) for sentences in descriptions)


def read_all(clips: Asked, *, all_bodies: bool, layout: str | None = None) -> list[SkeletonClip]:
    """The clips themselves, and those of files; layout: of files that name none. SadvaeError where there is no clip."""
    given = [clips] if isinstance(clips, SkeletonClip | str | Path) else list(clips)
    read: list[SkeletonClip] = []
    for item in given:
        read.extend([item] if isinstance(item, SkeletonClip) else _of_file(Path(item), all_bodies, layout))
    if not read:
        raise SadvaeError("no clips to recognise; give at least one clip or file.")
    return read


def _of_file(path: Path, all_bodies: bool, layout: str | None) -> list[SkeletonClip]:
    from sadvae.skeleton.read import read_clips

    return read_clips(path, all_bodies=all_bodies, layout=layout)


def told_apart(clips: Sequence[SkeletonClip]) -> list[SkeletonClip]:
    """Clips as they are; where two have one name, as d1/a.npz and d2/a.npz do, each gets its number: "a (2)"."""
    if not duplicates(clip.clip_id for clip in clips):
        return list(clips)
    return [replace(clip, clip_id=f"{clip.clip_id} ({number})") for number, clip in enumerate(clips, start=1)]


def mapped(
    clips: Sequence[SkeletonClip], target: Layout, note: Note | None, taken: Sequence[str] | None = None
) -> list[SkeletonClip]:
    """Clips brought to a layout; note hears one sentence for each other layout among them.

    taken: names of the layouts that are brought to it; clips of others stay as they are (default: all are brought).
    """

    def wanted(layout: Layout) -> bool:
        return layout.joints != target.joints and (taken is None or layout.name in taken)

    if note is not None:
        for layout in {clip.layout.joints: clip.layout for clip in clips if wanted(clip.layout)}.values():
            note(joint_map(layout, target).sentence)
    return [map_clip(clip, target) if wanted(clip.layout) else clip for clip in clips]


def asked_clips(
    clips: Asked,
    layout: Layout,
    settings: PrepareSettings,
    *,
    map_layout: bool,
    note: Note | None,
    taken: Sequence[str] = (),
) -> ClipSet:
    """Clips, or those of files, ready for an encoder: read, brought to its layout if wanted, prepared.

    taken: names of the layouts that are brought to it unasked. Raises SadvaeError as read_all, mapped and prepared do.
    """
    read = told_apart(read_all(clips, all_bodies=settings.all_bodies))
    return prepared(mapped(read, layout, note, None if map_layout else taken), layout, settings)


def prepared(clips: Sequence[SkeletonClip], layout: Layout, settings: PrepareSettings) -> ClipSet:
    """Clips prepared as in training, without labels.

    Raises SadvaeError for another layout, and UnfitError for clips that hold nothing to recognise.
    """
    other = next((clip for clip in clips if clip.layout.joints != layout.joints), None)
    if other is not None:
        raise SadvaeError(
            f"clip {other.clip_id!r} has layout {other.layout.name!r} ({len(other.layout.joints)} joints); "
            f"this recogniser knows {layout.name!r} ({len(layout.joints)} joints); "
            "ask for --map-layout (map_layout=True) to bring it to that layout."
        )
    unlabelled = tuple(SkeletonClip(c.joints, c.layout, c.clip_id, None, c.subject) for c in clips)
    found, dropped = prepare_clip_set(ClipSet("asked", clips[0].layout, unlabelled, ()), settings)
    if dropped:
        sentence = f"clip {dropped[0].clip_id!r} cannot be recognised: {dropped[0].reason}."
        raise UnfitError(sentence, {one.clip_id: one.reason for one in dropped})
    return found


def without_unfit(clips: Sequence[SkeletonClip], ask: Callable[[list[SkeletonClip]], T]) -> tuple[T, dict[str, str]]:
    """What `ask` says of clips, and of those that it cannot recognise the reasons; it is asked again without these.

    Clips must have a name each. Raises UnfitError where no clip is left.
    """
    try:
        return ask(list(clips)), {}
    except UnfitError as error:
        left = [clip for clip in clips if clip.clip_id not in error.reasons]
        if not left or len(left) == len(clips):
            raise
        return ask(left), error.reasons


def divided(
    names: Sequence[str], descriptions: Descriptions, trained: Sequence[str], mode: Mode
) -> tuple[list[int], list[int]]:
    """Positions of the typed names that are answered by their texts, and of the trained classes that were not typed.

    With mode "gzsl" the name of a trained class means that class, unless it comes with descriptions of its own.
    Raises SadvaeError for an unknown mode.
    """
    if mode not in ("zsl", "gzsl"):
        raise SadvaeError(f"unknown mode {mode!r}; expected zsl (the typed names) or gzsl (trained classes too).")
    typed, known = ([name.casefold() for name in side] for side in (names, trained))
    taken = set(known) if mode == "gzsl" else set()
    new = [i for i, name in enumerate(typed) if name not in taken or descriptions[i]]
    return new, [row for row, name in enumerate(known) if name not in set(typed)]
