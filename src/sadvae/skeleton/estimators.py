"""Files of pose estimators: one JSON file a clip, or OpenPose's folder of one file a frame."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sadvae.errors import SadvaeError
from sadvae.files import read_bytes
from sadvae.skeleton.collection import Collection, ManyFormat, first_bytes, layout_of_count, same_layout
from sadvae.skeleton.estimate_forms import Estimate, parse_estimate
from sadvae.skeleton.estimates import clip_joints
from sadvae.types import Layout, SkeletonClip

MAX_BYTES = 64 * 2**20
MOST_BRACKETS = 20_000_000
_FRAME = re.compile(r"(?P<clip>.+?)_(?P<frame>\d{1,18})_keypoints\.json", re.ASCII)
_SIGNS = (
    b'"pose_keypoints_2d"',
    b'"keypoints"',
    b'"instance_info"',
    b'"pose_world_landmarks"',
    b'"skeleton"',
    b'"people"',
    b'"poseWorldLandmarks"',
    b'"worldLandmarks"',
    b'"instances"',
)


def is_estimate(path: Path) -> bool:
    """Whether a .json file begins as those of pose estimators do, or is named as OpenPose names a frame."""
    if path.suffix.lower() != ".json":
        return False
    head = first_bytes(path)
    return bool(_FRAME.fullmatch(path.name)) or any(sign in head for sign in _SIGNS)


def open_estimates(paths: Sequence[Path], layout: Layout | None) -> Collection:
    """One clip of each file, but one of all frames NAME_000000000000_keypoints.json of a folder.

    The layout is the given one, or that of the number of joints (18 and 25: OpenPose's). Raises SadvaeError that names
    the faulty file.
    """
    clips = _grouped(paths)
    first = _read(clips[0])
    own = _layout(first, layout, str(clips[0][0]))

    def clip(place: int) -> SkeletonClip:
        found = first if place == 0 else _read(clips[place])
        return _clip(
            clips[place], found, same_layout(_layout(found, layout, str(clips[place][0])), own, clips[place][0])
        )

    return Collection(paths[0], paths[0].resolve().parent.name or "estimates", own, len(clips), clip)


def _grouped(paths: Sequence[Path]) -> list[list[Path]]:
    groups: dict[tuple[Path, str], list[tuple[int, Path]]] = {}
    for path in paths:
        found = _FRAME.fullmatch(path.name)
        key, frame = ((path.parent, found["clip"]), int(found["frame"])) if found else ((path, ""), 0)
        groups.setdefault(key, []).append((frame, path))
    return [[path for _, path in sorted(group)] for group in groups.values()]


def _read(group: Sequence[Path]) -> Estimate:
    parts = [parse_estimate(_bounded_json(path), str(path)) for path in group]
    frames = [frame for part in parts for frame in part.frames]
    return Estimate(frames, parts[0].layout, parts[0].label)


def _bounded_json(path: Path) -> Any:
    data = read_bytes(path, MAX_BYTES)
    # An empty list takes three bytes of text and sixty of memory.
    if data.count(b"[") + data.count(b"{") > MOST_BRACKETS:
        raise SadvaeError(f"{path} has more than {MOST_BRACKETS} lists and objects.")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SadvaeError(f"{path} is not valid JSON: {error}.") from error


def _layout(found: Estimate, given: Layout | None, where: str) -> Layout:
    counts = {len(person.joints) for frame in found.frames for person in frame}
    if len(counts) != 1:
        raise SadvaeError(f"{where} holds {'no person' if not counts else 'persons of different numbers of joints'}.")
    (count,) = counts
    if found.layout == "openpose":
        return layout_of_count(count, given, where, n25="openpose-25")
    return layout_of_count(count, given, where, n17=found.layout if found.layout == "h36m-17" else "coco-17")


def _clip(group: Sequence[Path], found: Estimate, layout: Layout) -> SkeletonClip:
    named = _FRAME.fullmatch(group[0].name)
    name = named["clip"] if named else group[0].stem
    return SkeletonClip(clip_joints(found.frames, str(group[0])), layout, name, found.label)


ESTIMATES = ManyFormat("estimates", "pose estimator", (".json",), is_estimate, open_estimates)
