"""Units of work on a Ray cluster that is there already: it says where they run, and a lost one is run again."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sadvae import __version__
from sadvae.bench.processes import Work
from sadvae.errors import SadvaeError

# Seconds between two looks at how far the units are.
PATIENCE = 1.0
# Seconds that an address has to answer in; Ray itself tries for minutes, and then ends the process.
ANSWERS_IN = 10.0


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster by its address ("auto": the one of this machine), and what each run of it gets.

    cpus, gpus: what a run reserves; it computes with one thread, as on one machine. retries: how often a unit begins
    again after its worker or machine was lost.
    """

    address: str = "auto"
    cpus: float = 1.0
    gpus: float = 0.0
    retries: int = 2


def run_on_cluster(
    units: Iterable[Any],
    cluster: Cluster,
    work: Work,
    hear: Callable[[Any, Any], None],
    ended: Callable[[Any, str], None],
) -> None:
    """Call work(unit, tell) for every unit on some machine of a cluster.

    hear(unit, message) gets what a unit tells, again from the start where it was retried; ended(unit, reason) comes
    after its last message, the reason "" if all went well. A message may be lost with a machine. Raises SadvaeError
    where there is no such cluster, or it is lost as a whole.
    """
    ray = _joined(cluster)
    waiting, known = {}, list(units)
    try:
        post = _post(ray)
        task = ray.remote(num_cpus=cluster.cpus, num_gpus=cluster.gpus, max_retries=cluster.retries)(_in_task)
        for number, unit in enumerate(known):
            waiting[task.remote(work, unit, number, post, os.getcwd(), __version__)] = number
        while waiting:
            done, _ = ray.wait(list(waiting), timeout=PATIENCE)
            for number, message in ray.get(post.take.remote()):
                hear(known[number], message)
            for reference in done:
                ended(known[waiting.pop(reference)], _reason(ray, reference, cluster))
    except ray.exceptions.RayError as error:
        raise SadvaeError(
            f"the cluster was lost ({type(error).__name__}); the same command goes on where it stopped."
        ) from error
    finally:
        for reference in waiting:
            ray.cancel(reference, force=True)
        ray.shutdown()


def _ray() -> Any:
    """Ray, whose types are not known where it is not installed."""
    return import_module("ray")


def _joined(cluster: Cluster) -> Any:
    """Ray, as a part of the cluster. Raises SadvaeError where it is not installed, not there, or too small."""
    if find_spec("ray") is None:
        raise SadvaeError(
            "a cluster needs Ray; install it with `pip install '.[cluster]'` in sadvae's folder on every machine."
        )
    ray = _ray()
    try:
        _check_answer(cluster.address)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError, SystemExit) as error:
        reason = str(error).splitlines()[0]
        raise SadvaeError(
            f"no Ray cluster at {cluster.address!r} ({reason}); start one with `ray start --head`, and give its "
            "address, or auto on a machine of it."
        ) from error
    _check_size(ray, cluster)
    return ray


def _check_answer(address: str) -> None:
    """Raise OSError or ValueError unless an address is auto, or HOST:PORT where something answers."""
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdecimal()):
        raise ValueError("expected HOST:PORT or auto")
    socket.create_connection((host, int(port)), timeout=ANSWERS_IN).close()


def _check_size(ray: Any, cluster: Cluster) -> None:
    """Ray would wait for ever for a machine that is large enough."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(node.get("CPU", 0) >= cluster.cpus and node.get("GPU", 0) >= cluster.gpus for node in machines):
        ray.shutdown()
        raise SadvaeError(
            f"none of the {len(machines)} machines of the cluster has {cluster.cpus:g} CPUs and {cluster.gpus:g} GPUs "
            "for a run; ask for less with --cpus-per-run and --gpus-per-run, or add machines."
        )


class _Post:
    """What units tell, until it is taken; an actor of the cluster."""

    def __init__(self) -> None:
        self._messages: list[tuple[int, Any]] = []

    def put(self, number: int, message: Any) -> None:
        self._messages.append((number, message))

    def take(self) -> list[tuple[int, Any]]:
        taken, self._messages = self._messages, []
        return taken


def _post(ray: Any) -> Any:
    """The post, on the machine that asks for it; where it is lost with what it holds, a new one goes on."""
    strategies = import_module("ray.util.scheduling_strategies")
    here = strategies.NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    forever = {"max_restarts": -1, "max_task_retries": -1}
    return ray.remote(num_cpus=0, scheduling_strategy=here, **forever)(_Post).remote()


def _in_task(work: Work, unit: Any, number: int, post: Any, home: str, version: str) -> None:
    """What a machine of the cluster does: paths mean what they mean where the command was given."""
    import torch

    if version != __version__:
        raise SadvaeError(f"a machine has sadvae {__version__}, the command {version}; install the same on all.")
    if not Path(home).is_dir():
        raise SadvaeError(f"folder {home} is not on every machine; a cluster needs a file system that all share.")
    os.chdir(home)
    torch.set_num_threads(1)
    told: list[Any] = []

    def tell(message: Any) -> None:
        told[:] = [post.put.remote(number, message)]

    try:
        work(unit, tell)
    finally:
        # Messages arrive in order, so that with the last one all are there before the unit ends, however it does.
        _ray().get(told)


def _reason(ray: Any, reference: Any, cluster: Cluster) -> str:
    try:
        ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        return str(error.cause).strip().splitlines()[-1]
    except ray.exceptions.RayError as error:
        times = f"{cluster.retries + 1} times" if cluster.retries else "once, and no retry was wanted"
        return f"its worker was lost {times} ({type(error).__name__}; was there enough memory?)."
    return ""
