"""Runs of a bench whose SA-DVAE trainings are done together, as stacks, before each run is scored."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sadvae.bench.news import Ended, Remark, Step, failure, progress_of
from sadvae.bench.plan import Job, Plan, features_key, is_finished
from sadvae.bench.processes import Tell
from sadvae.experiment import Run, Sharing, Waist
from sadvae.features.folder import is_features_folder
from sadvae.methods.protocol import Method
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.stacked import StackedRun, free_bytes, known_device
from sadvae.methods.stacked_ahead import TrainedAhead
from sadvae.methods.stacked_shape import RunShape, device_bytes, host_bytes, kept_bytes
from sadvae.settings import PresetSettings, TextSettings, contenders
from sadvae.stages import main_method
from sadvae.task import ZeroShotTask


@dataclass(frozen=True)
class Stacking:
    """How runs are stacked: on a device (cpu or cuda), at most `size` runs at once (None: as many as fit)."""

    device: str = "cpu"
    size: int | None = None

    def room(self, workers: int) -> Room:
        """What each of several processes may take. Raises SadvaeError where the device is not there."""
        host, there = (free_bytes(known_device(name)) // workers for name in ("cpu", self.device))
        return Room(self.device, host, there)


@dataclass(frozen=True)
class Room:
    """The bytes of main memory (host) and of a device (there) that one process may take."""

    device: str
    host: int
    there: int


def stacks_of(jobs: Sequence[Job], workers: int, size: int | None) -> list[tuple[Job, ...]]:
    """Jobs in one part a worker, or more where a part would be larger than `size`; seeds of one experiment together."""
    names = list(dict.fromkeys(job.settings.name for job in jobs))
    ordered = sorted(jobs, key=lambda job: names.index(job.settings.name))
    most = min(-(-len(jobs) // workers), size or len(jobs))
    return [tuple(ordered[begin : begin + most]) for begin in range(0, len(ordered), most)] if jobs else []


def without_features(plan: Plan) -> list[tuple[Job, ...]]:
    """Units whose features are to be made; the others start from a folder of them."""
    return [unit for unit in plan.units if not is_features_folder(unit[0].source)]


def make_features(shared: Path, unit: tuple[Job, ...], tell: Tell) -> None:
    """Make what jobs share before they train; says of a job only that it failed."""
    for job in unit:
        try:
            _run_of(job, shared, tell).waist()
        except Exception as error:
            tell(Ended(job.label, failure(job, error)))


def run_stack(shared: Path, room: Room, unit: tuple[Job, ...], tell: Tell) -> None:
    """Train the jobs of a unit together, in as many stacks as the room makes of it, and leave a record of each."""
    waiting = deque(job for job in unit if not is_finished(job))
    while waiting:
        members, used, last = list[_Member](), 0, 0
        known: dict[str, dict[TextSettings, ZeroShotTask]] = {}
        # The next is taken to need what the last one did.
        while waiting and used + last <= room.host:
            job = waiting.popleft()
            for member in _opened(job, shared, tell, known.setdefault(features_key(job), {})):
                members.append(member)
                last = sum(_host_bytes(run, room.device) for run in member.trainings)
                used += last
        ahead = TrainedAhead(room.device, room.there)
        if members:
            _train(ahead, members, room.device, tell)
        for member in members:
            tell(Ended(member.job.label, member.finish(ahead)))


@dataclass(frozen=True, eq=False)
class _Member:
    """A job that is ready to train, and its trainings of SA-DVAE at both levels."""

    job: Job
    run: Run
    waist: Waist
    trainings: tuple[StackedRun, ...]

    def finish(self, ahead: TrainedAhead) -> str | None:
        """Score it and write its record; the sentence that says why where it fails."""

        def make(chosen: PresetSettings) -> Method:
            return ahead.method(main_method(chosen))

        share = ahead.seconds(self.trainings)
        if share:
            self.run.seconds["stacked"] = share
        try:
            self.run.train(self.waist, make)
        except Exception as error:
            return failure(self.job, error)
        return None


def _run_of(job: Job, shared: Path, tell: Tell) -> Run:
    sharing = Sharing(shared, job.origin)
    return Run(job.settings, job.source, job.out, job.seed, progress_of(job, tell), sharing)


def _opened(job: Job, shared: Path, tell: Tell, known: dict[TextSettings, ZeroShotTask]) -> list[_Member]:
    """A job with its tasks, or nothing where it fails; known: tasks of equal features, which it shares."""
    try:
        run = _run_of(job, shared, tell)
        waist = run.waist(known)
    except Exception as error:
        tell(Ended(job.label, failure(job, error)))
        return []
    known.update(waist.tasks)
    # Clips of many runs at once would fill the memory, and only pages of single runs show them.
    run.clips = None
    return [_Member(job, run, waist, tuple(_trainings(job, waist)))]


def _trainings(job: Job, waist: Waist) -> Iterator[StackedRun]:
    for contender in contenders(job.settings):
        method, task = main_method(contender.method), waist.tasks[contender.text]
        if isinstance(method, SADVAE):
            levels = (task, task.calibration) if task.calibration else (task,)
            yield from (StackedRun(level, method.settings, job.seed) for level in levels)


def _host_bytes(run: StackedRun, device: str) -> int:
    """What a training takes in main memory until its job is scored."""
    shape = RunShape.of(run)
    return host_bytes(shape) + kept_bytes(shape) + (device_bytes(shape) if device == "cpu" else 0)


def _size(trainings: Sequence[StackedRun], device: str) -> str:
    """How many trainings, and the memory of one on average, in words."""
    unit = len(trainings) * 2**20
    host = sum(_host_bytes(run, device) for run in trainings) / unit
    there = sum(device_bytes(RunShape.of(run)) for run in trainings) / unit
    beside = "" if device == "cpu" else f" of main memory and {there:.1f} MiB of the device's"
    return f"{len(trainings)} trainings of {host:.1f} MiB{beside} each; those of equal shape are one"


def _train(ahead: TrainedAhead, members: Sequence[_Member], device: str, tell: Tell) -> None:
    first, others = members[0].job.label, tuple(member.job.label for member in members[1:])
    trainings = [run for member in members for run in member.trainings]
    if trainings:
        tell(Remark(first, f"{len(members)} runs train on {device}: {_size(trainings, device)}."))

    def hear(done: int, total: int) -> None:
        # Hundreds of runs would tell of every epoch.
        if 100 * done // total > 100 * (done - 1) // total:
            tell(Step(first, "train", done, total, f"{len(members)} runs as one", others))

    for sentence in ahead.train(trainings, hear):
        tell(Remark(first, sentence))
