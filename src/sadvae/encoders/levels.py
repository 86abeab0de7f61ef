"""Train the skeleton encoders of a split's levels side by side, one process each, and extract their features."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sadvae.encoders.extract import extract
from sadvae.encoders.pretrain import EpochReport, pretrain
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.trained import TrainedEncoder
from sadvae.encoders.workers import Tell, run_side_by_side
from sadvae.errors import SadvaeError
from sadvae.files import read_json, write_json
from sadvae.protocol import Division
from sadvae.skeleton.store import read_clip_store
from sadvae.task import ClipTask
from sadvae.types import ClipSet, FeatureSet

LevelReport = Callable[[str, EpochReport], None]
# The clips of a level, or the store that they are in and how it is divided.
GivenTask = ClipTask | tuple[Path, Division]


@dataclass(frozen=True, eq=False)
class LevelEncoders:
    """The encoders of one split: each was trained on its own level alone."""

    division: Division
    test: TrainedEncoder
    calibration: TrainedEncoder | None

    def get(self, level: str) -> TrainedEncoder:
        """The encoder of a level, by name."""
        encoder = self.test if level == "test" else self.calibration
        if encoder is None:
            raise SadvaeError("this encoder folder has no calibration level; pretrain with classes held out.")
        return encoder


def pretrain_levels(
    clips: ClipSet,
    division: Division,
    settings: EncoderSettings,
    seed: int,
    folder: Path,
    on_epoch: LevelReport | None = None,
) -> LevelEncoders:
    """Train one encoder per level, in parallel processes, into folder/test and folder/calibration.

    A stopped run resumes from the checkpoints beside them. Raises LeakageError when a level would leak.
    """
    levels = division.levels(clips)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if levels.calibration is None or (os.cpu_count() or 1) == 1:
        for name, task in levels.items():
            _train_level(name, task, len(clips.class_names), settings, seed, folder, on_epoch)
    else:
        # Clips of a store are opened by each worker; handing them over would read all of them into memory.
        tasks = {name: (clips.source, division) if clips.source else task for name, task in levels.items()}
        _train_side_by_side(tasks, len(clips.class_names), settings, seed, folder, on_epoch)
    write_json(folder / "division.json", division.model_dump(mode="json"))
    for name, _ in levels.items():
        _checkpoint(folder, name).unlink(missing_ok=True)
    return load_encoders(folder)


def load_encoders(folder: Path) -> LevelEncoders:
    """Read the folder that pretrain_levels writes. Raises SadvaeError where it is incomplete."""
    folder = Path(folder)
    try:
        division = Division.model_validate(read_json(folder / "division.json"))
    except ValueError as error:
        raise SadvaeError(f"{folder}/division.json is not a division of clips; pretrain again.") from error
    calibration = TrainedEncoder.load(folder / "calibration") if (folder / "calibration").is_dir() else None
    return LevelEncoders(division, TrainedEncoder.load(folder / "test"), calibration)


def extract_level(encoder: TrainedEncoder, task: ClipTask) -> tuple[FeatureSet, FeatureSet, FeatureSet]:
    """Features of a level's training, seen test and unseen test clips."""
    return extract(encoder, task.train), extract(encoder, task.test_seen), extract(encoder, task.test_unseen)


def _checkpoint(folder: Path, level: str) -> Path:
    return folder / f"{level}.checkpoint"


def _train_level(
    name: str,
    task: ClipTask,
    class_count: int,
    settings: EncoderSettings,
    seed: int,
    folder: Path,
    on_epoch: LevelReport | None,
) -> None:
    report = (lambda epoch: on_epoch(name, epoch)) if on_epoch else None
    encoder = pretrain(task, class_count, settings, seed, on_epoch=report, checkpoint=_checkpoint(folder, name))
    encoder.save(folder / name)


def _train_side_by_side(
    tasks: dict[str, GivenTask],
    class_count: int,
    settings: EncoderSettings,
    seed: int,
    folder: Path,
    on_epoch: LevelReport | None,
) -> None:
    jobs = {
        name: partial(_train_given, name, task, class_count, settings, seed, folder) for name, task in tasks.items()
    }
    run_side_by_side(jobs, len(jobs), on_epoch or (lambda level, report: None))


def _train_given(
    name: str, given: GivenTask, class_count: int, settings: EncoderSettings, seed: int, folder: Path, tell: Tell
) -> None:
    """What the process of a level does; a store of clips is opened there."""
    task = given if isinstance(given, ClipTask) else dict(given[1].levels(read_clip_store(given[0])).items())[name]
    _train_level(name, task, class_count, settings, seed, folder, lambda level, report: tell(report))
