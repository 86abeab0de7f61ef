"""Which frames of a clip are kept, and clips of one number of frames: what published recipes do along time.

Joints are float32 [person, frame, joint, 3]. Nothing here is random unless a generator is given.
"""

from __future__ import annotations

import numpy as np

from sadvae.types import FloatArray, IntArray


def central_frames(joints: FloatArray, most: int) -> FloatArray:
    """The middle `most` frames of a longer clip (AimCLR)."""
    begin = max(joints.shape[1] - most, 0) // 2
    return joints[:, begin : begin + most]


def central_share(joints: FloatArray, share: float) -> FloatArray:
    """The middle of a clip: int((1 - share) * frames / 2) frames go at either end (CTR-GCN at test time)."""
    cut = int((1 - share) * joints.shape[1] / 2)
    return joints[:, cut : joints.shape[1] - cut]


def random_share(joints: FloatArray, least: float, most: float, generator: np.random.Generator) -> FloatArray:
    """A part of a clip at a random place: between two shares of its frames, 64 at least (CTR-GCN in training)."""
    frames = joints.shape[1]
    share = generator.uniform(least, most)
    length = min(max(int(share * frames), 64), frames)
    begin = int(generator.integers(0, frames - length + 1))
    return joints[:, begin : begin + length]


def resize(joints: FloatArray, frames: int) -> FloatArray:
    """A clip of `frames` frames by linear interpolation between frame centres, the ends held.

    The same numbers as bilinear interpolation of an image without aligned corners (CTR-GCN, AimCLR).
    """
    last = joints.shape[1] - 1
    at = np.clip((np.arange(frames) + 0.5) * (joints.shape[1] / frames) - 0.5, 0, last)
    low = np.floor(at).astype(np.int64)
    part = (at - low).astype(np.float32)[:, None, None]
    return joints[:, low] * (1 - part) + joints[:, np.minimum(low + 1, last)] * part


def uniform_frames(length: int, frames: int, generator: np.random.Generator | None = None) -> IntArray:
    """Which frames of a clip stand for it: one of each of `frames` equal parts (pyskl); int64 [frames].

    Without a generator the middle one of each part, with one any. A shorter clip is gone through again from its start.
    """
    if length < frames:
        return np.arange(frames) % length
    bounds = np.arange(frames + 1) * length // frames
    size = np.diff(bounds)
    return bounds[:-1] + (size // 2 if generator is None else generator.integers(0, size))


def repeat_over_gaps(joints: FloatArray, frames: int) -> FloatArray:
    """A clip of `frames` frames in which what a body did is repeated where it is not seen to the end (2s-AGCN).

    A clip is cut or continued with empty frames first. Then for each body that was seen: if its first frame is empty,
    its empty frames go to the end; empty frames at the end are filled with what came before, as often as it takes.
    """
    made = np.zeros((len(joints), frames, *joints.shape[2:]), np.float32)
    kept = joints[:, :frames]
    made[:, : kept.shape[1]] = kept
    seen = np.any(made, axis=(2, 3))
    for person in np.flatnonzero(np.any(seen, axis=1)).tolist():
        body, known = made[person], seen[person]
        if not known[0]:
            body = np.concatenate([body[known], np.zeros_like(body[~known])])
            known = np.sort(known)[::-1]
        length = int(np.flatnonzero(known)[-1]) + 1
        made[person] = body[np.arange(frames) % length]
    return made
