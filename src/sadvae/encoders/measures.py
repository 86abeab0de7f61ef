"""Numbers of movement of whole clips, for whoever standardises by them: training and composed movements."""

from __future__ import annotations

import torch
from torch import Tensor

from sadvae.encoders.bodies import Bodies
from sadvae.encoders.kinematics import Kinematics
from sadvae.encoders.streams import all_streams, parents
from sadvae.types import ClipSet

# Clips whose numbers are taken at once.
_AT_ONCE = 200


def numbers_of(clips: ClipSet, frames: int) -> Tensor:
    """The numbers of movement of prepared clips, resized to `frames` and not standardised: float32 [clip, number]."""
    kinematics, parent, parts = Kinematics(clips.layout), torch.tensor(parents(clips.layout)), []
    for start in range(0, len(clips.clips), _AT_ONCE):
        batch = clips.clips[start : start + _AT_ONCE]
        bodies = Bodies.of(batch)
        rows = torch.arange(len(bodies.lengths))
        joints = bodies.whole(rows, frames)
        parts.append(kinematics.of_clips(all_streams(joints, parent), bodies.clips, len(batch)))
    return torch.cat(parts)
