"""Raw clips to prepared ones: the same steps for a data set and for the one clip of a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field

from sadvae.errors import SadvaeError
from sadvae.skeleton.canonical import DegeneratePoseError, canonicalise, landmarks
from sadvae.skeleton.cleaning import drop_empty_frames, fill_lost_joints, keep_bodies, measured
from sadvae.types import ClipSet, FloatArray, SkeletonClip

_FRAMES, _BODIES, _FILL, _CANONICAL = "drop empty frames", "keep bodies: ", "fill lost joints", "canonicalise"


class PrepareSettings(BaseModel):
    """Which preparation clips get; frames without any body are always dropped.

    bodies: at most this many of a clip are kept, by motion. fill: interpolate lost joints in time.
    canonicalise: bring each clip to the body frame of its main body (see canonical.py).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bodies: int = Field(default=2, ge=1, le=100)
    fill: bool = True
    canonicalise: bool = True

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the steps in their order, as prepared clips carry them."""
        chosen = ((_FILL,) if self.fill else ()) + ((_CANONICAL,) if self.canonicalise else ())
        return (f"{_BODIES}{self.bodies}", _FRAMES, *chosen)


@dataclass(frozen=True)
class Dropped:
    """A clip that was left out, and why, as the end of a sentence."""

    clip_id: str
    reason: str


def settings_from_steps(steps: Sequence[str]) -> PrepareSettings:
    """The settings whose steps these are. Raises SadvaeError if no settings have them."""
    bodies = steps[0].removeprefix(_BODIES) if steps else ""
    known = bodies.isascii() and bodies.isdigit() and 1 <= int(bodies[:4]) <= 100
    found = PrepareSettings(
        bodies=int(bodies[:4]) if known else 2, fill=_FILL in steps, canonicalise=_CANONICAL in steps
    )
    if found.steps != tuple(steps):
        raise SadvaeError(
            f"clips were prepared with steps {', '.join(steps) or '(none)'}, which this version does not make; it "
            f"makes, for example, {', '.join(PrepareSettings().steps)}."
        )
    return found


def prepare_clip_set(clips: ClipSet, settings: PrepareSettings) -> tuple[ClipSet, tuple[Dropped, ...]]:
    """Prepare raw clips, each by itself: what a clip becomes does not depend on the others.

    Returns the prepared clips in their order, float32 [person, frame, joint, 3] (trunk lengths if canonicalised,
    metres otherwise), and those that were left out with the reason. Raises SadvaeError for prepared clips.
    """
    if clips.steps:
        raise SadvaeError(
            f"{clips.dataset} was already prepared ({', '.join(clips.steps)}); give the raw clips, or leave this step."
        )
    made = [_prepare(clip, settings) for clip in clips.clips]
    kept = tuple(clip for clip in made if isinstance(clip, SkeletonClip))
    dropped = tuple(clip for clip in made if isinstance(clip, Dropped))
    return ClipSet(clips.dataset, clips.layout, kept, clips.class_names, settings.steps), dropped


def _prepare(clip: SkeletonClip, settings: PrepareSettings) -> SkeletonClip | Dropped:
    try:
        return replace(clip, joints=_prepared_joints(clip, settings))
    except DegeneratePoseError as error:
        return Dropped(clip.clip_id, str(error))


def _prepared_joints(clip: SkeletonClip, settings: PrepareSettings) -> FloatArray:
    joints, layout = drop_empty_frames(keep_bodies(clip.joints, settings.bodies)), clip.layout
    if not joints.size:
        raise DegeneratePoseError("it holds no body: every joint of every frame is (0, 0, 0)")
    if settings.canonicalise:
        seen = measured(joints)[0].any(axis=0)
        never = [layout.joints[joint] for joint in landmarks(layout) if not seen[joint]]
        if never:
            raise DegeneratePoseError(f"the joint {never[0]!r} of its main body was never measured")
    if settings.fill:
        joints = fill_lost_joints(joints, layout)
    return canonicalise(joints, layout) if settings.canonicalise else joints
