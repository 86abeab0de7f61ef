"""How many cores a process has, and which, where the system lets processes choose (Linux)."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import suppress


def cores_here() -> tuple[int, ...]:
    """The cores that this process may use; none where the system does not say."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def core_count() -> int:
    """How many cores this process may fill, at least 1: of the machine, of its affinity, and of a container's limit."""
    from joblib import cpu_count

    return cpu_count()


def pin(core: int | None) -> None:
    """Keep this process, and what it starts, on one core; None leaves it alone."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        # A core may have been taken away meanwhile; then the system places the process.
        with suppress(OSError):
            os.sched_setaffinity(0, {core})


def unpin(process: int) -> None:
    """Let a process that a pinned one started use all cores that the parent of the pinned one may use."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(process, os.sched_getaffinity(parent.pid))
