"""Generated motion to try the page with: single actions, and a recording of several, one after another."""

from __future__ import annotations

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.skeleton.generated import generate_clip_set
from sadvae.types import SkeletonClip

# Another seed than any experiment's, so that no recogniser of generated motion was trained on these people.
SEED = 20_241
# Pauses between the actions of a recording, in frames.
PAUSE = 12
RECORDING = "recording"
_ACTIONS = {
    "squat": ("Squat", "squat"),
    "wave-left": ("Wave the left hand", "wave the left hand"),
    "kick-sideways": ("Kick sideways", "kick sideways with the right leg"),
    "both-arms": ("Raise both arms", "raise both arms"),
}
_RECORDED = ("wave the left hand", "squat", "kick forward with the right leg", "raise both arms")
TITLES = {**{key: title for key, (title, _) in _ACTIONS.items()}, RECORDING: "A recording of four actions"}
# Names that make sense for every sample.
WORDS = tuple(dict.fromkeys([*(name for _, name in _ACTIONS.values()), *_RECORDED]))


def sample_clip(key: str) -> SkeletonClip:
    """The generated clip of a key of TITLES, layout kinect-v2, 30 frames a second; always the same.

    Raises SadvaeError for another key.
    """
    if key == RECORDING:
        return _joined([_performed(action) for action in _RECORDED])
    if key not in _ACTIONS:
        raise SadvaeError(f"there is no sample {key[:40]!r}; choose from: {', '.join(TITLES)}.")
    title, action = _ACTIONS[key]
    clip = _performed(action)
    return SkeletonClip(clip.joints, clip.layout, title)


def _performed(action: str) -> SkeletonClip:
    # Few lost joints and little turning: a sample is there to be looked at.
    changes = {"subjects": 1, "repetitions": 1, "seed": SEED, "dropped": 0.0, "view_degrees": 0.0, "style": 0.4}
    return generate_clip_set(actions=(action,), **changes).clips[0]


def _joined(clips: list[SkeletonClip]) -> SkeletonClip:
    """Clips one after another; each starts where the one before ends, and glides from its last pose to its first."""
    layout = clips[0].layout
    parts: list[np.ndarray] = [clips[0].joints]
    for clip in clips[1:]:
        end, joints = parts[-1][:, -1:], clip.joints
        hips = list(layout.hips)
        joints = joints + (end[:, :, hips] - joints[:, :1, hips]).mean(axis=2, keepdims=True) * [1, 0, 1]
        steps = np.linspace(0, 1, PAUSE + 2)[1:-1].reshape(1, -1, 1, 1)
        parts += [end * (1 - steps) + joints[:, :1] * steps, joints]
    return SkeletonClip(np.concatenate(parts, axis=1).astype(np.float32), layout, TITLES[RECORDING])
