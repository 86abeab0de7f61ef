"""What one step of training reads: clips cut, resized, mirrored and augmented, and the part of this process."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sadvae.encoders.augment import augmented, mirrored, random_crops
from sadvae.encoders.bodies import Bodies
from sadvae.encoders.processes import Processes
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.sides import names_a_side, twins
from sadvae.encoders.streams import all_streams, parents
from sadvae.types import ClipSet


@dataclass(frozen=True, eq=False)
class Batch:
    """Streams float32 [body, frame, joint, channel], clip_of_body int64 [body], labels int64 [clip].

    whole: clips of the batch in all processes together.
    """

    streams: Tensor
    clip_of_body: Tensor
    labels: Tensor
    whole: int


@dataclass(frozen=True, eq=False)
class Samples:
    """Labelled clips on a device. chance: float32 [clip], how often a clip is mirrored, on the CPU."""

    bodies: Bodies
    labels: Tensor
    parent: Tensor
    twins: Tensor
    chance: Tensor
    settings: EncoderSettings
    processes: Processes

    @staticmethod
    def of(clips: ClipSet, settings: EncoderSettings, processes: Processes) -> Samples:
        """Clips made ready. Raises SadvaeError where they are to be mirrored and their layout names no sides."""
        device = processes.device
        labels = [clip.label or 0 for clip in clips.clips]
        sided = [names_a_side(name) for name in clips.class_names]
        return Samples(
            Bodies.of(clips.clips).to(device),
            torch.tensor(labels, device=device),
            torch.tensor(parents(clips.layout), device=device),
            torch.tensor(twins(clips.layout) if settings.mirror else (), dtype=torch.int64, device=device),
            torch.tensor([0.0 if sided[label] else settings.mirror for label in labels]),
            settings,
            processes,
        )

    def random(self, clips: Tensor, generator: torch.Generator) -> Batch:
        """Training samples of some clips, int64 [clip].

        Every process draws for the whole batch and takes its part, so that together they read what one would.
        """
        rows, clip_of_body = self.bodies.rows_of(clips)
        begin, share = (x.to(self.processes.device) for x in random_crops(self.settings, len(clips), generator))
        joints = self.bodies.resized(rows, self.settings.frames, begin[clip_of_body], share[clip_of_body])
        if self.settings.mirror:
            chosen = torch.rand(len(clips), generator=generator) < self.chance[clips]
            joints = mirrored(joints, chosen.to(joints.device)[clip_of_body], self.twins)
        joints = augmented(joints, clip_of_body, self.settings, generator)
        return self._part(joints, clip_of_body, clips)

    def plain(self, clips: Tensor) -> Batch:
        """This process's part of whole clips without any change, as they are when features are extracted."""
        rows, clip_of_body = self.bodies.rows_of(clips)
        return self._part(self.bodies.whole(rows, self.settings.frames), clip_of_body, clips)

    def _part(self, joints: Tensor, clip_of_body: Tensor, clips: Tensor) -> Batch:
        part = self.processes.part(len(clips))
        if len(part) < len(clips):
            mine = (clip_of_body >= part.start) & (clip_of_body < part.stop)
            joints, clip_of_body = joints[mine], clip_of_body[mine] - part.start
        labels = self.labels[clips[part.start : part.stop].to(self.labels.device)]
        return Batch(all_streams(joints, self.parent), clip_of_body, labels, len(clips))


def batches(count: int, size: int, generator: torch.Generator | None = None) -> list[Tensor]:
    """One pass over clips in random order (without a generator, in theirs): int64 [clip] each.

    A last batch too small for batch statistics, as a single clip always is, joins the one before.
    """
    order = torch.arange(count) if generator is None else torch.randperm(count, generator=generator)
    parts = list(order.split(size))
    if len(parts) > 1 and len(parts[-1]) < max(2, size / 2):
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts
