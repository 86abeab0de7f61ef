"""What somebody wrote or recorded is not written over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import CommandLine
from tests.cli.test_bad_input import clips, leftovers, refused, write

OWN = "One arm swings from side to side, as nobody else would say."


@pytest.mark.parametrize("out", ["raw.npz", "./raw.npz", "inner/../raw.npz"])
def test_recordings_are_not_prepared_into_their_own_file(out: str, tmp_path: Path, sadvae: CommandLine) -> None:
    (tmp_path / "inner").mkdir()
    before = clips(tmp_path / "raw.npz").read_bytes()
    done = sadvae("prepare", tmp_path / "raw.npz", "--layout", "kinect-v2", "--out", tmp_path / out)
    refused(done, "is read, and would be lost; choose another place")
    assert (tmp_path / "raw.npz").read_bytes() == before
    assert leftovers(tmp_path) == ["inner", "raw.npz"]


def test_a_store_is_not_written_around_its_recordings(tmp_path: Path, sadvae: CommandLine) -> None:
    (tmp_path / "all" / "raw").mkdir(parents=True)
    clips(tmp_path / "all" / "raw" / "a.npz")
    for out in ("all", "all/raw"):
        words = ("prepare", tmp_path / "all" / "raw", "--layout", "kinect-v2", "--out", tmp_path / out)
        refused(sadvae(*words), "is read, and would be lost")
    assert leftovers(tmp_path) == ["a.npz", "all", "raw"]


def test_a_list_of_classes_is_not_embedded_into_itself(tmp_path: Path, sadvae: CommandLine) -> None:
    names = write(tmp_path / "mine.json", b'["wave"]')
    refused(sadvae("embed", names, "--out", names), "mine.json is read, and would be lost")
    vectors = tmp_path / "vectors.npy"
    np.save(vectors, np.eye(1, dtype=np.float32))
    refused(sadvae("embed", names, "--array", vectors, "--out", vectors), "vectors.npy is read, and would be lost")


def sentences(path: Path) -> dict[str, Sequence[str]]:
    return {entry["name"]: entry["descriptions"] for entry in json.loads(path.read_text())["classes"]}


def test_own_sentences_are_not_described_away(tmp_path: Path, sadvae: CommandLine) -> None:
    names, out = write(tmp_path / "names.json", b'["wave", "squat"]'), tmp_path / "classes.json"
    words = ("describe", names, "--templates", "--out", out)
    assert sadvae(*words).code == 0
    # What rules gave is given again.
    assert sadvae(*words).code == 0
    made = json.loads(out.read_text())
    made["classes"][0]["descriptions"].append(OWN)
    out.write_text(json.dumps(made))
    write(names, b'["wave", "squat", "kick"]')
    refused(sadvae(*words), "holds a sentence of your own that would be lost, 'One arm swings", "then its sentences")
    assert json.loads(out.read_text()) == made
    # The file itself, with a further name, keeps them.
    made["classes"].append({"name": "kick"})
    out.write_text(json.dumps(made))
    before = made["classes"][1]["descriptions"]
    done = sadvae("describe", out, "--templates", "--out", out)
    assert done.code == 0, done.err
    found = sentences(out)
    assert OWN in found["wave"]
    assert list(found["squat"]) == before
    assert found["kick"]
    assert "given" in done.out
    other = write(tmp_path / "record.json", b'{"accuracy": 1}')
    refused(sadvae("describe", names, "--templates", "--out", other), "record.json is not a JSON object of lists")


def test_a_report_does_not_replace_a_record(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    record = run_folder / "seed-0" / "record.json"
    before = record.read_bytes()
    refused(sadvae("report", run_folder, "--out", record), "record.json ends in .json; tables go to .md")
    refused(sadvae("report", run_folder, "--html", record), "record.json ends in .json; a page goes to .html")
    assert record.read_bytes() == before
