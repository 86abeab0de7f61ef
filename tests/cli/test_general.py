"""An experiment of two data sets with different layouts and class lists, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sadvae.cli.main import main
from sadvae.recognizer import Recognizer
from sadvae.record import RunRecord, read_record
from sadvae.report.sections.classes import classes
from sadvae.report.sections.provenance import provenance
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.joint_maps import map_clip
from sadvae.skeleton.layouts import load_layout
from sadvae.types import ClipSet, SkeletonClip
from tests.cli.conftest import CommandLine
from tests.cli.test_bad_input import refused
from tests.cli.test_bench import experiment

# What the people of "mine" did, by the generator's names, and what their own list calls it.
OWN_NAMES = {
    "squat": "Squat",
    "kick sideways with the left leg": "kick sideways, with the left leg",
    "wave the right hand": "hail a taxi",
}
MORE = """
[[data.more]]
dataset = "mine"
classes = "{classes}"
[data.joining]
layout = "kinect-v1"
"""
HEAD = 'title = "Two kinds of recordings"\nbaselines = []'


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mine.npz (four people, layout kinect-v1), its list of classes, and an experiment with and one without it."""
    folder = tmp_path_factory.mktemp("general")
    made = generate_clip_set(subjects=4, repetitions=1, seed=5, actions=tuple(OWN_NAMES))
    layout, order = load_layout("kinect-v1"), list(OWN_NAMES)
    clips = tuple(
        SkeletonClip(
            map_clip(clip, layout).joints,
            layout,
            clip.clip_id,
            order.index(made.class_names[clip.label or 0]),
            clip.subject,
        )
        for clip in made.clips
    )
    write_clips_file(folder / "mine.npz", ClipSet("mine", layout, clips, tuple(OWN_NAMES.values())))
    (folder / "mine.json").write_text(json.dumps(list(OWN_NAMES.values())))
    (folder / "alone.toml").write_text(experiment("alone", HEAD))
    (folder / "both.toml").write_text(experiment("both", HEAD, tail=MORE.format(classes=folder / "mine.json")))
    return folder


@pytest.fixture(scope="module")
def runs(files: Path) -> Path:
    """The folder of one run of each experiment."""
    experiments = [str(files / name) for name in ("alone.toml", "both.toml")]
    with pytest.raises(SystemExit) as stop:
        main(["bench", *experiments, "--data", f"mine={files / 'mine.npz'}", "--seeds", "1", "--workers", "1",
              "--out", str(files / "runs")])  # fmt: skip
    assert not stop.value.code
    return files / "runs"


def record_of(runs: Path, name: str) -> RunRecord:
    return read_record(runs / name / "seed-0" / "record.json")


def test_the_record_says_what_was_joined_and_what_was_left_out(runs: Path) -> None:
    alone, both = record_of(runs, "alone"), record_of(runs, "both")
    assert alone.joined is None
    assert both.joined is not None
    assert both.joined.merged == [
        ["kick sideways with the left leg (generated)", "kick sideways, with the left leg (mine)"],
        ["squat (generated)", "Squat (mine)"],
    ]
    assert [both.class_names[c] for c in both.joined.added] == ["hail a taxi"]
    assert (both.seen, both.unseen, both.validation_unseen) == (alone.seen, alone.unseen, alone.validation_unseen)
    page = str(provenance(both).body)
    assert "Seen classes that other data sets add: 1" in page
    assert "squat (generated) = Squat (mine)" in page
    assert "hail a taxi" not in str(classes(both).body)
    grown = {part: both.counts[part] - alone.counts[part] for part in alone.counts}
    # Two training people of "mine" add a clip of squat and one of the taxi each, and none of the unseen kick.
    assert grown == dict.fromkeys(alone.counts, 0) | {"test.train": 4, "calibration.train": 4}


def test_the_recogniser_takes_either_layout_unasked(runs: Path, files: Path, sadvae: CommandLine) -> None:
    folder = runs / "both" / "seed-0" / "recognizer"
    recognizer = Recognizer.load(folder)
    assert recognizer.encoder.layout.name == "kinect-v1"
    assert recognizer.config.layouts == ("kinect-v2", "kinect-v1")
    clip = generate_clip_set(subjects=1, repetitions=1, actions=("squat",)).clips[0]
    notes: list[str] = []
    (direct,) = recognizer.predict(clip, ["squat", "wave"], note=notes.append)
    assert notes == ["kinect-v2 was mapped to kinect-v1: 20 of 20 joints are the same."]
    (mapped,) = recognizer.predict(map_clip(clip, load_layout("kinect-v1")), ["squat", "wave"])
    assert direct.best == mapped.best
    assert sadvae("predict", folder, files / "mine.npz", "--classes", "squat, wave").code == 0
    other = sadvae("check", folder)
    assert "takes clips of the layouts kinect-v2, kinect-v1, unasked" in other.out
    assert "mine trained too" in (folder / "README.md").read_text()
    refused_clip = SkeletonClip(np.ones((1, 4, 17, 3), np.float32), load_layout("coco-17"), "c")
    with pytest.raises(Exception, match="has layout 'coco-17'"):
        recognizer.predict(refused_clip, ["squat"])


def test_a_report_sets_both_beside_each_other(runs: Path, sadvae: CommandLine) -> None:
    assert sadvae("report", runs, "--out", runs / "RESULTS.md").code == 0
    text = (runs / "RESULTS.md").read_text()
    assert "trained with mine too" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| trained with mine too")]
    assert row.split("|")[7].strip() == "1", row


def test_check_tells_what_joining_would_come_to(files: Path, runs: Path, sadvae: CommandLine) -> None:
    shown = sadvae("check", files / "both.toml").out
    assert "with the training clips of mine" in shown
    assert "One class: squat (generated) = Squat (mine)" in shown
    assert "Left out, close to an unseen class: none" in shown
    assert (
        "One class: squat (generated) = Squat (mine)" in sadvae("check", runs / "both" / "seed-0" / "record.json").out
    )
    manifests = (runs / "shared").glob("clips-*/clips.manifest.json")
    (manifest,) = [path for path in manifests if "mine" in path.read_text()]
    described = sadvae("check", manifest).out
    assert "joined: 12 clips of mine, layout kinect-v1." in described
    assert "kinect-v2 was mapped to kinect-v1" in described


def test_what_is_missing_is_said(files: Path, sadvae: CommandLine, tmp_path: Path) -> None:
    refused(sadvae("run", files / "both.toml", "--out", tmp_path), "'mine'", "--data mine=PATH")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(experiment("wrong", HEAD, tail='[[data.more]]\ndataset = "mine"'))
    refused(sadvae("run", wrong, "--data", f"mine={files / 'mine.npz'}", "--out", tmp_path), "classes = 'FILE.json'")
    wrong.write_text(experiment("wrong", HEAD, tail='[[data.more]]\ndataset = "generated"'))
    refused(sadvae("run", wrong, "--out", tmp_path), "two data sets have the name 'generated'")
