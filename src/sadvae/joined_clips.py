"""The clips of several data sets as one set: one layout, one list of classes, people and clips told apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sadvae.errors import LeakageError, SadvaeError
from sadvae.files import hash_arrays
from sadvae.joining import joined_classes
from sadvae.protocol import name_in
from sadvae.settings import DataSettings, PartSettings
from sadvae.skeleton.joint_maps import joint_map, map_clip
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.manifest import JoinedPart, new_manifest
from sadvae.skeleton.preprocess import Dropped, prepare_clip_set
from sadvae.skeleton.read import source_digest
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.sources import Source, Sources
from sadvae.stages import Prepared, read_raw
from sadvae.text.merging import JoinedClasses
from sadvae.types import ClipSet, Layout, SkeletonClip

# Hears how many clips are read, how many there are, and of which data set.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class _Part:
    """One data set, prepared and in the common layout, and what the manifest says of it."""

    clips: ClipSet
    dropped: tuple[Dropped, ...]
    read: int
    about: JoinedPart


def prepare_joined(
    data: DataSettings, settings: PrepareSettings, source: Source, progress: Progress | None = None
) -> Prepared:
    """Read, map and prepare the clips of all data sets, in memory, and join them.

    A clip is mapped before it is prepared, as a recogniser does. Clip ids and subjects get the data set's name in
    front ("utd_mhad:3"), labels become those of the joined classes. Raises SadvaeError as reading and mapping do, and
    LeakageError where two data sets hold the same clip.
    """
    sources = source if isinstance(source, Sources) else Sources(() if source is None else ((data.dataset, source),))
    classes = joined_classes(data)
    parts: list[_Part] = []
    for part in data.parts:
        layout = load_layout(data.joining.layout) if data.joining.layout else parts[0].clips.layout if parts else None
        parts.append(_prepared(part, settings, sources, layout, progress))
    clips = join_clips([part.clips for part in parts], classes)
    dropped = tuple(
        Dropped(name_in(part.about.dataset, one.clip_id), one.reason) for part in parts for one in part.dropped
    )
    manifest = new_manifest(clips, settings, sum(part.read for part in parts), dropped, None)
    about = {
        "joined": [part.about for part in parts],
        "merged": [[str(m) for m in members] for members in classes.merged],
    }
    return Prepared(clips, manifest.model_copy(update=about))


def join_clips(sets: Sequence[ClipSet], classes: JoinedClasses) -> ClipSet:
    """Clip sets of one layout and preparation as one; the first gives its name. Raises LeakageError for a twin clip."""
    found = [clip for one in sets for clip in _renamed(one, classes)]
    _refuse_twins(found)
    return ClipSet(sets[0].dataset, sets[0].layout, tuple(found), classes.texts.names, sets[0].steps)


def _prepared(
    part: PartSettings,
    settings: PrepareSettings,
    sources: Sources,
    layout: Layout | None,
    progress: Progress | None,
) -> _Part:
    say = None if progress is None else (lambda done, total: progress(done, total, part.dataset))
    path = sources.of(part.dataset)
    own = DataSettings(**part.model_dump())
    raw = read_raw(own, path, say, all_bodies=settings.all_bodies)
    target = layout or raw.layout
    mapped = replace(raw, layout=target, clips=tuple(map_clip(clip, target) for clip in raw.clips), source=None)
    clips, dropped = prepare_clip_set(mapped, settings)
    if not clips.clips:
        raise SadvaeError(f"no clip of {part.dataset} is left after preparation; the first: {dropped[0].reason}.")
    about = JoinedPart(
        dataset=part.dataset,
        layout=raw.layout.name,
        mapping="" if raw.layout.joints == target.joints else joint_map(raw.layout, target).sentence,
        clips=len(clips.clips),
        source_sha256=source_digest(path) if path else None,
    )
    return _Part(clips, dropped, len(raw.clips), about)


def _renamed(clips: ClipSet, classes: JoinedClasses) -> list[SkeletonClip]:
    ids = classes.ids_of(clips.dataset)
    stray = next((clip.label for clip in clips.clips if clip.label is not None and clip.label not in ids), None)
    if stray is not None:
        raise SadvaeError(
            f"{clips.dataset} has clips of class {stray}, and its list of classes has {len(ids)} classes."
        )
    return [
        replace(
            clip,
            clip_id=name_in(clips.dataset, clip.clip_id),
            subject=None if clip.subject is None else name_in(clips.dataset, clip.subject),
            label=None if clip.label is None else ids[clip.label],
        )
        for clip in clips.clips
    ]


def _refuse_twins(clips: Sequence[SkeletonClip]) -> None:
    """Two data sets that share recordings would bring test clips to training under another name."""
    known: dict[str, str] = {}
    for clip in clips:
        before = known.setdefault(hash_arrays(clip.joints), clip.clip_id)
        if before.partition(":")[0] != clip.clip_id.partition(":")[0]:
            raise LeakageError(
                f"clips {before!r} and {clip.clip_id!r} are the same recording; data sets that are joined must not "
                "share recordings, since test clips of one would train with the other."
            )
