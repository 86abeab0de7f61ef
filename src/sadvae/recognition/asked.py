"""What a recogniser is asked: clips or their files, and names that make sense."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sadvae.errors import SadvaeError
from sadvae.skeleton.joint_maps import joint_map, map_clip
from sadvae.skeleton.preprocess import prepare_clip_set
from sadvae.types import ClipSet, Layout, SkeletonClip, duplicates

# Exported recognisers ask with NumPy alone; readers and settings need more.
if TYPE_CHECKING:
    from sadvae.skeleton.recipe import PrepareSettings

Asked = SkeletonClip | str | Path | Iterable[SkeletonClip | str | Path]
Descriptions = Sequence[Sequence[str]]
Note = Callable[[str], None]
Mode = Literal["zsl", "gzsl"]


def checked_names(classes: Sequence[str]) -> tuple[str, ...]:
    """Class names without blanks around them. Raises SadvaeError where there is none, an empty one or one twice."""
    if isinstance(classes, str):
        raise SadvaeError(f"class names are one text, {classes!r}; give a list of names.")
    names = tuple(name.strip() for name in classes)
    if not names or not all(names):
        raise SadvaeError('no class names to choose from; give some, for example "swipe left, bowling, squat".')
    _refuse_doubled(names)
    return names


def _refuse_doubled(names: Sequence[str]) -> None:
    """Names are compared without their case, as typed names and trained classes are."""
    known: dict[str, str] = {}
    for name in names:
        before = known.get(name.casefold())
        if before is not None:
            also = "" if before == name else f", as {before!r} before"
            raise SadvaeError(f"class name {name!r} is given twice{also}; give each name once.")
        known[name.casefold()] = name


def checked_descriptions(names: Sequence[str], descriptions: Descriptions | None) -> tuple[tuple[str, ...], ...]:
    """The sentences of each name, none where there are none. Raises SadvaeError unless there is one list a name."""
    if descriptions is None:
        return ((),) * len(names)
    if len(descriptions) != len(names):
        raise SadvaeError(
            f"{len(names)} class names come with {len(descriptions)} lists of descriptions; expected one each."
        )
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
    """Clips prepared as in training, without labels. Raises SadvaeError for another layout or a clip that is empty."""
    first = clips[0]
    if first.layout.joints != layout.joints:
        raise SadvaeError(
            f"clip {first.clip_id!r} has layout {first.layout.name!r} ({len(first.layout.joints)} joints); "
            f"this recogniser knows {layout.name!r} ({len(layout.joints)} joints); "
            "ask for --map-layout (map_layout=True) to bring it to that layout."
        )
    unlabelled = tuple(SkeletonClip(c.joints, c.layout, c.clip_id, None, c.subject) for c in clips)
    found, dropped = prepare_clip_set(ClipSet("asked", first.layout, unlabelled, ()), settings)
    if dropped:
        raise SadvaeError(f"clip {dropped[0].clip_id!r} cannot be recognised: {dropped[0].reason}.")
    return found


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
