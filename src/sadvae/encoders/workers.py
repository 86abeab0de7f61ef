"""Jobs in processes of their own, some of them side by side; they end with their parent, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from queue import Empty
from typing import Any

from sadvae.errors import SadvaeError

# A job is given a function that tells its parent something; both can be pickled.
Tell = Callable[[Any], None]
Job = Callable[[Tell], None]
# What a process tells: its name, whether that is all, and what it told or raised.
_News = tuple[str, bool, Any]


def run_side_by_side(jobs: Mapping[str, Job], workers: int, hear: Callable[[str, Any], None]) -> None:
    """Run each job in a process of one thread, `workers` at a time, in order; hear(name, what it told).

    Raises what a job raised, and SadvaeError where a process died; then all others are ended.
    """
    context = multiprocessing.get_context("spawn")
    news = context.Queue()
    waiting = {name: context.Process(target=_work, args=(name, job, news), daemon=True) for name, job in jobs.items()}
    running: dict[str, BaseProcess] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                name = next(iter(waiting))
                with _interrupts_wait():
                    waiting[name].start()
                    running[name] = waiting.pop(name)
            _hear_one(news, running, hear)
    finally:
        for process in running.values():
            process.terminate()
            process.join()


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """A Ctrl-C in the block comes behind it, and a process that starts in the block never gets one.

    A start takes the seconds in which the new process loads torch. Broken off it would leave a process that nobody
    ends, and one that says with a traceback that it was interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    # What is blocked stays so in a process that is started meanwhile.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, before)
    if asked:
        # To whoever listens, which may be nobody: a command in the background ignores it.
        signal.raise_signal(signal.SIGINT)


def _hear_one(news: Queue[_News], running: dict[str, BaseProcess], hear: Callable[[str, Any], None]) -> None:
    try:
        name, done, item = news.get(timeout=1)
    except Empty:
        dead = [name for name, process in running.items() if not process.is_alive() and news.empty()]
        if dead:
            raise SadvaeError(
                f"the process of training {dead[0]!r} ended with code {running[dead[0]].exitcode} (was there enough "
                "memory?); the same command goes on where it stopped."
            ) from None
        return
    if not done:
        hear(name, item)
    elif item is None:
        running.pop(name).join()
    else:
        raise item


def _work(name: str, job: Job, news: Queue[_News]) -> None:
    settle()
    try:
        job(lambda item: news.put((name, False, item)))
        news.put((name, True, None))
    except Exception as error:
        news.put((name, True, error))


def settle() -> None:
    """Make this process a worker: of one thread, which ends with its parent, however that ends."""
    import torch

    # More threads than one a process collapse on shared machines.
    torch.set_num_threads(1)
    # Ctrl-C reaches the parent too, which ends this process; then files in the making are removed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _leave(number: int, frame: object) -> None:
    sys.exit(128 + number)


def _end_with_parent() -> None:
    """Wait for the parent to end, however it ends, and end this process: nobody would hear of its work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
