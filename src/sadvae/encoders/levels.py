"""Train the skeleton encoders of a split's levels side by side, one process each, and extract their features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sadvae.cores import core_count
from sadvae.encoders.checkpoint import remove_checkpoint
from sadvae.encoders.extract import extract
from sadvae.encoders.pretrain import pretrain
from sadvae.encoders.processes import Processes, joined, process_count
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.trained import FILES, TrainedEncoder, is_encoder
from sadvae.encoders.training_report import EpochReport
from sadvae.encoders.validation import training_parts
from sadvae.encoders.workers import Tell, run_side_by_side
from sadvae.errors import SadvaeError, located
from sadvae.files import check_folder, check_free, read_json, write_json
from sadvae.folders import check_kind
from sadvae.protocol import Division, Levels
from sadvae.skeleton.store import read_clip_store
from sadvae.task import ClipTask
from sadvae.types import ClipSet, FeatureSet

LEVELS = ("test", "calibration")
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


@dataclass(frozen=True)
class _Job:
    """What the levels of a split have in common when they are trained."""

    class_count: int
    settings: EncoderSettings
    seed: int
    folder: Path
    device: str


def pretrain_levels(
    clips: ClipSet,
    division: Division,
    settings: EncoderSettings,
    seed: int,
    folder: Path,
    on_epoch: LevelReport | None = None,
    device: str = "auto",
    *,
    side_by_side: bool = True,
) -> LevelEncoders:
    """Train one encoder per level into folder/test and folder/calibration: in parallel processes, or one after the
    other where torchrun started processes that share each.

    device: auto (a GPU where there is one), cpu or cuda. side_by_side: False trains one level after the other in this
    process, where other work fills the cores. A stopped run resumes from the checkpoints beside the encoders. Encoders
    of another training stay whole until the first level is done; from then on the folder is none until both are.
    Raises SadvaeError where something else is in its place, LeakageError when a level would leak.
    """
    check_place(folder)
    levels = division.levels(clips)
    check_levels(levels, settings)
    job = _Job(len(clips.class_names), settings, seed, Path(folder), device)
    job.folder.mkdir(parents=True, exist_ok=True)
    if process_count() > 1:
        return _train_together(levels, division, job, on_epoch)
    if levels.calibration is None or not side_by_side or core_count() == 1:
        for name, task in levels.items():
            _train_level(name, task, job, on_epoch)
    else:
        # Clips of a store are opened by each worker; handing them over would read all of them into memory.
        tasks = {name: (clips.source, division) if clips.source else task for name, task in levels.items()}
        _train_side_by_side(tasks, job, on_epoch)
    _finish(levels, division, job.folder)
    return load_encoders(job.folder)


def _train_together(levels: Levels, division: Division, job: _Job, on_epoch: LevelReport | None) -> LevelEncoders:
    """One level after the other, each step shared by the processes that torchrun started; the first one writes."""
    with joined(job.device) as processes:
        found = {name: _trained(name, task, job, on_epoch, processes) for name, task in levels.items()}
        if processes.leads:
            for name, encoder in found.items():
                _save(encoder, name, job.folder)
            _finish(levels, division, job.folder)
    return LevelEncoders(division, found["test"], found.get("calibration"))


def _finish(levels: Levels, division: Division, folder: Path) -> None:
    write_json(folder / "division.json", division.model_dump(mode="json"))
    for name, _ in levels.items():
        remove_checkpoint(_checkpoint(folder, name))


def check_levels(levels: Levels, settings: EncoderSettings) -> None:
    """Raise SadvaeError for a level with too few training clips of a class, before any level trains."""
    for name, task in levels.items():
        with located(f"level {name}"):
            training_parts(task.train, settings.validation, task.split.seen)


def check_place(folder: Path) -> None:
    """Raise SadvaeError where pretrain_levels could not write its folder: a file is there, or foreign files in it."""
    check_folder(folder)
    for level in LEVELS:
        check_free(Path(folder) / level, FILES)


def is_encoders(folder: Path) -> bool:
    """Whether a folder says that it holds the encoders of a split."""
    return (Path(folder) / "division.json").is_file()


def is_unfinished(folder: Path) -> bool:
    """Whether a folder holds levels of a training that did not come to its end."""
    return not is_encoders(folder) and any(is_encoder(Path(folder) / level) for level in LEVELS)


def load_encoders(folder: Path) -> LevelEncoders:
    """Read the folder that pretrain_levels writes.

    Raises SadvaeError where it is none or incomplete, and where its levels are of different trainings.
    """
    folder = Path(folder)
    if is_unfinished(folder):
        raise SadvaeError(f"the training in {folder} is not finished; give its `sadvae pretrain` command again.")
    check_kind(folder, is_encoders, "a folder of skeleton encoders", "make one with `sadvae pretrain`")
    try:
        division = Division.model_validate(read_json(folder / "division.json"))
    except ValueError as error:
        raise SadvaeError(f"{folder}/division.json is not a division of clips; pretrain again.") from error
    # A level that an earlier training had and this division has not is none of this folder's.
    held = bool(division.split.validation_unseen) and (folder / "calibration").is_dir()
    calibration = TrainedEncoder.load(folder / "calibration") if held else None
    test = TrainedEncoder.load(folder / "test")
    if calibration and calibration.settings != test.settings:
        raise SadvaeError(
            f"{folder} holds levels of two trainings: test is {test.settings.architecture} and calibration "
            f"{calibration.settings.architecture}, or under other settings; pretrain again."
        )
    return LevelEncoders(division, test, calibration)


def extract_level(encoder: TrainedEncoder, task: ClipTask) -> tuple[FeatureSet, FeatureSet, FeatureSet]:
    """Features of a level's training, seen test and unseen test clips."""
    return extract(encoder, task.train), extract(encoder, task.test_seen), extract(encoder, task.test_unseen)


def _checkpoint(folder: Path, level: str) -> Path:
    return folder / f"{level}.checkpoint"


def _train_level(name: str, task: ClipTask, job: _Job, on_epoch: LevelReport | None) -> None:
    with joined(job.device) as alone:
        _save(_trained(name, task, job, on_epoch, alone), name, job.folder)


def _save(encoder: TrainedEncoder, name: str, folder: Path) -> None:
    """Write a level's encoder, unless it is there; a folder with levels of two trainings must not pass for whole."""
    if encoder.is_saved(folder / name):
        return
    (folder / "division.json").unlink(missing_ok=True)
    encoder.save(folder / name)


def _trained(
    name: str, task: ClipTask, job: _Job, on_epoch: LevelReport | None, processes: Processes
) -> TrainedEncoder:
    return pretrain(
        task,
        job.class_count,
        job.settings,
        job.seed,
        on_epoch=(lambda epoch: on_epoch(name, epoch)) if on_epoch else None,
        checkpoint=_checkpoint(job.folder, name),
        processes=processes,
    )


def _train_side_by_side(tasks: dict[str, GivenTask], job: _Job, on_epoch: LevelReport | None) -> None:
    jobs = {name: partial(_train_given, name, task, job) for name, task in tasks.items()}
    run_side_by_side(jobs, len(jobs), on_epoch or (lambda level, report: None))


def _train_given(name: str, given: GivenTask, job: _Job, tell: Tell) -> None:
    """What the process of a level does; a store of clips is opened there."""
    task = given if isinstance(given, ClipTask) else dict(given[1].levels(read_clip_store(given[0])).items())[name]
    _train_level(name, task, job, lambda level, report: tell(report))
