"""Work for the working process of the local page: it goes well, goes wrong, takes long, or takes memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.serving.held import GoneError


def load_job() -> Callable[[str, dict[str, Any]], Any]:
    """What a worker of the tests loads: verbs that go well, go wrong, take long, take memory, or end the process."""
    return _job


def load_nothing() -> Callable[[str, dict[str, Any]], Any]:
    """What a worker of the tests cannot load."""
    raise SadvaeError("there is no recogniser here.")


def _job(verb: str, arguments: dict[str, Any]) -> Any:
    if verb == "sleep":
        time.sleep(arguments["seconds"])
    elif verb == "refuse":
        raise SadvaeError("this is no clip.")
    elif verb == "miss":
        raise GoneError("it is gone.")
    elif verb == "fail":
        raise ZeroDivisionError("secret detail")
    elif verb == "end":
        os._exit(7)
    elif verb == "take":
        np.ones(arguments["megabytes"] * 2**20, np.uint8)
    elif verb == "take tensors":
        import torch

        torch.ones(arguments["megabytes"] * 2**20, dtype=torch.uint8)
    return {"process": os.getpid(), **arguments}
