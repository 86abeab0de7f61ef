"""Clips as flat tensors, and batches of bodies resized to one number of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.types import SkeletonClip


@dataclass(frozen=True, eq=False)
class Bodies:
    """All bodies of some clips, one after the other, in memory.

    joints: float32 [sum of frames, joint, 3]. starts, lengths: int64 [body]. clips: int64 [body], the clip of each.
    """

    joints: Tensor
    starts: Tensor
    lengths: Tensor
    clips: Tensor

    @staticmethod
    def of(clips: Sequence[SkeletonClip]) -> Bodies:
        """The bodies of clips, in order; a body that is all zero (padding) is left out where another one is there."""
        # As plain arrays, for a view of a mapped one takes as long as copying a clip.
        bodies = [(i, body) for i, clip in enumerate(clips) for body in _present(np.asarray(clip.joints))]
        lengths = np.array([len(body) for _, body in bodies], dtype=np.int64)
        joints = np.concatenate([body for _, body in bodies])
        if not np.isfinite(joints).all():
            broken = next(clips[i].clip_id for i, body in bodies if not np.isfinite(body).all())
            raise SadvaeError(f"clip {broken!r} holds a number that is not finite; prepare the clips again.")
        return Bodies(
            torch.from_numpy(joints),
            torch.from_numpy(np.cumsum(lengths) - lengths),
            torch.from_numpy(lengths),
            torch.tensor([i for i, _ in bodies]),
        )

    def to(self, device: torch.device) -> Bodies:
        """The same bodies on a device."""
        return Bodies(*(tensor.to(device) for tensor in (self.joints, self.starts, self.lengths, self.clips)))

    def resized(self, rows: Tensor, frames: int, begin: Tensor, share: Tensor) -> Tensor:
        """Bodies `rows` cut to a part of each and resized by linear interpolation: float32 [row, frames, joint, 3].

        begin, share: float [row], where the part begins and how long it is, as shares of the clip.
        """
        last = (self.lengths[rows] - 1).to(torch.float32)
        at = (begin[:, None] + share[:, None] * torch.linspace(0, 1, frames, device=last.device)) * last[:, None]
        low = at.floor().clamp(max=(last - 1).clamp(min=0)[:, None])
        part = (at - low)[:, :, None, None]
        first = self.starts[rows][:, None] + low.to(torch.int64)
        second = torch.minimum(first + 1, (self.starts + self.lengths - 1)[rows][:, None])
        return torch.lerp(self.joints[first], self.joints[second], part)

    def whole(self, rows: Tensor, frames: int) -> Tensor:
        """Bodies `rows` resized without being cut, as they are when features are extracted."""
        none = torch.zeros(len(rows), device=self.joints.device)
        return self.resized(rows, frames, none, none + 1)

    def rows_of(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """The body rows of some clips, and for each row the position of its clip in `clips`."""
        device = self.clips.device
        where = torch.full((int(self.clips.max()) + 1,), -1, dtype=torch.int64, device=device)
        where[clips.to(device)] = torch.arange(len(clips), device=device)
        position = where[self.clips]
        rows = torch.nonzero(position >= 0)[:, 0]
        return rows, position[rows]


def _present(joints: np.ndarray) -> list[np.ndarray]:
    if len(joints) == 1:
        return [joints[0]]
    # Nearly every body that is there is so in its first frame.
    present = [body for body in joints if body[0].any() or body.any()]
    return present or [joints[0]]
