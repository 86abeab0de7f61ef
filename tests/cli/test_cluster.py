"""`sadvae bench --ray` on a small cluster of this machine: machines that are lost, and the numbers of local runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sadvae import __version__
from sadvae.bench.cluster import Cluster, _in_task, run_on_cluster
from sadvae.bench.plan import ANY, Job, make_plan, read_experiments
from sadvae.errors import SadvaeError
from sadvae.record import read_record
from tests.cli.conftest import CommandLine
from tests.cli.test_bad_input import refused
from tests.cli.test_bench import MEASURED
from tests.waist_samples import write_experiment, write_waist

LARGE = "Ray is large, so it is not among the tests' packages; pip install ray"
cluster_utils: Any = pytest.importorskip("ray.cluster_utils", reason=LARGE)

SMALL = {"object_store_memory": 80 * 2**20, "include_dashboard": False}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without CPUs and two machines of one each."""
    found = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **SMALL})
    for _ in range(2):
        found.add_node(num_cpus=1, **SMALL)
    yield found
    found.shutdown()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("waist")
    write_waist(folder)
    (folder / "experiments").mkdir()
    for name in ("one", "two"):
        write_experiment(folder / "experiments" / f"{name}.toml", folder)
    return folder


def follow(units: list[Path], cluster: Cluster, work: Any) -> tuple[list[tuple[str, Any]], dict[str, str]]:
    """What units told, and how they ended."""
    heard: list[tuple[str, Any]] = []
    ends: dict[str, str] = {}
    run_on_cluster(
        units,
        cluster,
        work,
        lambda unit, message: heard.append((unit.name, message)),
        lambda unit, reason: ends.update({unit.name: reason}),
    )
    return heard, ends


def test_without_retries_a_killed_worker_is_named_and_the_others_end_well(cluster: Any, tmp_path: Path) -> None:
    def work(unit: Path, tell: Any) -> None:
        import os

        if unit.name == "bad":
            os.kill(os.getpid(), 9)
        tell(unit.name)

    units = [tmp_path / name for name in ("good", "bad", "better")]
    heard, ends = follow(units, Cluster(cluster.address, retries=0), work)
    assert sorted(heard) == [("better", "better"), ("good", "good")]
    assert ends["good"] == ends["better"] == ""
    assert ends["bad"].startswith("its worker was lost once, and no retry was wanted (WorkerCrashedError")


def test_what_work_raises_is_its_reason_and_is_not_tried_again(cluster: Any, tmp_path: Path) -> None:
    def work(unit: Path, tell: Any) -> None:
        tell("begun")
        raise ValueError("no such thing")

    heard, ends = follow([tmp_path / "unit"], Cluster(cluster.address), work)
    assert heard == [("unit", "begun")]
    assert ends == {"unit": "no such thing"}


def records(out: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted(out.rglob("record.json")):
        record = json.loads(path.read_text())
        found[str(path.relative_to(out))] = {name: value for name, value in record.items() if name not in MEASURED}
    return found


def test_a_bench_on_a_cluster_gives_the_records_of_a_local_one(
    cluster: Any, files: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are those of where the command is given: here they are relative."""
    monkeypatch.chdir(files)
    words = ("bench", "experiments", "--data", "features", "--seeds", 2)
    away = sadvae(*words, "--out", os.path.relpath(tmp_path / "away"), "--ray", cluster.address)
    assert away.code == 0, away.err
    assert "4 runs done, 0 failed" in away.out
    assert sadvae(*words, "--out", tmp_path / "here", "--workers", 1).code == 0
    assert len(records(tmp_path / "here")) == 4
    assert records(tmp_path / "away") == records(tmp_path / "here")
    again = sadvae(*words, "--out", tmp_path / "away", "--ray", cluster.address)
    assert "4 runs: 4 finished before, 0 to run." in again.out


def test_a_worker_that_is_killed_between_two_runs_leaves_the_finished_one_as_it_is(
    cluster: Any, files: Path, tmp_path: Path
) -> None:
    plan = make_plan(read_experiments([files / "experiments"]), {ANY: files / "features"}, 1, tmp_path)
    assert [[job.label for job in unit] for unit in plan.units] == [["one, seed 0", "two, seed 0"]]
    first, second = (job.folder / "record.json" for job in plan.jobs)

    def work(unit: tuple[Job, ...], tell: Any) -> None:
        import os

        from sadvae.bench.bench import Ended, _run_unit

        def tell_and_die(message: Any) -> None:
            tell(message)
            if isinstance(message, Ended) and not (tmp_path / "killed").exists():
                (tmp_path / "killed").write_text(str(first.stat().st_mtime_ns))
                os.kill(os.getpid(), 9)

        _run_unit(tmp_path / "shared", unit, tell_and_die)

    ends: list[str] = []
    run_on_cluster(
        plan.units, Cluster(cluster.address), work, lambda unit, item: None, lambda unit, reason: ends.append(reason)
    )
    assert ends == [""]
    assert first.stat().st_mtime_ns == int((tmp_path / "killed").read_text())
    assert read_record(second).name == "two"


def test_what_cannot_run_is_one_sentence(cluster: Any, files: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    words = ("bench", files / "experiments", "--data", files / "features", "--out", tmp_path / "runs")
    many = sadvae(*words, "--ray", cluster.address, "--gpus-per-run", 2)
    refused(many, "machines of the cluster has 1 CPUs and 2 GPUs", "--gpus-per-run")
    for address in ("127.0.0.1:1", "local", "", "ray://127.0.0.1:1"):
        refused(sadvae(*words, "--ray", address), f"no Ray cluster at {address!r}", "ray start --head")


def test_folders_that_are_not_shared_are_named(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match="is not on every machine"):
        _in_task(lambda unit, tell: None, None, 0, None, str(tmp_path / "away"), __version__)
    with pytest.raises(SadvaeError, match=r"the command 0\.0; install the same on all"):
        _in_task(lambda unit, tell: None, None, 0, None, str(tmp_path), "0.0")


def kept_waiting() -> Callable[[Path, Any], None]:
    """Work that notes each try and, at the first one, waits until it is let go; sent to the workers by value."""

    def work(unit: Path, tell: Any) -> None:
        import os
        import time

        tries = unit.parent / f"{unit.name}.tries"
        with tries.open("a") as stream:
            stream.write(f"{os.getpid()}\n")
        tell("begun")
        while len(tries.read_text().splitlines()) == 1 and not (unit.parent / "go").exists():
            time.sleep(0.05)
        tell("done")

    return work


def test_a_machine_that_is_lost_costs_its_own_unit_alone_and_that_is_run_again(cluster: Any, tmp_path: Path) -> None:
    """The last test of this file: a cluster takes a while to see that a machine is gone."""
    lost = cluster.add_node(num_cpus=1, **SMALL)
    cluster.wait_for_nodes()
    units = [tmp_path / name for name in ("a", "b", "c")]
    heard: list[tuple[str, Any]] = []
    ends: dict[str, str] = {}

    def hear(unit: Path, message: Any) -> None:
        heard.append((unit.name, message))
        if {name for name, _ in heard} == {"a", "b", "c"} and not (tmp_path / "go").exists():
            # All three have begun, each on a machine of its own.
            cluster.remove_node(lost, allow_graceful=False)
            (tmp_path / "go").touch()

    run_on_cluster(
        units,
        Cluster(cluster.address),
        kept_waiting(),
        hear,
        lambda unit, reason: ends.update({unit.name: reason}),
    )
    assert ends == {"a": "", "b": "", "c": ""}
    tries = sorted(len((tmp_path / f"{unit.name}.tries").read_text().splitlines()) for unit in units)
    assert tries == [1, 1, 2]
    for unit in units:
        told = [message for name, message in heard if name == unit.name]
        assert told[0] == "begun"
        assert told[-1] == "done"
