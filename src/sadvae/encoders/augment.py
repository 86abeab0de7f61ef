"""Changes that make training clips differ: turned, scaled and noisy bodies that lose a joint."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sadvae.encoders.settings import EncoderSettings


def random_crops(settings: EncoderSettings, clips: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Begin and share of a random part of each clip, float32 [clip] each."""
    share = settings.crop + (1 - settings.crop) * torch.rand(clips, generator=generator)
    return (1 - share) * torch.rand(clips, generator=generator), share


def mirrored(joints: Tensor, chosen: Tensor, twins: Tensor) -> Tensor:
    """Bodies [body, frame, joint, 3], the chosen ones (bool [body]) as in a mirror: sides swap, x turns its sign.

    x points from left to right in every preparation, or is a horizontal axis of the sensor; with y or z up both give
    the body that a mirror shows, which way ever it faces. twins: int64 [joint], from sides.twins().
    """
    image = joints[:, :, twins] * torch.tensor([-1.0, 1.0, 1.0], device=joints.device)
    return torch.where(chosen[:, None, None, None], image, joints)


def augmented(joints: Tensor, clip_of_body: Tensor, settings: EncoderSettings, generator: torch.Generator) -> Tensor:
    """Joints [body, frame, joint, 3] of canonical bodies (y up), each clip changed in its own way.

    All bodies of a clip are turned and scaled alike; a lost joint (0, 0, 0) stays lost. The generator is of the CPU, so
    every device gets the same draws.
    """
    clips = int(clip_of_body.max()) + 1
    turns = random_rotations(settings.rotation_degrees, clips, generator)
    scales = 1 + settings.scale * (2 * torch.rand(clips, 3, generator=generator) - 1)
    change = (turns * scales[:, None]).to(joints.device)[clip_of_body]
    changed = joints @ change[:, None].transpose(2, 3)
    noise = settings.noise * torch.randn(joints.shape, generator=generator).to(joints.device)
    changed = changed + noise * joints.any(-1, keepdim=True)
    kept = torch.rand(len(joints), 1, joints.shape[2], 1, generator=generator) >= settings.joint_dropout
    return changed * kept.to(joints.device)


def random_rotations(degrees: float, count: int, generator: torch.Generator) -> Tensor:
    """Random rotation matrices [count, 3, 3]: at most `degrees` about y, and a third of that about x and z."""
    limits = torch.tensor([degrees / 3, degrees, degrees / 3]) * math.pi / 180
    x, y, z = ((2 * torch.rand(count, 3, generator=generator) - 1) * limits).unbind(1)
    return _about(0, x) @ _about(1, y) @ _about(2, z)


def _about(axis: int, angle: Tensor) -> Tensor:
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrices = torch.zeros(len(angle), 3, 3)
    matrices[:, axis, axis] = 1
    matrices[:, first, first] = matrices[:, second, second] = angle.cos()
    matrices[:, second, first] = angle.sin()
    matrices[:, first, second] = -angle.sin()
    return matrices
