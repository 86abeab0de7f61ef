"""What a depth camera makes of a body: a view, noise, and joints that it loses for a while."""

from __future__ import annotations

import numpy as np

from sadvae.skeleton.generated.perform import slow_drift
from sadvae.skeleton.generated.rotation import Array, about
from sadvae.types import FloatArray

# Hands and feet are small and often hidden, so a sensor places them worse than the trunk.
UNSTEADY = np.array([6, 7, 10, 11, 14, 15, 18, 19, 21, 22, 23, 24])


def seen_from_camera(joints: Array, generator: np.random.Generator, view_degrees: float) -> Array:
    """Turn a body [frame, joint, 3] and put it in front of a camera: the origin, looking along +z, y up, metres."""
    yaw = np.deg2rad(generator.uniform(-view_degrees, view_degrees))
    tilt = np.deg2rad(generator.uniform(-4, 4))
    place = [generator.uniform(-0.5, 0.5), -generator.uniform(0.8, 1.4), generator.uniform(2.6, 3.6)]
    turned = joints @ about(1, np.array([yaw]))[0].T + place
    return turned @ about(0, np.array([tilt]))[0].T


def add_noise(joints: Array, generator: np.random.Generator, noise: float) -> Array:
    """Joints [frame, joint, 3] with noise of standard deviation `noise` in metres, doubled for hands and feet.

    Half of its variance changes from frame to frame, half drifts slowly, as a tracker's guess does.
    """
    frames, count, _ = joints.shape
    scale = np.full((count, 1), noise)
    scale[UNSTEADY] *= 2
    jitter = generator.standard_normal(joints.shape)
    drift = slow_drift(generator, frames, count * 3).reshape(joints.shape)
    return joints + scale * np.sqrt(0.5) * (jitter + drift)


def drop_joints(joints: FloatArray, generator: np.random.Generator, expected: float) -> FloatArray:
    """Joints [frame, joint, 3] with (0, 0, 0) where a joint was lost: `expected` stretches of 4 to 15 frames."""
    frames, count, _ = joints.shape
    kept = joints.copy()
    for _ in range(generator.poisson(expected)):
        length = int(generator.integers(4, 16))
        start = int(generator.integers(0, max(1, frames - length)))
        # Every second loss is a hand or a foot.
        joint = generator.choice(UNSTEADY) if generator.random() < 0.5 else generator.integers(count)
        kept[start : start + length, joint] = 0
    return kept
