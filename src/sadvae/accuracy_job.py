"""One encoder, one seed: train on all classes, score once, write the record. Runs in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sadvae.encoder_record import EncoderRecord
from sadvae.encoders.accuracy import encoder_scores
from sadvae.encoders.architectures import parameter_count
from sadvae.encoders.checkpoint import remove_checkpoint
from sadvae.encoders.pretrain import EpochReport, pretrain
from sadvae.encoders.settings import EncoderSettings
from sadvae.errors import SadvaeError
from sadvae.files import read_json, write_json
from sadvae.machine import peak_memory_mb
from sadvae.protocol import divide_all, validate_all
from sadvae.skeleton.store import read_prepared
from sadvae.task import ClipTask


@dataclass(frozen=True)
class Scored:
    """Which clips train and test: those at `clips`, by subjects, on the test level or one level down."""

    clips: Path
    train_subjects: str
    validation: bool
    validation_subjects: tuple[str, ...] | None

    def task(self) -> ClipTask:
        """Read the clips and divide them. Raises SadvaeError or LeakageError."""
        task = divide_all(read_prepared(self.clips), self.train_subjects)
        return validate_all(task, self.validation_subjects) if self.validation else task


@dataclass(frozen=True)
class AccuracyJob:
    """What is trained and where its record goes. known: the fields of the record that are known before training."""

    scored: Scored
    settings: EncoderSettings
    path: Path
    known: dict[str, Any]

    def __call__(self, tell: Callable[[EpochReport], None]) -> None:
        """Train, score and write; a stopped training goes on from the checkpoint beside the record."""
        task = self.scored.task()
        checkpoint = self.path.with_suffix(".checkpoint")
        log = _Log.found(self.path.with_suffix(".log"), self.known["key"])
        if not log.epochs:
            # Of another training, or of one that was stopped before anything was noted.
            remove_checkpoint(checkpoint)

        def report(epoch: EpochReport) -> None:
            log.add(asdict(epoch))
            tell(epoch)

        class_count = len(task.train.class_names)
        seed = self.known["seed"]
        encoder = pretrain(task, class_count, self.settings, seed, on_epoch=report, checkpoint=checkpoint)
        start = time.perf_counter()
        scores = encoder_scores(encoder, task.test_seen)
        seconds = log.seconds() | {"scoring": round(time.perf_counter() - start, 2)}
        EncoderRecord(
            **self.known,
            parameters=parameter_count(encoder.network),
            **_who(task),
            scores=scores,
            history=log.epochs,
            seconds=seconds,
            peak_memory_mb=peak_memory_mb(),
        ).write(self.path)
        remove_checkpoint(checkpoint)
        log.path.unlink(missing_ok=True)


def _natural(subject: str) -> tuple[int, str]:
    return len(subject), subject


def _who(task: ClipTask) -> dict[str, Any]:
    parts = {"train": task.train.clips, "test": task.test_seen.clips}
    people = {part: {clip.subject for clip in clips if clip.subject is not None} for part, clips in parts.items()}
    subjects = {f"{part}_subjects": sorted(names, key=_natural) for part, names in people.items()}
    return subjects | {"counts": {part: len(clips) for part, clips in parts.items()}, "allow": list(task.allow)}


class _Log:
    """What the epochs so far reported and took, kept beside the checkpoint, so that a stop loses none of it."""

    def __init__(self, path: Path, key: str, epochs: list[dict[str, Any]], wall: float, processor: float) -> None:
        self.path, self.key, self.epochs = path, key, epochs
        self.wall, self.processor = wall, processor
        self._clocks = time.perf_counter(), time.process_time()

    @staticmethod
    def found(path: Path, key: str) -> _Log:
        """The log of an earlier start of the same training, or an empty one."""
        with suppress(SadvaeError, KeyError, TypeError):
            value = read_json(path)
            if value["key"] == key:
                return _Log(path, key, value["epochs"], value["wall"], value["processor"])
        return _Log(path, key, [], 0.0, 0.0)

    def add(self, epoch: dict[str, Any]) -> None:
        """Note an epoch and the time since the one before; one that is done again replaces itself and what followed."""
        clocks = time.perf_counter(), time.process_time()
        self.wall += clocks[0] - self._clocks[0]
        self.processor += clocks[1] - self._clocks[1]
        self._clocks = clocks
        self.epochs = [*(e for e in self.epochs if e["epoch"] < epoch["epoch"]), epoch]
        write_json(self.path, {"key": self.key, "epochs": self.epochs, "wall": self.wall, "processor": self.processor})

    def seconds(self) -> dict[str, float]:
        """Training time so far: on the clock, and of the processor."""
        return {"training": round(self.wall, 2), "training_cpu": round(self.processor, 2)}
