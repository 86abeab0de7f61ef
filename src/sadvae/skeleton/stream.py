"""Preparation of any number of files: part by part, in several processes, and going on where it was stopped."""

from __future__ import annotations

import hashlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from sadvae.cores import unpin
from sadvae.errors import SadvaeError
from sadvae.files import write_json, write_text
from sadvae.skeleton.clips_file import read_clips_file
from sadvae.skeleton.manifest import Manifest, new_manifest
from sadvae.skeleton.parts import PartReport, Plan, do_part, read_plan, read_report
from sadvae.skeleton.preprocess import Dropped
from sadvae.skeleton.read import merged
from sadvae.skeleton.store import MANIFEST, PLAN, SOURCES, clear_folder, empty_store, hash_parts, part_name
from sadvae.types import ClipSet

# Called with (files done, files in all, a note on the rate).
StreamProgress = Callable[[int, int, str], None]


def run_plan(plan: Plan, folder: Path, processes: int, progress: StreamProgress | None = None) -> list[PartReport]:
    """Prepare all parts of a plan in a folder; parts that are there of the same plan are left as they are.

    Returns the reports of all parts, in order. Raises SadvaeError for a damaged file, after which the finished parts
    stay, and where the folder holds anything else.
    """
    begin_folder(plan, folder)
    missing = [number for number in range(plan.parts) if read_report(folder, number) is None]
    rate = _Rate(plan, missing, progress)
    several = min(processes, len(missing)) > 1
    work = _in_processes(folder, missing, processes) if several else _here(plan, folder, missing)
    try:
        for number in work:
            rate.done(number)
    finally:
        if len(missing) == plan.parts and all(read_report(folder, number) is None for number in missing):
            clear_folder(folder)
    return [report for number in range(plan.parts) if (report := read_report(folder, number))]


def begin_folder(plan: Plan, folder: Path) -> None:
    """Make the folder ready for a plan: empty, but for parts of the same plan. Raises SadvaeError if it cannot be."""
    if read_plan(folder) != plan:
        empty_store(folder)
    write_json(folder / PLAN, plan.model_dump(mode="json"))
    for left in folder.glob(".*.part"):
        left.unlink(missing_ok=True)


def finish(plan: Plan, folder: Path, reports: list[PartReport]) -> tuple[ClipSet, Manifest]:
    """The clips of all parts, mapped, and their manifest. Raises SadvaeError where no clip is left."""
    dropped = tuple(Dropped(*item) for report in reports for item in report.dropped)
    if not sum(report.kept for report in reports):
        clear_folder(folder)
        raise SadvaeError(f"no clip of {plan.source} is left after preparation; the first: {dropped[0].reason}.")
    names = [part_name(number) for number in range(plan.parts)]
    clips = merged([read_clips_file(folder / name, mapped=True) for name in names], folder)
    digest = hashlib.sha256(source_lines(reports).encode()).hexdigest()
    joints = hash_parts(folder / name for name in names)
    return clips, new_manifest(clips, plan.settings, len(plan.files), dropped, digest, names, joints)


def source_lines(reports: list[PartReport]) -> str:
    """sha256 and name of every source file, as `sha256sum --check` reads them with two spaces; here with one."""
    return "".join(f"{sha256} {name}\n" for report in reports for sha256, name in report.sources)


def write_sources(path: Path, reports: list[PartReport]) -> None:
    """Write the sums of the source files in the form that `sha256sum --check` reads in the source's folder."""
    write_text(path, "".join(f"{sha256}  {name}\n" for report in reports for sha256, name in report.sources))


def end_store(folder: Path, manifest: Manifest, reports: list[PartReport]) -> None:
    """Write what makes a folder of parts a finished store."""
    write_sources(folder / SOURCES, reports)
    write_json(folder / MANIFEST, manifest.model_dump(mode="json"))


def _here(plan: Plan, folder: Path, numbers: list[int]) -> Iterator[int]:
    for number in numbers:
        do_part(plan, folder, number)
        yield number


def _in_processes(folder: Path, numbers: list[int], processes: int) -> Iterator[int]:
    """The numbers of parts as worker processes finish them. The first error ends all of them."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    answers: queue.SimpleQueue[int | SadvaeError] = queue.SimpleQueue()
    for number in numbers:
        waiting.put(number)
    workers = [_started(folder) for _ in range(min(processes, len(numbers)))]
    threads = [threading.Thread(target=_feed, args=(one, waiting, answers), daemon=True) for one in workers]
    try:
        for thread in threads:
            thread.start()
        for _ in numbers:
            answer = answers.get()
            if isinstance(answer, SadvaeError):
                raise answer
            yield answer
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        for worker in workers:
            _close(worker)
        for left in folder.glob(".*.part"):
            left.unlink(missing_ok=True)


def _started(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "sadvae.skeleton.part_worker", str(folder)]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    # One bench process reads the files for all others, which wait, and their cores are free.
    unpin(worker.pid)
    return worker


def _close(worker: subprocess.Popen[str]) -> None:
    for pipe in (worker.stdin, worker.stdout):
        # What was written to a worker that is gone cannot be flushed.
        with suppress(BrokenPipeError):
            if pipe is not None:
                pipe.close()


def _feed(worker: subprocess.Popen[str], waiting: queue.SimpleQueue, answers: queue.SimpleQueue) -> None:
    """Give a worker one number after another and pass on its answers."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    with suppress(queue.Empty):
        while True:
            number = waiting.get_nowait()
            try:
                worker.stdin.write(f"{number}\n")
                worker.stdin.flush()
                answer = json.loads(worker.stdout.readline())
            except (OSError, ValueError):
                answers.put(SadvaeError("a worker process ended early; give the same command again to go on."))
                return
            answers.put(SadvaeError(answer["error"]) if "error" in answer else number)


class _Rate:
    """Counts files and bytes, and tells the rate of those that were not there before."""

    def __init__(self, plan: Plan, missing: list[int], progress: StreamProgress | None) -> None:
        self._plan, self._progress = plan, progress
        self._start = time.perf_counter()
        self._bytes = self._files = 0
        self._before = len(plan.files) - sum(len(plan.files[plan.of_part(number)]) for number in missing)
        if progress and self._before:
            progress(self._before, len(plan.files), "going on")

    def done(self, number: int) -> None:
        """A part is finished."""
        sizes = self._plan.sizes[self._plan.of_part(number)]
        self._bytes, self._files = self._bytes + sum(sizes), self._files + len(sizes)
        seconds = max(time.perf_counter() - self._start, 1e-9)
        note = f"{self._files / seconds:.0f} files/s, {self._bytes / seconds / 1e6:.0f} MB/s"
        if self._progress:
            self._progress(self._before + self._files, len(self._plan.files), note)
