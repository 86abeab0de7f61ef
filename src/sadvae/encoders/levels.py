"""Train the skeleton encoders of a split's levels side by side, one process each, and extract their features."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty

from sadvae.encoders.extract import extract
from sadvae.encoders.pretrain import EpochReport, pretrain
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.files import read_json, write_json
from sadvae.protocol import Division
from sadvae.skeleton.store import read_clip_store
from sadvae.task import ClipTask
from sadvae.types import ClipSet, FeatureSet

LevelReport = Callable[[str, EpochReport], None]
# What a worker tells: its level, and a report, what it raised, or None when it is done.
_News = tuple[str, EpochReport | Exception | None]
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
    *,
    side_by_side: bool = True,
) -> LevelEncoders:
    """Train one encoder per level, in parallel processes, into folder/test and folder/calibration.

    side_by_side: False trains one level after the other in this process, where other work fills the cores.
    A stopped run resumes from the checkpoints beside them. Raises LeakageError when a level would leak.
    """
    levels = division.levels(clips)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if levels.calibration is None or not side_by_side or (os.cpu_count() or 1) == 1:
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
    context = multiprocessing.get_context("spawn")
    news = context.Queue()
    workers = {
        name: context.Process(target=_worker, args=(name, task, class_count, settings, seed, folder, news), daemon=True)
        for name, task in tasks.items()
    }
    try:
        for worker in workers.values():
            worker.start()
        _listen(news, workers, on_epoch)
    finally:
        for worker in workers.values():
            worker.terminate()
            worker.join()


def _listen(news: Queue[_News], workers: Mapping[str, BaseProcess], on_epoch: LevelReport | None) -> None:
    """Pass reports on until every worker has said that it is done; raise what a worker raised."""
    pending = set(workers)
    while pending:
        try:
            level, item = news.get(timeout=1)
        except Empty:
            dead = [name for name in sorted(pending) if not workers[name].is_alive() and news.empty()]
            if dead:
                raise SadvaeError(
                    f"the process that trained the {dead[0]} level ended with code {workers[dead[0]].exitcode} (was "
                    "there enough memory?); the same command goes on where it stopped."
                ) from None
            continue
        if isinstance(item, Exception):
            raise item
        if item is None:
            pending.remove(level)
        elif on_epoch:
            on_epoch(level, item)


def _worker(
    name: str,
    given: GivenTask,
    class_count: int,
    settings: EncoderSettings,
    seed: int,
    folder: Path,
    news: Queue[_News],
) -> None:
    import torch

    # More threads than one a process collapse on shared machines.
    torch.set_num_threads(1)
    # Ctrl-C reaches the parent too, which ends this process; then files in the making are removed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        task = given if isinstance(given, ClipTask) else dict(given[1].levels(read_clip_store(given[0])).items())[name]
        _train_level(name, task, class_count, settings, seed, folder, lambda level, report: news.put((level, report)))
        news.put((name, None))
    except Exception as error:
        news.put((name, error))


def _leave(number: int, frame: object) -> None:
    sys.exit(128 + number)


def _end_with_parent() -> None:
    """Wait for the parent to end, however it ends, and end this process: nobody would hear of its work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
