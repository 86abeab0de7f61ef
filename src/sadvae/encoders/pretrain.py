"""Train a skeleton encoder on the training clips of one level: its seen classes, and no other clip."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sadvae.encoders.architectures import new_network
from sadvae.encoders.augment import augmented, random_crops
from sadvae.encoders.bodies import Bodies
from sadvae.encoders.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.streams import all_streams, parents
from sadvae.encoders.trained import TrainedEncoder
from sadvae.encoders.training import Training, seeded
from sadvae.errors import SadvaeError
from sadvae.files import hash_arrays
from sadvae.task import ClipTask
from sadvae.types import ClipSet


@dataclass(frozen=True)
class EpochReport:
    """What one epoch came to: its number from 0, mean loss, and share of training samples that were right."""

    epoch: int
    loss: float
    accuracy: float


def pretrain(
    task: ClipTask,
    class_count: int,
    settings: EncoderSettings,
    seed: int,
    *,
    on_epoch: Callable[[EpochReport], None] | None = None,
    checkpoint: Path | None = None,
) -> TrainedEncoder:
    """Train on task.train alone; the logits have class_count columns, one per class id.

    checkpoint: a file that is written after every epoch; a stopped training goes on from it to the same result.
    Raises SadvaeError when a class has a single clip, or when the loss stops being a number.
    """
    clips = task.train
    _check_counts(clips)
    with seeded(seed):
        network = new_network(settings, clips.layout, class_count)
    bodies, labels = Bodies.of(clips.clips), torch.tensor([clip.label for clip in clips.clips])
    training = Training(network, settings, len(_batches(len(labels), settings, None)))
    key = _key(clips, class_count, settings, seed)
    found = read_checkpoint(checkpoint, key) if checkpoint else None
    if found:
        training.load_state_dict(found.state)
    for epoch in range(found.epochs if found else 0, settings.epochs):
        report = _epoch(training, bodies, labels, torch.tensor(parents(clips.layout)), epoch, seed)
        if checkpoint:
            write_checkpoint(checkpoint, Checkpoint(key, epoch + 1, training.state_dict()))
        if on_epoch:
            on_epoch(report)
    network.load_state_dict(training.average)
    frozen = network.requires_grad_(False).eval()
    return TrainedEncoder(settings, clips.layout, class_count, clips.steps, task.trace, frozen)


def _epoch(training: Training, bodies: Bodies, labels: Tensor, parent: Tensor, epoch: int, seed: int) -> EpochReport:
    settings = training.settings
    losses, right, count = [], 0, 0
    with seeded(seed, epoch + 1) as generator:
        for clips in _batches(len(labels), settings, generator):
            rows, clip_of_body = bodies.rows_of(clips)
            begin, share = random_crops(settings, len(clips), generator)
            joints = bodies.resized(rows, settings.frames, begin[clip_of_body], share[clip_of_body])
            joints = augmented(joints, clip_of_body, settings, generator)
            loss, correct = training.step(all_streams(joints, parent), clip_of_body, labels[clips])
            losses.append(float(loss))
            right, count = right + int(correct), count + len(clips)
    mean = sum(losses) / len(losses)
    if mean != mean:
        raise SadvaeError(
            f"the encoder's loss is not a number in epoch {epoch + 1}; lower learning_rate "
            f"(now {settings.learning_rate:g}) or check the clips with `sadvae check`."
        )
    return EpochReport(epoch, mean, right / count)


def _batches(count: int, settings: EncoderSettings, generator: torch.Generator | None) -> list[Tensor]:
    """One pass over the clips in random order; a last batch too small for batch statistics joins the one before."""
    order = torch.arange(count) if generator is None else torch.randperm(count, generator=generator)
    parts = list(order.split(settings.batch_size))
    if len(parts) > 1 and len(parts[-1]) < settings.batch_size / 2:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


def _check_counts(clips: ClipSet) -> None:
    few = [c for c, count in Counter(clip.label for clip in clips.clips).items() if count < 2 and c is not None]
    if few:
        raise SadvaeError(
            f"class {clips.class_names[few[0]]!r} has a single training clip; an encoder needs at least two a class: "
            "add clips or take the class out of the split."
        )


def _key(clips: ClipSet, class_count: int, settings: EncoderSettings, seed: int) -> str:
    data = hash_arrays(*(clip.joints for clip in clips.clips))
    labels = [clip.label for clip in clips.clips]
    return hashlib.sha256(f"{data} {labels} {class_count} {settings.model_dump_json()} {seed}".encode()).hexdigest()
