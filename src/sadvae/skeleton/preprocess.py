"""Raw clips to prepared ones: the same steps for a data set and for the one clip of a prediction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.skeleton import frames, placing
from sadvae.skeleton.canonical import DegeneratePoseError, canonicalise, landmarks
from sadvae.skeleton.cleaning import drop_empty_frames, fill_lost_joints, keep_bodies, measured
from sadvae.types import ClipSet, FloatArray, Layout, SkeletonClip

# Exported recognisers prepare clips with NumPy alone; settings need pydantic.
if TYPE_CHECKING:
    from sadvae.skeleton.recipe import PrepareSettings


@dataclass(frozen=True)
class Dropped:
    """A clip that was left out, and why, as the end of a sentence."""

    clip_id: str
    reason: str


def prepare_clip_set(clips: ClipSet, settings: PrepareSettings) -> tuple[ClipSet, tuple[Dropped, ...]]:
    """Prepare raw clips, each by itself: what a clip becomes does not depend on the others.

    Returns the prepared clips in their order, float32 [person, frame, joint, 3] (trunk lengths if canonicalised,
    metres otherwise), and those that were left out with the reason. Raises SadvaeError for prepared clips.
    """
    if clips.steps:
        raise SadvaeError(
            f"{clips.dataset} was already prepared ({', '.join(clips.steps)}); give the raw clips, or leave this step."
        )
    made = [prepare_clip(clip, settings) for clip in clips.clips]
    kept = tuple(clip for clip in made if isinstance(clip, SkeletonClip))
    dropped = tuple(clip for clip in made if isinstance(clip, Dropped))
    return ClipSet(clips.dataset, clips.layout, kept, clips.class_names, settings.steps), dropped


def prepare_clip(clip: SkeletonClip, settings: PrepareSettings) -> SkeletonClip | Dropped:
    """One raw clip prepared, or left out with the reason."""
    try:
        return replace(clip, joints=_prepared_joints(clip.joints, clip.layout, settings))
    except DegeneratePoseError as error:
        return Dropped(clip.clip_id, str(error))


def _prepared_joints(joints: FloatArray, layout: Layout, chosen: PrepareSettings) -> FloatArray:
    joints = _whole_frames(keep_bodies(joints, chosen.bodies, chosen.order), chosen)
    if chosen.half:
        with np.errstate(over="ignore"):
            joints = joints.astype(np.float16).astype(np.float32)
        if not np.isfinite(joints).all():
            raise DegeneratePoseError("a position is too large for float16")
    if chosen.canonicalise:
        _check_landmarks(joints, layout)
    if chosen.fill:
        joints = fill_lost_joints(joints, layout)
    return _sampled(_placed(joints, layout, chosen), chosen)


def _whole_frames(joints: FloatArray, chosen: PrepareSettings) -> FloatArray:
    """The frames with a body, or all of them with repetitions."""
    kept = drop_empty_frames(joints)
    if not kept.size:
        raise DegeneratePoseError("it holds no body: every joint of every frame is (0, 0, 0)")
    if kept.shape[1] < chosen.shortest:
        raise DegeneratePoseError(f"it has {kept.shape[1]} frames with a body; {chosen.shortest} are asked for")
    if chosen.repeat_to is None:
        return kept
    repeated = frames.repeat_over_gaps(joints, chosen.repeat_to)
    if not repeated.any():
        raise DegeneratePoseError(f"its first {chosen.repeat_to} frames hold no body")
    return repeated


def _check_landmarks(joints: FloatArray, layout: Layout) -> None:
    seen = measured(joints)[0].any(axis=0)
    never = [layout.joints[joint] for joint in landmarks(layout) if not seen[joint]]
    if never:
        raise DegeneratePoseError(f"the joint {never[0]!r} of its main body was never measured")


def _placed(joints: FloatArray, layout: Layout, chosen: PrepareSettings) -> FloatArray:
    if chosen.centre == "first frame":
        joints = placing.centre_on_first_frame(joints, layout)
    elif chosen.centre == "each frame":
        joints = placing.centre_on_each_frame(joints, layout)
    if chosen.upright:
        joints = placing.turn_upright(joints, layout)
    return canonicalise(joints, layout) if chosen.canonicalise else joints


def _sampled(joints: FloatArray, chosen: PrepareSettings) -> FloatArray:
    if chosen.most_frames is not None:
        joints = frames.central_frames(joints, chosen.most_frames)
    if chosen.share < 1:
        joints = frames.central_share(joints, chosen.share)
    if chosen.frames is None:
        return joints
    if chosen.sampling == "resize":
        return frames.resize(joints, chosen.frames)
    return joints[:, frames.uniform_frames(joints.shape[1], chosen.frames)]
