"""`sadvae serve`: what keeps it from starting is one sentence."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine


def test_a_missing_library_says_what_to_install(
    sadvae: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    done = sadvae("serve", tmp_path)
    assert (done.code, "pip install '.[serve]'" in done.err) == (2, True)


def test_a_taken_port_is_said_before_anything_is_loaded(sadvae: CommandLine, tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = sadvae("serve", tmp_path, "--port", port)
    assert (done.code, f"port {port} of this machine cannot be used" in done.err) == (2, True)


def test_a_folder_without_a_recogniser_is_said(sadvae: CommandLine, tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
    done = sadvae("serve", tmp_path / "none", "--port", 0)
    assert (done.code, str(tmp_path / "none") in done.err, "Traceback" in done.err) == (2, True, False)


@pytest.mark.parametrize("option", [("--port", 70000), ("--max-upload-mb", 0), ("--time-limit", 0)])
def test_limits_out_of_range_are_refused(sadvae: CommandLine, tmp_path: Path, option: tuple[str, int]) -> None:
    assert sadvae("serve", tmp_path, *option).code == 2
