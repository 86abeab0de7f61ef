"""What is known about a set of clips: counts by class, subject and protocol, what was dropped, and its sources."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from sadvae import __version__
from sadvae.errors import SadvaeError
from sadvae.faults import first_fault
from sadvae.files import hash_each, read_json
from sadvae.sensor_names import CLIP_RULES, PUBLISHED_COUNTS, PUBLISHED_FILES, SUBJECT_RULES, ntu_name
from sadvae.skeleton.preprocess import Dropped
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.types import ClipSet

# A source with at least this share of a published data set's recordings is compared with its published counts.
WHOLE = 0.9


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProtocolCounts(_Frozen):
    """Clips on either side of a protocol; published: what the literature counts, for a data set that is there whole."""

    train: int
    test: int
    published: tuple[int, int] | None = None

    @property
    def as_published(self) -> bool:
        """Whether both counts are the published ones."""
        return self.published == (self.train, self.test)


class Facts(_Frozen):
    """What a set of clips holds. frames: fewest, median, most, and all of them together; bodies: clips by their number.

    setups and cameras are those in the names of NTU RGB+D clips. Keys of counts are strings, as JSON has them.
    """

    dataset: str
    layout: str
    joints: int
    steps: list[str]
    clips: int
    frames: tuple[int, int, int, int]
    bodies: dict[str, int]
    clips_per_class: dict[str, int]
    clips_per_subject: dict[str, int]
    clips_per_setup: dict[str, int] = {}
    clips_per_camera: dict[str, int] = {}
    protocols: dict[str, ProtocolCounts] = {}


class DroppedClip(_Frozen):
    """A clip that was left out, and why."""

    clip: str
    reason: str


class JoinedPart(_Frozen):
    """One of several data sets that were joined: its layout, how that was mapped ("" if it was not), and its files."""

    dataset: str
    layout: str
    mapping: str
    clips: int
    source_sha256: str | None


class Manifest(_Frozen):
    """What preparation read, kept and dropped, from what, by which recipe. facts are those of the kept clips.

    source_sha256: over the lines `sha256 name` of all source files (see read.source_digest); None for generated clips.
    parts: the clips files of a store, in order; none for a single clips file. joined, merged: of several data sets, the
    sets and the names of classes that became one.
    """

    version: str
    dataset: str
    prepare: PrepareSettings
    steps: list[str]
    source_sha256: str | None
    clips_sha256: str
    clips_read: int
    clips_kept: int
    dropped: list[DroppedClip]
    facts: Facts
    parts: list[str] = []
    joined: list[JoinedPart] = []
    merged: list[list[str]] = []

    def dropped_by_reason(self) -> dict[str, list[str]]:
        """The names of the dropped clips by reason, the most frequent reason first."""
        found: dict[str, list[str]] = {}
        for item in self.dropped:
            found.setdefault(item.reason, []).append(item.clip)
        return dict(sorted(found.items(), key=lambda entry: -len(entry[1])))


def read_manifest(path: Path) -> Manifest:
    """Read a manifest. Raises SadvaeError if the file is missing or is none."""
    try:
        return Manifest.model_validate(read_json(path))
    except ValidationError as error:
        raise SadvaeError(f"{path} is not a manifest of prepared clips: {first_fault(error)}.") from error


def new_manifest(
    clips: ClipSet,
    settings: PrepareSettings,
    read: int,
    dropped: tuple[Dropped, ...],
    source_sha256: str | None,
    parts: list[str] | None = None,
    clips_sha256: str | None = None,
) -> Manifest:
    """The manifest of prepared clips; read: how many raw clips there were, the dropped ones included.

    clips_sha256: of all clips, where it is known (default: made of them here, which reads them).
    """
    return Manifest(
        version=__version__,
        dataset=clips.dataset,
        prepare=settings,
        steps=list(clips.steps),
        source_sha256=source_sha256,
        clips_sha256=clips_sha256 or hash_clips(clips),
        clips_read=read,
        clips_kept=len(clips.clips),
        dropped=[DroppedClip(clip=item.clip_id, reason=item.reason) for item in dropped],
        facts=facts(clips, read),
        parts=parts or [],
    )


def hash_clips(clips: ClipSet) -> str:
    """A sha256 over the joints of all clips, in order."""
    return hash_each(clip.joints for clip in clips.clips)


def hash_labelled(clips: ClipSet, joints: str) -> str:
    """A sha256 of all that is learnt from clips: joints (their hash_clips), names, labels, subjects and class names."""
    said = [(clip.clip_id, clip.label, clip.subject) for clip in clips.clips]
    return hashlib.sha256(json.dumps([joints, said, clips.class_names]).encode()).hexdigest()


def facts(clips: ClipSet, read: int | None = None) -> Facts:
    """Count what a set holds; read: how many raw clips it was made of (default: those that it holds)."""
    lengths = np.sort([clip.joints.shape[1] for clip in clips.clips]) if clips.clips else np.zeros(1, np.int64)
    labels = Counter(clip.label for clip in clips.clips if clip.label is not None)
    names = [found for clip in clips.clips if (found := ntu_name(clip.clip_id))]
    subjects = Counter(clip.subject or "unknown" for clip in clips.clips)
    return Facts(
        dataset=clips.dataset,
        layout=clips.layout.name,
        joints=len(clips.layout.joints),
        steps=list(clips.steps),
        clips=len(clips.clips),
        frames=(int(lengths[0]), int(lengths[len(lengths) // 2]), int(lengths[-1]), int(lengths.sum())),
        bodies=_counts(Counter(len(clip.joints) for clip in clips.clips)),
        clips_per_class={clips.class_names[label]: labels[label] for label in sorted(labels)},
        clips_per_subject=_counts(subjects),
        clips_per_setup=_counts(Counter(name.setup for name in names)),
        clips_per_camera=_counts(Counter(name.camera for name in names)),
        protocols=protocols(clips, len(clips.clips) if read is None else read),
    )


def _counts(counter: Counter) -> dict[str, int]:
    return {str(key): counter[key] for key in sorted(counter, key=lambda key: str(key).zfill(12))}


def protocols(clips: ClipSet, read: int) -> dict[str, ProtocolCounts]:
    """Training and test clips by each protocol that the names of clips and subjects allow."""
    files = PUBLISHED_FILES.get(clips.dataset)
    published = PUBLISHED_COUNTS.get(clips.dataset, {}) if files and read >= WHOLE * files[0] else {}
    found = {}
    for rule, sides in _sides(clips).items():
        train = sum(sides)
        found[rule] = ProtocolCounts(train=train, test=len(sides) - train, published=published.get(rule))
    return found


def _sides(clips: ClipSet) -> dict[str, list[bool]]:
    """For each protocol that fits all clips, whether each of them trains."""
    subjects = [clip.subject for clip in clips.clips]
    if not clips.clips:
        return {}
    found: dict[str, list[bool]] = {}
    if all(ntu_name(clip.clip_id) for clip in clips.clips):
        rule = "ntu60-xsub" if clips.dataset == "ntu60" else "ntu120-xsub"
        found[rule] = [subject in SUBJECT_RULES[rule] for subject in subjects]
    elif all(subject is not None and subject.isdecimal() for subject in subjects):
        found["odd"] = [int(subject) % 2 == 1 for subject in subjects if subject is not None]
    for rule, side in CLIP_RULES.items():
        sides = [side(clip.clip_id) for clip in clips.clips]
        if all(one is not None for one in sides) and not (rule == "ntu120-xset" and clips.dataset == "ntu60"):
            found[rule] = [bool(one) for one in sides]
    return found
