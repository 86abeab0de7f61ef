"""Pickles of pyskl and mmaction2: annotations of clips, and lists that split them; read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.skeleton.collection import (
    MOST_CLASSES,
    Collection,
    ManyFormat,
    float32_joints,
    image_joints,
    layout_of_count,
    same_layout,
    trimmed,
)
from sadvae.skeleton.ntu import NTU
from sadvae.skeleton.pickle_write import write_pickle
from sadvae.skeleton.safe_pickle import read_pickle
from sadvae.types import ClipSet, Layout, SkeletonClip

MOST_JOINTS = 1000


def is_pyskl(path: Path) -> bool:
    """Whether a file may be such a pickle, by its name; label files of ST-GCN arrays are not."""
    return path.suffix.lower() in (".pkl", ".pickle") and not path.stem.lower().endswith("_label")


def open_pyskl(paths: Sequence[Path], layout: Layout | None) -> Collection:
    """The annotations of pickles as clips; the arrays stay in the mapped files until a clip is asked for.

    Positions in an image (two coordinates) become ours: x to the left, y up, third coordinate 0; joints with
    keypoint_score 0 are lost. Raises SadvaeError for anything that is not such a pickle.
    """
    found: list[tuple[str, Mapping[str, Any]]] = []
    own: Layout | None = None
    for path in paths:
        annotations = read_annotations(path)
        keypoint = annotations[0]["keypoint"]
        flat = {} if keypoint.shape[3] == 3 else {"n25": "openpose-25"}
        own = same_layout(layout_of_count(keypoint.shape[2], layout, str(path), **flat), own, path)
        found += [(str(path), annotation) for annotation in annotations]
    if own is None:
        raise SadvaeError("no pickle was given.")
    used = own

    def clip(place: int) -> SkeletonClip:
        return _clip(*found[place], used)

    return Collection(paths[0], _dataset(found, paths[0]), used, len(found), clip)


def read_annotations(path: Path) -> list[Mapping[str, Any]]:
    """The checked annotations of a pickle, arrays unread. Raises SadvaeError that names the faulty one."""
    content = read_pickle(path)
    annotations = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(annotations, list) or not annotations:
        raise SadvaeError(f"{path} holds no list of annotations; expected a pickle of pyskl or mmaction2.")
    total = 0
    for place, annotation in enumerate(annotations):
        fault = _fault(annotation)
        if fault:
            raise SadvaeError(f"{path}: annotation {place} {fault}.")
        total += annotation["keypoint"].nbytes
    if total > path.stat().st_size:
        raise SadvaeError(f"{path} names {total} bytes of keypoints but has {path.stat().st_size}; refused.")
    return annotations


def _fault(annotation: Any) -> str:
    if not isinstance(annotation, dict) or not isinstance(annotation.get("frame_dir"), str):
        return "has no text frame_dir"
    keypoint: Any = annotation.get("keypoint")
    score: Any = annotation.get("keypoint_score")
    label = annotation.get("label")
    if not _numeric(keypoint, 4) or keypoint.shape[3] not in (2, 3) or 0 in keypoint.shape:
        return "has no keypoint array [person, frame, joint, 2 or 3]"
    if score is not None and (not _numeric(score, 3) or score.shape != keypoint.shape[:3]):
        return "has keypoint_score of another shape than keypoint"
    if label is not None and (
        isinstance(label, bool) or not isinstance(label, int | np.integer) or not 0 <= label < MOST_CLASSES
    ):
        return f"has a label that is not a class id from 0 to {MOST_CLASSES - 1}"
    return "has too many joints" if keypoint.shape[2] > MOST_JOINTS else ""


def _numeric(value: Any, sides: int) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == sides and value.dtype.kind in "fiu"


def _clip(where: str, annotation: Mapping[str, Any], layout: Layout) -> SkeletonClip:
    keypoint, score, name = annotation["keypoint"], annotation.get("keypoint_score"), annotation["frame_dir"]
    place = f"{where}: clip {name[:60]!r}"
    if keypoint.shape[2] != len(layout.joints):
        raise SadvaeError(f"{place} has {keypoint.shape[2]} joints; the first one has {len(layout.joints)}.")
    if keypoint.shape[3] == 2:
        joints = image_joints(keypoint, score)
    else:
        joints = keypoint if score is None else np.where((score > 0)[..., None], keypoint, keypoint.dtype.type(0))
    persons = trimmed(joints).shape[0]
    label = annotation.get("label")
    return SkeletonClip(
        float32_joints(joints[:persons], place),
        layout,
        name,
        None if label is None else int(label),
        NTU.label_and_subject(Path(f"{name}.skeleton"))[1],
    )


def _dataset(found: Sequence[tuple[str, Mapping[str, Any]]], path: Path) -> str:
    """ntu60 or ntu120 where all names are NTU's, or else the name of the file."""
    labels = [NTU.label_and_subject(Path(f"{annotation['frame_dir']}.skeleton"))[0] for _, annotation in found]
    if any(label is None for label in labels):
        return path.stem
    return "ntu120" if max(label for label in labels if label is not None) >= 60 else "ntu60"


def write_pyskl(path: Path, clips: ClipSet, splits: Mapping[str, Sequence[str]]) -> None:
    """Write clips as such a pickle: keypoint float16 [person, frame, joint, 3], as pyskl keeps it.

    splits: lists of clip names, as {"xsub_train": [...], "xsub_val": [...]}. Clips of image positions (third
    coordinate 0 everywhere) are written as two coordinates with keypoint_score 1, or 0 where a joint was lost. Reading
    gives the clips back in float16 precision. Raises SadvaeError where a position is too large for float16.
    """
    flat = all(not clip.joints[..., 2].any() for clip in clips.clips)
    annotations = [_annotation(clip, flat) for clip in clips.clips]
    write_pickle(path, {"split": {name: list(names) for name, names in splits.items()}, "annotations": annotations})


def _annotation(clip: SkeletonClip, flat: bool) -> dict[str, Any]:
    with np.errstate(over="ignore"):
        keypoint = clip.joints.astype(np.float16)
    if not np.isfinite(keypoint).all():
        raise SadvaeError(
            f"clip {clip.clip_id!r} has a position that is too large for float16 ({np.abs(clip.joints).max():g})."
        )
    entry: dict[str, Any] = {"frame_dir": clip.clip_id, "total_frames": clip.joints.shape[1], "label": clip.label}
    if flat:
        score = np.any(clip.joints, axis=3).astype(np.float16)
        return entry | {"keypoint": -keypoint[..., :2], "keypoint_score": score}
    return entry | {"keypoint": keypoint}


PYSKL = ManyFormat("pyskl", "pyskl pickle", (".pkl", ".pickle"), is_pyskl, open_pyskl)
