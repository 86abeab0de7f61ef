"""Features without learning: where hands, feet and head are, and how they move, in numbers that have names.

A network that tells the seen classes apart may drop what only unseen ones need. These numbers are the same for every
class: positions, extents, paths, turns and strokes of each limb, hands to each other, bends of elbows and knees, lean
of the trunk. Only their mean and spread, and a linear classifier of the seen classes, come from training clips.
Ours; docs/encoders.md says what each number is.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from sadvae.encoders.fusion import LateFusion
from sadvae.encoders.limbs import limbs_of
from sadvae.encoders.network import EncoderOutput, SkeletonNetwork, mean_of_bodies
from sadvae.encoders.posec3d import PoseC3D
from sadvae.types import Layout

# Frames of the moving average that takes a sensor's noise off a path.
SMOOTH = 5
# Paths shorter than this, in limb lengths, are noise.
SMALL = 0.05
# Standardised features are clipped here: a broken skeleton must not outweigh all others.
FARTHEST = 3.0
AXIS_PAIRS = ((0, 1), (1, 2), (0, 2))
# A path has 37 numbers, of 6 points; then hands, bends of 4 joints, and the trunk.
NUMBERS = 6 * 37 + 7 + 4 * 3 + 9


class Kinematics(nn.Module):
    """Numbers of movement, standardised by training clips."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        limbs = limbs_of(layout)
        four = (limbs.right_arm, limbs.left_arm, limbs.right_leg, limbs.left_leg)
        self.roots, self.middles = [limb.root for limb in four], [limb.middle for limb in four]
        self.ends = [limb.end for limb in four]
        self.head, self.hips, self.shoulders = limbs.head, list(layout.hips), list(layout.shoulders)
        self.norm = nn.BatchNorm1d(NUMBERS, affine=False)

    def forward(self, x: Tensor, clip_of_body: Tensor, clips: int) -> Tensor:
        """Bodies [body, frame, joint, channel], positions first, to features [clip, NUMBERS]."""
        return self.norm(self.of_clips(x, clip_of_body, clips)).clamp(-FARTHEST, FARTHEST)

    @torch.no_grad()
    def of_clips(self, x: Tensor, clip_of_body: Tensor, clips: int) -> Tensor:
        """As forward, not yet standardised: the mean over the bodies of each clip."""
        return mean_of_bodies(self.numbers(x[..., :3].to(torch.float32)), clip_of_body, clips)

    def standardise_by(self, numbers: Tensor) -> None:
        """Take mean and spread of the numbers [clip, NUMBERS] of training clips for those of all clips."""
        mean, variance = self.norm.running_mean, self.norm.running_var
        assert mean is not None
        assert variance is not None
        mean.copy_(numbers.mean(0))
        variance.copy_(numbers.var(0, correction=0))

    def numbers(self, joints: Tensor) -> Tensor:
        """Positions [body, frame, joint, 3] to [body, NUMBERS]: of each end of a limb, then of the body as a whole."""
        hips, shoulders = joints[:, :, self.hips].mean(2), joints[:, :, self.shoulders].mean(2)
        head = shoulders if self.head is None else joints[:, :, self.head]
        root, middle, end = (joints[:, :, ids] for ids in (self.roots, self.middles, self.ends))
        lengths = _lengths(root, middle, end)
        arm, leg = lengths[:, :, :2].mean(2), lengths[:, :, 2:].mean(2)
        trunk_points = torch.stack([(head - hips) / leg, (hips - hips[:, :1]) / leg], 2)
        points = torch.cat([(end - root) / lengths, trunk_points], 2).transpose(1, 2)
        # All points as further bodies: a sixth of the operations, each on six times as much.
        paths = smoothed(points.flatten(0, 1))
        right, left = paths.unflatten(0, points.shape[:2])[:, :2].unbind(1)
        of_paths = _path(paths).unflatten(0, points.shape[:2]).flatten(1)
        hands = _hands((end[:, :, 0] - end[:, :, 1]) / arm, right, left)
        # Cosine of the angle at the middle joint: -1 where the limb is straight.
        bends = functional.cosine_similarity(root - middle, end - middle, dim=3)
        of_bends = _range(bends).unflatten(1, (3, len(self.ends))).transpose(1, 2).flatten(1)
        trunk = functional.normalize(shoulders - hips, dim=2)
        return torch.cat([of_paths, hands, of_bends, _range(trunk)], 1)


class KinematicsNetwork(nn.Module):
    """Numbers of movement and a linear classifier on them, with no network else."""

    def __init__(self, layout: Layout, classes: int) -> None:
        super().__init__()
        self.kinematics = Kinematics(layout)
        self.classifier = nn.Linear(NUMBERS, classes)

    def forward(self, x: Tensor, clip_of_body: Tensor, clips: int) -> EncoderOutput:
        """Bodies [body, frame, joint, channel], positions first, to one output a clip; the map is the positions."""
        features = self.kinematics(x, clip_of_body, clips)
        logits = self.classifier(features)
        return EncoderOutput(features, logits, x[..., :3], (logits,))


class WithKinematics(nn.Module):
    """A network that tells seen classes apart, beside numbers of movement as features: each does what it does best.

    The network learns as it would alone; the numbers are standardised by whole training clips when it has learned.
    """

    def __init__(self, network: SkeletonNetwork | PoseC3D | LateFusion, layout: Layout) -> None:
        super().__init__()
        self.network, self.kinematics = network, Kinematics(layout)

    def forward(self, x: Tensor, clip_of_body: Tensor, clips: int) -> EncoderOutput:
        """As the network, with the numbers of movement in place of its features once training is over."""
        found: EncoderOutput = self.network(x, clip_of_body, clips)
        return found if self.training else replace(found, features=self.kinematics(x, clip_of_body, clips))


def smoothed(path: Tensor) -> Tensor:
    """The moving average over SMOOTH frames of [body, frame, 3]; ends are repeated."""
    padded = functional.pad(path.transpose(1, 2), (SMOOTH // 2, SMOOTH // 2), mode="replicate")
    return functional.avg_pool1d(padded, SMOOTH, 1).transpose(1, 2)


def _lengths(root: Tensor, middle: Tensor, end: Tensor) -> Tensor:
    """How long limbs are on average over frames, from joints [body, frame, limb, 3]: [body, 1, limb, 1], never 0."""
    return ((middle - root).norm(dim=3) + (end - middle).norm(dim=3)).mean(1)[:, None, :, None] + 1e-3


def _range(values: Tensor) -> Tensor:
    """Mean, least and most over frames, axis by axis: [body, frame, k] to [body, 3 k]."""
    return torch.cat([values.mean(1), values.amin(1), values.amax(1)], 1)


def _path(p: Tensor) -> Tensor:
    """37 numbers of the path of a point [body, frame, 3] that say where it is, how far, which way and how it moves."""
    v = p[:, 1:] - p[:, :-1]
    speed = v.norm(dim=2, keepdim=True)
    length = speed.sum(1)
    moving = length / (length + SMALL)
    share = speed / (length[:, None] + 1e-6)
    spread = p.std(1)
    # Where it moves: mean position, weighted by speed. Which axes it moves along: shares of its squared speed.
    where = (p[:, 1:] * share).sum(1)
    axes = v.square().sum(1) / (v.square().sum((1, 2))[:, None] + 1e-6)
    # The direction of its fastest part, and how far it comes in the first and second half of its path.
    stroke = functional.normalize((v * speed.square()).sum(1), dim=1, eps=1e-6) * moving
    early = (share.cumsum(1) < 0.5).to(p.dtype)
    halves = [(v * early).sum(1), (v * (1 - early)).sum(1)]
    # Fast one way and slowly back: the skewness of its velocity.
    skew = v.pow(3).mean(1) / (v.square().mean(1).pow(1.5) + 1e-6) * moving
    place = [_range(p), spread, where, torch.log(length + SMALL)]
    return torch.cat([*place, axes, _turns(p, v, length), _strokes(p, v), stroke, *halves, skew], 1)


def _turns(p: Tensor, v: Tensor, length: Tensor) -> Tensor:
    """Signed area that a path goes round, in each plane, by the square of its length: [body, 3]; circles give most."""
    q = (p - p.mean(1, keepdim=True))[:, :-1]
    areas = [(q[..., a] * v[..., b] - q[..., b] * v[..., a]).sum(1) for a, b in AXIS_PAIRS]
    return 10 * torch.stack(areas, 1) / (length + SMALL).square()


def _strokes(p: Tensor, v: Tensor) -> Tensor:
    """How often it goes to and fro along each axis: way by extent, as a logarithm: [body, 3]."""
    extent = p.amax(1) - p.amin(1)
    return torch.log1p(v.abs().sum(1) / (extent + 2 * SMALL))


def _hands(apart: Tensor, right: Tensor, left: Tensor) -> Tensor:
    """Hands to each other: their distance, which moves more, whether they move alike or as in a mirror: [body, 7].

    apart: from left to right [body, frame, 3]. right, left: their smoothed paths.
    """
    distance = apart.norm(dim=2, keepdim=True)
    v_right, v_left = (path[:, 1:] - path[:, :-1] for path in (right, left))
    more, less = (v.square().sum((1, 2)) + 1e-3 for v in (v_right, v_left))
    # Of hands that share the movement: 1 where they move alike, -1 where against each other.
    shared = (3 * torch.minimum(more, less) / torch.maximum(more, less)).clamp(max=1) / (more * less).sqrt()
    products = (v_right * v_left).sum(1)
    alike, mirrored = products.sum(1), products[:, 1] + products[:, 2] - products[:, 0]
    together = torch.stack([torch.log(more / less), alike * shared, mirrored * shared], 1)
    return torch.cat([_range(distance), distance.std(1), together], 1)
