"""How many threads the arithmetic of a block of code may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import RLock

import torch
from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Have numpy and torch's own loops compute on one thread; afterwards as before.

    Sums then have one order whatever the machine, and small products do not wait for threads that share cores. The
    number holds for the whole process, so Python threads that ask for this take turns.
    """
    controller, turn = _pools()
    # torch sets its number of threads when it is first asked, which must not be within the block.
    torch.get_num_threads()
    with turn, controller.limit(limits=1):
        yield


@cache
def _pools() -> tuple[ThreadpoolController, RLock]:
    """The pools of all libraries that are loaded, which takes milliseconds to find, and whose turn it is."""
    return ThreadpoolController(), RLock()
