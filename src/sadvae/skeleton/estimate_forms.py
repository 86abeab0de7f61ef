"""The JSON forms of pose estimators: OpenPose, AlphaPose, COCO results, MMPose, MediaPipe, Kinetics-skeleton."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.skeleton.collection import MOST_CLASSES, image_joints
from sadvae.skeleton.estimates import Frames, Person, numbers


@dataclass(frozen=True, eq=False)
class Estimate:
    """The persons of all frames, the layout that the form implies ("" for: by the number of joints), and a label."""

    frames: Frames
    layout: str = ""
    label: int | None = None


def parse_estimate(value: Any, where: str) -> Estimate:
    """The persons in a JSON value of any of the known forms. Raises SadvaeError for any other one.

    {"people": [{"pose_keypoints_2d": [x, y, score, ...]}]}             OpenPose, one frame
    [{"image_id": ..., "keypoints": [x, y, score, ...], "idx": id}]     AlphaPose, COCO results
    {"images": [...], "annotations": [{"image_id", "keypoints"}]}       COCO (visibility for score)
    {"instance_info": [{"frame_id", "instances": [...]}]}               MMPose, 2-D or 3-D
    [{"pose_world_landmarks": [{"x", "y", "z", "visibility"}]}]         MediaPipe, one entry a frame
    {"data": [{"skeleton": [{"pose": [...], "score": [...]}]}]}         Kinetics-skeleton
    """
    if isinstance(value, dict):
        if "people" in value:
            return Estimate([_openpose(value, where)], "openpose")
        if isinstance(value.get("annotations"), list):
            return Estimate(_results(value["annotations"], where))
        if "instance_info" in value:
            return _mmpose(value["instance_info"], value.get("meta_info"), where)
        if isinstance(value.get("data"), list):
            return _kinetics(value, where)
        value = value.get("frames", [value])
    if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
        raise SadvaeError(f"{where} is not the JSON of a pose estimator; see docs/data.md for the forms that are read.")
    if all("keypoints" in entry and "image_id" in entry for entry in value):
        return Estimate(_results(value, where))
    if all("instances" in entry for entry in value):
        return _mmpose(value, None, where)
    if any(_landmarks(entry) is not None for entry in value):
        return Estimate([list(_mediapipe(_landmarks(entry), where)) for entry in value], "mediapipe-33")
    raise SadvaeError(f"{where} is not the JSON of a pose estimator; see docs/data.md for the forms that are read.")


def _openpose(value: dict[str, Any], where: str) -> list[Person]:
    people = value["people"]
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise SadvaeError(f"{where}: 'people' is not a list of objects.")
    return [_scored(person.get("pose_keypoints_2d"), where) for person in people]


def _scored(values: Any, where: str, track: int | None = None) -> Person:
    """A person from [x, y, score, x, y, score, ...]."""
    flat = numbers(values, 1, where)
    if len(flat) % 3:
        raise SadvaeError(f"{where} has {len(flat)} numbers for a person; expected x, y, score for each joint.")
    triples = flat.reshape(-1, 3)
    return Person(image_joints(triples[:, :2], triples[:, 2]), track)


def _results(entries: list[Any], where: str) -> Frames:
    frames: dict[Any, list[Person]] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("image_id"), str | int):
            raise SadvaeError(f"{where} has an entry without image_id.")
        track = next((entry[key] for key in ("track_id", "idx") if isinstance(entry.get(key), int)), None)
        frames.setdefault(entry["image_id"], []).append(_scored(entry.get("keypoints"), where, track))
    return [frames[name] for name in sorted(frames, key=_natural)]


def _natural(name: str | int) -> tuple[int, str]:
    """Frames by the last number of their name, so that frame 10 comes after frame 9."""
    digits = re.findall(r"\d{1,18}", str(name)[-200:])
    return (int(digits[-1]) if digits else -1, str(name))


def _mmpose(entries: Any, meta: Any, where: str) -> Estimate:
    if not isinstance(entries, list) or not all(
        isinstance(e, dict) and isinstance(e.get("instances"), list) for e in entries
    ):
        raise SadvaeError(f"{where}: its frames are not a list of objects with 'instances'.")
    name = str(meta.get("dataset_name", "")) if isinstance(meta, dict) else ""
    frames = [[_instance(instance, where) for instance in entry["instances"]] for entry in entries]
    solid = any(person.joints[:, 2].any() for frame in frames for person in frame)
    return Estimate(frames, "h36m-17" if "h36m" in name.lower() or solid else "")


def _instance(instance: Any, where: str) -> Person:
    if not isinstance(instance, dict):
        raise SadvaeError(f"{where} has an instance that is not an object.")
    points = numbers(instance.get("keypoints"), 2, where)
    scores = instance.get("keypoint_scores")
    score = np.ones(len(points)) if scores is None else numbers(scores, 1, where)
    if points.shape[1] not in (2, 3) or score.shape != (len(points),):
        raise SadvaeError(f"{where} has an instance whose keypoints and keypoint_scores do not fit each other.")
    track = instance.get("track_id")
    track = track if isinstance(track, int) else None
    if points.shape[1] == 2:
        return Person(image_joints(points, score), track)
    # MMPose turns its 3-D results so that the third coordinate points up, and the first one to the left.
    return Person(np.where((score > 0)[:, None], points[:, [0, 2, 1]], 0.0), track)


def _landmarks(entry: dict[str, Any]) -> Any:
    """The world landmarks of a frame; an empty list where the frame says that there are none, None without a word."""
    for key in ("pose_world_landmarks", "poseWorldLandmarks", "worldLandmarks"):
        if key in entry:
            return entry[key] or []
    return None


def _mediapipe(found: Any, where: str) -> Iterator[Person]:
    found = found.get("landmark", []) if isinstance(found, dict) else found
    if not found:
        return
    persons = found if isinstance(found, list) and isinstance(found[0], list) else [found]
    for landmarks in persons:
        if not isinstance(landmarks, list) or not all(isinstance(landmark, dict) for landmark in landmarks):
            raise SadvaeError(f"{where} has world landmarks that are not a list of objects with x, y and z.")
        rows = [[mark.get("x"), mark.get("y"), mark.get("z"), mark.get("visibility", 1)] for mark in landmarks]
        values = numbers(rows, 2, where)
        # Metres around the hips: x to the right, y down, z away from the camera.
        yield Person(np.where(values[:, 3:] > 0, values[:, :3] * [-1, -1, 1], 0.0) + 0.0)


def _kinetics(value: dict[str, Any], where: str) -> Estimate:
    frames: Frames = []
    for entry in value["data"]:
        people = entry.get("skeleton") if isinstance(entry, dict) else None
        if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
            raise SadvaeError(f"{where} has a frame without a list 'skeleton'.")
        frames.append([_kinetics_person(person, where) for person in people])
    label = value.get("label_index")
    known = isinstance(label, int) and not isinstance(label, bool) and 0 <= label < MOST_CLASSES
    return Estimate(frames, "openpose", label if known else None)


def _kinetics_person(person: dict[str, Any], where: str) -> Person:
    pose, score = numbers(person.get("pose"), 1, where), numbers(person.get("score"), 1, where)
    if len(pose) != 2 * len(score):
        raise SadvaeError(f"{where} has a person of {len(pose)} coordinates and {len(score)} scores.")
    return Person(image_joints(pose.reshape(-1, 2), score))
