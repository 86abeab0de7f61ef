"""Train a skeleton encoder on the training clips of one level: its seen classes, and no other clip."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch

from sadvae.encoders.architectures import new_network
from sadvae.encoders.checkpoint import Checkpoint, read_checkpoint, remove_checkpoint, write_checkpoint
from sadvae.encoders.course import Course
from sadvae.encoders.kinematics import WithKinematics
from sadvae.encoders.measures import numbers_of
from sadvae.encoders.precision import matrix_products
from sadvae.encoders.processes import ALONE, Processes
from sadvae.encoders.samples import Samples, batches
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.trained import TrainedEncoder
from sadvae.encoders.training import Training, seeded
from sadvae.encoders.training_report import EpochReport, TrainingReport, picked_epoch
from sadvae.encoders.trouble import TroubleError, check_alive, check_loss, check_weights
from sadvae.encoders.validation import training_parts
from sadvae.errors import SadvaeError
from sadvae.files import hash_arrays
from sadvae.task import ClipTask
from sadvae.types import ClipSet

OnEpoch = Callable[[EpochReport], None]


def pretrain(
    task: ClipTask,
    class_count: int,
    settings: EncoderSettings,
    seed: int,
    *,
    on_epoch: OnEpoch | None = None,
    checkpoint: Path | None = None,
    processes: Processes = ALONE,
) -> TrainedEncoder:
    """Train on task.train alone; the logits have class_count columns, one per class id.

    checkpoint: a file that is written after every epoch; a stopped training goes on from it to the same result.
    processes: which of several this is; the one that leads writes and reports, all return the encoder, on the CPU.
    Raises SadvaeError when a class has too few clips, when the loss stops being a number or does not move, and when
    the checkpoint is of other settings.
    """
    run = _Run(task, class_count, settings, seed, processes)
    if checkpoint:
        run.resume(checkpoint)
    with matrix_products(run.training.numbers, processes.device):
        for epoch in range(len(run.course.epochs), settings.epochs):
            run.learn(epoch, checkpoint)
            if on_epoch and processes.leads:
                on_epoch(run.course.epochs[-1])
    network = new_network(settings, task.train.layout, class_count)
    network.load_state_dict(run.course.weights)
    frozen = network.requires_grad_(False).eval()
    if isinstance(frozen, WithKinematics):
        frozen.kinematics.standardise_by(numbers_of(run.parts.train, settings.frames))
    layout, steps = task.train.layout, task.train.steps
    return TrainedEncoder(settings, layout, class_count, steps, task.trace, frozen, run.report())


class _Run:
    """One training from its clips to its last epoch."""

    def __init__(
        self, task: ClipTask, class_count: int, settings: EncoderSettings, seed: int, processes: Processes
    ) -> None:
        self.settings, self.seed, self.class_count, self.processes = settings, seed, class_count, processes
        clips = task.train
        self.parts = training_parts(clips, settings.validation, task.split.seen)
        self.key = _key(clips, class_count, seed)
        self.train = Samples.of(self.parts.train, settings, processes)
        kept = self.parts.validation
        self.validation = Samples.of(kept, settings, processes) if kept.clips else None
        sizes = [len(batch) for batch in self._batches(None)]
        if min(sizes) < processes.count:
            raise SadvaeError(
                f"a batch of {min(sizes)} clips cannot be shared by {processes.count} processes; start fewer."
            )
        with seeded(seed):
            network = new_network(settings, clips.layout, class_count).to(processes.device)
        self.training = Training(network, settings, len(sizes), processes)
        self.course = Course()

    def _batches(self, generator: torch.Generator | None) -> list[torch.Tensor]:
        return batches(len(self.train.labels), self.settings.batch_size, generator)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint of this training, if there is one."""
        found = read_checkpoint(path, self.key, self.settings)
        if found:
            self.training.load_state_dict(found.state["training"])
            self.course = Course.of(found.state["course"])

    def learn(self, epoch: int, checkpoint: Path | None) -> None:
        """One epoch and its checkpoint. A checkpoint from which nothing can come is removed."""
        try:
            self.course.add(self._epoch(epoch), self.training.averaged)
            check_weights(self.training.averaged.state_dict(), epoch, self.settings)
            labels = self.train.labels.tolist()
            check_alive(self.course.epochs, self.training.iterations, labels, self.class_count, self.settings)
        except TroubleError:
            if checkpoint and self.processes.leads:
                remove_checkpoint(checkpoint)
            raise
        if checkpoint and self.processes.leads:
            state = {"training": self.training.state_dict(), "course": self.course.state_dict()}
            write_checkpoint(checkpoint, Checkpoint(self.key, self.settings, state))

    def report(self) -> TrainingReport:
        """What the training came to."""
        return TrainingReport(
            epochs=self.course.epochs,
            picked=picked_epoch(self.course.epochs),
            validation_subjects=self.parts.subjects,
            validation_clips=len(self.parts.validation.clips),
            device=self.processes.device.type,
            numbers=self.training.numbers,
            processes=self.processes.count,
        )

    def _epoch(self, epoch: int) -> EpochReport:
        losses, right = [], 0
        with seeded(self.seed, epoch + 1, rank=self.processes.rank) as generator:
            for step, clips in enumerate(self._batches(generator)):
                loss, correct = self.training.step(self.train.random(clips, generator))
                losses.append(float(loss))
                check_loss(losses[-1], epoch, step, self.settings)
                right += int(correct)
        return EpochReport(epoch, sum(losses) / len(losses), right / len(self.train.labels), self._validated())

    def _validated(self) -> float | None:
        if self.validation is None:
            return None
        count = len(self.validation.labels)
        parts = batches(count, self.settings.batch_size)
        # In float32 whatever the training is in, as features are made.
        with matrix_products("float32", self.processes.device):
            return sum(int(self.training.right(self.validation.plain(clips))) for clips in parts) / count


def _key(clips: ClipSet, class_count: int, seed: int) -> str:
    data = hash_arrays(*(clip.joints for clip in clips.clips))
    # Bones are streams, and names of classes and joints say who is mirrored.
    about = [(clip.label, clip.subject) for clip in clips.clips], clips.layout, clips.class_names, clips.steps
    return hashlib.sha256(f"{data} {about} {class_count} {seed}".encode()).hexdigest()
