"""How many threads the arithmetic of a block of code may use."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[object]:
    """Have numpy and torch, which must be loaded by now, compute on one thread; afterwards as before.

    Sums then have one order whatever the machine, and small products do not wait for threads that share cores.
    """
    return _pools().limit(limits=1)


@cache
def _pools() -> ThreadpoolController:
    """The pools of all libraries that are loaded; finding them takes milliseconds."""
    return ThreadpoolController()
