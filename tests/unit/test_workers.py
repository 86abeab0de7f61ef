"""Processes side by side: no more than asked for, an error or a death is told, and none outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sadvae.encoders.workers import Tell, run_side_by_side
from sadvae.errors import SadvaeError
from tests.conftest import ROOT

PARENT = """
from functools import partial
from pathlib import Path
from typing import Any
from sadvae.encoders.workers import run_side_by_side
from tests.unit.test_workers import sleep
if __name__ == "__main__":
    run_side_by_side({"a": partial(sleep, Path("FOLDER"))}, 1, print)
"""


def sleep(folder: Path, tell: Tell) -> None:
    (folder / "new").write_text(str(os.getpid()))
    (folder / "new").rename(folder / "pid")
    time.sleep(600)


def span(tell: Tell) -> None:
    tell(("begin", time.monotonic()))
    time.sleep(0.3)
    tell(("end", time.monotonic()))


def fail(tell: Tell) -> None:
    raise SadvaeError("this one is wrong.")


def die(tell: Tell) -> None:
    os._exit(7)


def test_jobs_wait_for_a_free_place() -> None:
    heard: list[tuple[str, tuple[str, float]]] = []
    run_side_by_side({"a": span, "b": span}, 1, lambda name, item: heard.append((name, item)))
    assert [(name, item[0]) for name, item in heard] == [("a", "begin"), ("a", "end"), ("b", "begin"), ("b", "end")]
    assert heard[1][1][1] <= heard[2][1][1]


def test_what_a_job_raises_reaches_the_caller_and_the_others_end(tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match="this one is wrong"):
        run_side_by_side({"a": partial(sleep, tmp_path), "b": fail}, 2, lambda name, item: None)


def test_a_dead_process_is_named() -> None:
    with pytest.raises(SadvaeError, match="training 'a' ended with code 7"):
        run_side_by_side({"a": die}, 1, lambda name, item: None)


@pytest.mark.parametrize("ignored", [False, True])
def test_ctrl_c_while_a_process_starts_comes_behind_the_start(
    ignored: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(multiprocessing.get_context("spawn").Process())
    start = kind.start

    def interrupted(process: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        start(process)

    monkeypatch.setattr(kind, "start", interrupted)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    try:
        if ignored:
            run_side_by_side({"a": span}, 1, lambda name, item: None)
        else:
            with pytest.raises(KeyboardInterrupt):
                run_side_by_side({"a": partial(sleep, tmp_path)}, 1, lambda name, item: None)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not multiprocessing.active_children()


def test_no_process_outlives_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.replace("FOLDER", str(tmp_path)))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    parent = subprocess.Popen([sys.executable, str(script)], env=environment)
    child = int(_waited(tmp_path / "pid"))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(300):
        if not _runs(child):
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child outlived its parent")


def _waited(path: Path) -> str:
    for _ in range(1200):
        if path.is_file():
            return path.read_text()
        time.sleep(0.1)
    raise AssertionError(f"{path} did not come")


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
