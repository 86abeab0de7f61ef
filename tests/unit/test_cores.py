"""Cores: a process on one of them, what it starts on all, and the workers of a bench on one each."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from multiprocessing.connection import Connection
from typing import Any

import pytest

from sadvae import cores
from sadvae.bench import processes
from sadvae.bench.processes import Tell, places, run_units
from sadvae.cores import core_count, cores_here, pin, unpin

CHOOSES = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not let processes choose")
LISTENS = "import os; input(); print(sorted(os.sched_getaffinity(0)))"


def tell_cores(unit: Any, tell: Tell) -> None:
    tell(cores_here())


def start_another(connection: Connection, core: int) -> None:
    """Pin this process; tell its cores, and those of a process that it starts and lets go."""
    pin(core)
    child = subprocess.Popen([sys.executable, "-c", LISTENS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    unpin(child.pid)
    connection.send((cores_here(), child.communicate("\n")[0].strip()))


@CHOOSES
def test_workers_that_fill_the_machine_have_a_core_each() -> None:
    own = cores_here()
    heard: list[tuple[int, tuple[int, ...]]] = []
    run_units(
        range(len(own) + 2), len(own), tell_cores, lambda unit, found: heard.append((unit, found)), lambda *_: None
    )
    assert sorted(unit for unit, _ in heard) == list(range(len(own) + 2))
    assert all(len(found) == 1 for _, found in heard)
    assert {core for _, (core,) in heard} == set(own)
    assert cores_here() == own


@CHOOSES
@pytest.mark.skipif(len(cores_here()) < 2, reason="one core alone")
def test_fewer_workers_are_placed_by_the_system() -> None:
    heard: list[tuple[int, ...]] = []
    run_units([0], 1, tell_cores, lambda _, found: heard.append(found), lambda *_: None)
    assert heard == [cores_here()]


@CHOOSES
def test_what_a_pinned_process_starts_may_use_all_cores_again() -> None:
    here, there = multiprocessing.Pipe(duplex=False)
    core = cores_here()[-1]
    process = multiprocessing.get_context("spawn").Process(target=start_another, args=(there, core))
    process.start()
    assert here.recv() == ((core,), str(list(cores_here())))
    process.join()


def count_on_one(connection: Connection, core: int) -> None:
    before = core_count()
    pin(core)
    connection.send((before, core_count()))


@CHOOSES
def test_a_process_counts_the_cores_that_are_left_to_it() -> None:
    """As by taskset or a scheduler; the machine may have many more."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=count_on_one, args=(there, cores_here()[0]))
    process.start()
    assert here.recv() == (core_count(), 1)
    process.join()
    assert core_count() <= len(cores_here())


def test_where_cores_are_not_known_nothing_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "cores_here", tuple)
    assert places(3) == [None, None, None]
    monkeypatch.setattr(processes, "cores_here", lambda: (4, 6))
    assert [places(n) for n in (1, 2, 3)] == [[None], [4, 6], [None] * 3]
    for name in ("sched_getaffinity", "sched_setaffinity"):
        monkeypatch.delattr(os, name, raising=False)
    assert cores.cores_here() == ()
    pin(0)
    unpin(os.getpid())
