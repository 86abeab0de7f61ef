"""From joints to what the encoder reads of them: positions, bones and their velocities."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from sadvae.encoders.graph import hops_from
from sadvae.types import Layout

STREAMS = ("joint", "bone", "joint motion", "bone motion")


def columns_of(streams: Sequence[str]) -> list[int]:
    """The channels of all_streams() that belong to the streams of these names, in their order."""
    return [3 * STREAMS.index(stream) + axis for stream in streams for axis in range(3)]


def parents(layout: Layout) -> tuple[int, ...]:
    """For each joint its neighbour towards the spine (itself for the spine and for joints without bones)."""
    hops = hops_from(layout, layout.spine)
    found = list(range(len(layout.joints)))
    for one, other in layout.bones:
        if hops[one] != hops[other]:
            near, far = (one, other) if hops[one] < hops[other] else (other, one)
            found[far] = near
    return tuple(found)


def all_streams(joints: Tensor, parent: Tensor) -> Tensor:
    """Positions [n, frame, joint, 3] to [n, frame, joint, 12]: joint, bone, joint motion, bone motion.

    parent: int64 [joint], from parents(). A bone is a joint minus its parent; motion is the difference to the frame
    before, 0 at the first.
    """
    # Written in place: joining parts costs four times as much as all of the arithmetic.
    streams = joints.new_zeros(*joints.shape[:3], 3 * len(STREAMS))
    streams[..., :3] = joints
    streams[..., 3:6] = joints - joints[:, :, parent]
    streams[:, 1:, :, 6:] = streams[:, 1:, :, :6] - streams[:, :-1, :, :6]
    return streams
