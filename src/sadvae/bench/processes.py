"""Units of work in processes of their own: what one tells is heard, and how it ends does not end the others."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from sadvae.cores import cores_here, pin
from sadvae.encoders.workers import settle

Tell = Callable[[Any], None]
Work = Callable[[Any, Tell], None]
# Loaded once, by the process that the others are forked from: libraries take seconds to load. The second is what the
# first optimiser of a process loads; where a torch has none of that name, nothing is lost.
PRELOAD = ["sadvae.experiment", "torch._dynamo"]


@dataclass(frozen=True, eq=False)
class _Running:
    unit: Any
    process: BaseProcess
    core: int | None


def run_units(
    units: Iterable[Any], workers: int, work: Work, hear: Callable[[Any, Any], None], ended: Callable[[Any, int], None]
) -> None:
    """Call work(unit, tell) for every unit, each in a process of its own, at most `workers` at once.

    hear(unit, message) gets what a unit tells, in order; ended(unit, code) comes after its last message, with the exit
    code of its process, 0 if all went well. Processes end with this one, however it ends. Where they are as many as
    this process has cores, each keeps to a core of its own.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    waiting, free = deque(units), deque(places(workers))
    running: dict[Connection, _Running] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                connection, started = _start(context, waiting.popleft(), work, free.popleft())
                running[connection] = started
            for connection in [c for c in wait(list(running)) if isinstance(c, Connection)]:
                free.extend(_listen(connection, running, hear, ended))
    finally:
        for left in running.values():
            left.process.terminate()
            left.process.join()


def places(workers: int) -> list[int | None]:
    """The core of each worker; None where the system places it.

    Fewer workers than cores are not pinned: others, or another bench, may keep just those cores busy.
    """
    cores = cores_here()
    return list(cores) if len(cores) == workers else [None] * workers


def _start(context: Any, unit: Any, work: Work, core: int | None) -> tuple[Connection, _Running]:
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_in_process, args=(work, unit, there, core))
    process.start()
    there.close()
    return here, _Running(unit, process, core)


def _listen(
    connection: Connection,
    running: dict[Connection, _Running],
    hear: Callable[[Any, Any], None],
    ended: Callable[[Any, int], None],
) -> list[int | None]:
    """One message, or the end of the process: its end of the pipe closes however it dies. The places that got free."""
    unit, process = running[connection].unit, running[connection].process
    try:
        message = connection.recv()
    except EOFError:
        core = running.pop(connection).core
        process.join()
        ended(unit, process.exitcode or 0)
        return [core]
    hear(unit, message)
    return []


def _in_process(work: Work, unit: Any, there: Connection, core: int | None) -> None:
    pin(core)
    settle()
    work(unit, there.send)
