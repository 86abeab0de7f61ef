"""`sadvae check` tells the files and folders of this program by their content, and says so where it knows none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.store import TrainedFolder, write_trained
from sadvae.methods.trained_on import trained_on
from sadvae.skeleton.layouts import layout_to_json, load_layout
from sadvae.teaching import Material, write_material
from sadvae.text.embed import write_class_embeddings
from tests.cli.conftest import CommandLine
from tests.cli.test_bad_input import refused
from tests.conftest import make_embeddings

SEGMENT = {"start": 0, "end": 9, "name": "wave", "score": 0.9}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (["wave", "squat"], "class list: 2 classes, 0 of them with descriptions"),
        ([{"name": "wave", "descriptions": ["A hand swings."]}], "class list: 1 classes, 1 of them"),
        ({"format": "sadvae-descriptions-1", "classes": ["wave"]}, "descriptions: 1 classes, 0 of them"),
        ({"wave": ["A hand swings."], "squat": []}, "descriptions: 2 classes, 1 of them"),
        ({"unseen": ["squat"], "validation_unseen": [3]}, "split, validation unseen classes: 3"),
        (layout_to_json(load_layout("kinect-v1")), "layout kinect-v1: 20 joints, 19 bones"),
        ([{"clip": "a", "segments": [SEGMENT], "names": ["wave"]}], "timelines of 1 recordings, 1 segments"),
        ([{"clip": "a", "answers": []}], "answers of a recogniser on 1 clips"),
    ],
)
def test_json_files_are_told_by_their_content(value: object, said: str, tmp_path: Path, sadvae: CommandLine) -> None:
    (tmp_path / "some.json").write_text(json.dumps(value))
    shown = sadvae("check", tmp_path / "some.json")
    assert shown.code == 0, shown.err
    assert said in shown.out


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "3", "is not a file that sadvae knows; it knows skeleton files"),
        ("a.json", '{"colour": 3}', "is not a file that sadvae knows"),
        ("a.json", "[3]", "entry 0"),
        ("a.json", '{"unseen": 3}', "is not a split"),
        ("a.json", '{"zsl_accuracy": 0.5}', "is not an evaluation: method: Field required"),
        ("task.json", "{}", "is a part of the folder"),
        ("names.txt", "wave\nsquat\n", "is not a file that sadvae knows"),
        ("notes.md", "wave", "is not a file that sadvae knows"),
        ("frames.txt", "1 2 3 1\n" * 3, "has 3 lines; expected 20 for each frame"),
    ],
)
def test_other_files_are_refused(name: str, text: str, said: str, tmp_path: Path, sadvae: CommandLine) -> None:
    (tmp_path / name).write_text(text)
    refused(sadvae("check", tmp_path / name), said)


def test_arrays_are_told_by_their_names(tmp_path: Path, sadvae: CommandLine) -> None:
    write_class_embeddings(tmp_path / "mine.npz", make_embeddings(3))
    assert "class embeddings: 3 classes, 5 dimensions" in sadvae("check", tmp_path / "mine.npz").out
    made = Material(np.ones((3, 2), np.float32), np.array([0, 0, 1]), (("Up.",), ("Down.",)), (("up",), ("down",)))
    write_material(tmp_path / "made.npz", made)
    assert "2 composed movements, 3 clips" in sadvae("check", tmp_path / "made.npz").out
    np.savez(tmp_path / "other.npz", colours=np.ones(3))
    refused(sadvae("check", tmp_path / "other.npz"), "is not a file that sadvae knows")


def test_a_trained_method_and_its_evaluation(tmp_path: Path, sadvae: CommandLine) -> None:
    task = trivial_task()
    saw = trained_on("trivial", task)
    kept = TrainedFolder(RidgeNearestText().fit(task, 0), None, "ridge", None, "last_step", 0, saw)
    write_trained(tmp_path / "trained", kept)
    shown = sadvae("check", tmp_path / "trained")
    assert shown.code == 0, shown.err
    assert "trained method ridge: trivial, split " in shown.out


def test_runs_and_encoders(run_folder: Path, sadvae: CommandLine) -> None:
    for folder, said in (
        (run_folder, "run record tiny: generated, split generated, seed 1"),
        (run_folder / "seed-0", "run record tiny: generated, split generated, seed 0"),
        (run_folder / "seed-0" / "encoders" / "test", "skeleton encoder: "),
    ):
        shown = sadvae("check", folder)
        assert shown.code == 0, shown.err
        assert said in shown.out
