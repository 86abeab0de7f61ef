"""`sadvae predict`: none of these, explanations, and what `check` says of a recogniser."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sadvae.recognition.answers import Answer, Effect, Explanation
from sadvae.recognition.folder import read_parts
from sadvae.recognizer import Recognizer
from sadvae.report.finished import is_run_folder, read_run
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.read import read_clips
from sadvae.types import ClipSet
from tests.cli.conftest import CommandLine
from tests.cli.test_chain import WORDS, clip_file


@pytest.fixture
def recognizer(run_folder: Path) -> Path:
    return run_folder / "seed-0" / "recognizer"


def answers_of(shown: str) -> list[str]:
    """The cells of a table of answers, without the column of clips and the lines around."""
    return [cell.strip() for line in shown.splitlines() for cell in line.split("│")[2:-1]]


def test_many_names_are_said_to_take_a_while(
    recognizer: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("predict", recognizer, clip_file(tmp_path), "--classes", WORDS)
    assert "are read before" not in sadvae(*words).err
    monkeypatch.setattr("sadvae.cli.predict.MANY_NAMES", 1)
    assert "names are read before the first answer" in sadvae(*words).err


def test_none_of_these_is_said_and_can_be_turned_off(recognizer: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    words = ("predict", recognizer, clip_file(tmp_path), "--classes", WORDS, "--out", tmp_path / "a.json")
    for below, said in ((1, True), (0, False)):
        done = sadvae(*words, "--none-of-these", below)
        assert done.code == 0, done.err
        found = json.loads((tmp_path / "a.json").read_text())[0]
        assert ("none of these; the nearest:" in done.out) == said
        assert f"Wrote {tmp_path / 'a.json'}" in done.out
        assert (found["name"] == "none of these") == said
        assert 0 < found["fits"] < 1
        assert len(found["answers"]) == 3
    assert sadvae(*words, "--none-of-these", 2).code == 2


def test_files_of_one_name_in_two_folders_get_numbers(recognizer: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    one = clip_file(tmp_path)
    files = [tmp_path / folder / one.name for folder in ("d1", "d2")]
    for file in files:
        file.parent.mkdir()
        shutil.copy(one, file)
    done = sadvae("predict", recognizer, *files, "--classes", WORDS, "--out", tmp_path / "a.json")
    assert done.code == 0, done.err
    first, second = json.loads((tmp_path / "a.json").read_text())
    assert first["clip"].endswith(" (1)")
    assert second["clip"] == first["clip"].replace("(1)", "(2)")
    assert first["name"] == second["name"]


def test_a_clip_without_a_body_and_a_long_one_are_said_beside_the_answers(
    recognizer: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    clip = read_clips(clip_file(tmp_path))[0]
    empty = replace(clip, joints=np.zeros_like(clip.joints), clip_id="empty")
    long = replace(clip, joints=np.tile(clip.joints, (1, 601 // clip.joints.shape[1] + 1, 1, 1)), clip_id="long")
    for name, clips in (("three", (clip, empty, long)), ("one", (empty,))):
        write_clips_file(tmp_path / f"{name}.npz", ClipSet("asked", clip.layout, clips, ()))
    words = ("predict", recognizer, "--classes", WORDS, "--out", tmp_path / "a.json")
    done = sadvae(*words, tmp_path / "three.npz", "--explain")
    assert done.code == 0, done.err
    assert done.err.count("Left out: clip 'empty' cannot be recognised") == 1
    assert done.err.count("Clip 'long' has") == 1
    assert "--timeline says which action" in " ".join(done.err.split())
    first, second, third = json.loads((tmp_path / "a.json").read_text())
    assert (first["clip"], second["clip"], third["clip"]) == (clip.clip_id, "long", "empty")
    assert first["explanation"]
    assert (third["name"], third["answers"], bool(third["left_out"])) == (None, [], True)
    refused = sadvae(*words, tmp_path / "one.npz")
    assert (refused.code, "'empty' cannot be recognised" in refused.err) == (2, True)


def test_descriptions_are_found_in_any_case(recognizer: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    told = tmp_path / "d.json"
    told.write_text(json.dumps({"fly a kite": ["one hand pulls a line"], "hop": ["both feet leave the floor"]}))
    words = ("predict", recognizer, clip_file(tmp_path), "--descriptions", told, "--out", tmp_path / "a.json")
    found = []
    for names in ("fly a kite, hop", "Hop, Fly a  Kite"):
        done = sadvae(*words, "--classes", names)
        assert done.code == 0, done.err
        answers = json.loads((tmp_path / "a.json").read_text())[0]["answers"]
        found.append({" ".join(a["name"].lower().split()): a["probability"] for a in answers})
    assert found[0] == pytest.approx(found[1], abs=0.05)
    done = sadvae(*words, "--classes", "Hop, fly a plane")
    assert "describes 'fly a kite', which is not among the classes, and not 'fly a plane'" in done.err


def test_explain_names_parts_joints_and_moments(recognizer: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    path = clip_file(tmp_path)
    done = sadvae("predict", recognizer, path, "--classes", WORDS, "--explain", "--out", tmp_path / "a.json")
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "a.json").read_text())[0]
    told = found["explanation"]
    assert told["answer"]["name"] == found["answers"][0]["name"]
    assert {e["name"] for e in told["parts"]} == {"left arm", "right arm", "left leg", "right leg", "trunk and head"}
    assert (len(told["joints"]), len(told["moments"])) == (25, 8)
    assert "without its joints:" in done.out
    assert told["nearest"][0]["name"] in done.out
    (in_python,) = Recognizer.load(recognizer).explain(path, WORDS.split(", "))
    assert [e.name for e in in_python.joints] == [e["name"] for e in told["joints"]]


def test_an_explanation_shows_what_matters_most_first() -> None:
    from sadvae.cli.answers import explained

    effects = tuple(Effect(name, p, 0.0) for name, p in (("a", 0.5), ("b", 0.1), ("c", 0.9), ("d", 0.2)))
    text = explained(Explanation("clip", Answer("wave", 0.75), (Answer("clap", 0.6),), effects, effects, effects))
    assert text.splitlines()[0] == "clip: wave, 75.0 %. Looks most like: clap 60.0 %."
    none = explained(Explanation("clip", Answer("wave", 0.75), (Answer("clap", 0.6),), (), (), ()), none=True)
    assert none.startswith("clip: none of these; the nearest: wave, 75.0 %. Looks most like: clap")
    assert text.splitlines()[1] == "  without its parts: b 10.0 %, d 20.0 %, a 50.0 %"


def test_a_run_leaves_a_calibrated_recogniser_with_a_model_card(recognizer: Path, sadvae: CommandLine) -> None:
    assert {path.name for path in recognizer.iterdir()} == {"README.md", "config.json", "model.safetensors"}
    parts = read_parts(recognizer)
    assert parts.calibration is not None
    assert parts.calibration.unseen is not None
    assert parts.config.record.experiment == "tiny"
    assert parts.config.record.evaluation is not None
    card = (recognizer / "README.md").read_text()
    assert "# sadvae recogniser: tiny" in card
    assert "wave the left hand" in card
    assert f"| {100 * parts.config.record.evaluation.zsl_accuracy:.1f} |" in card
    done = sadvae("check", recognizer)
    assert done.code == 0, done.err
    assert "recogniser: trained on 30 classes of generated" in done.out
    assert f"on {parts.calibration.unseen.clips} held-out clips" in done.out
    assert parts.calibration.fit is not None
    assert f"none of these: said of {100 * parts.calibration.fit.refused:.1f} % of clips that no name fits" in done.out


def test_reports_read_the_method_of_a_saved_recogniser(run_folder: Path) -> None:
    assert is_run_folder(run_folder / "seed-0")
    trained = read_run(run_folder / "seed-0").trained
    assert trained.describe() == read_parts(run_folder / "seed-0" / "recognizer").trained.describe()


def test_a_damaged_recogniser_ends_in_one_sentence(recognizer: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "config.json").write_bytes((recognizer / "config.json").read_bytes())
    (folder / "model.safetensors").write_bytes((recognizer / "model.safetensors").read_bytes()[:1000])
    for words in (("predict", folder, clip_file(tmp_path), "--classes", "a, b"), ("check", folder)):
        done = sadvae(*words)
        assert done.code == 2
        assert "is not a recogniser of sadvae" in done.err
        assert "Traceback" not in done.err


def test_clips_that_name_no_layout_are_told_theirs(recognizer: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    clip = generate_clip_set(actions=("squat",), subjects=1, repetitions=1).clips[0]
    path = tmp_path / "bare.npz"
    np.savez(path, data=clip.joints[0], lengths=[clip.joints.shape[1]])
    words = ("predict", recognizer, path, "--classes", WORDS)
    refused = sadvae(*words)
    assert refused.code == 2
    assert "bare.npz names no layout; give one with --layout: " in refused.err
    done = sadvae(*words, "--layout", "kinect-v2")
    assert done.code == 0, done.err
    named = sadvae("predict", recognizer, clip_file(tmp_path), "--classes", WORDS)
    assert answers_of(done.out) == answers_of(named.out)
    assert sadvae(*words, "--layout", "kinect-v2", "--timeline").code == 0
    twenty = tmp_path / "twenty.npz"
    np.savez(twenty, data=clip.joints[0, :, :20], lengths=[clip.joints.shape[1]])
    mapped = ("predict", recognizer, twenty, "--classes", WORDS, "--layout", "kinect-v1")
    assert "--map-layout" in sadvae(*mapped).err
    assert sadvae(*mapped, "--map-layout").code == 0


def test_clips_before_the_recogniser_are_not_looked_for_on_the_hub(
    recognizer: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_file(tmp_path)
    monkeypatch.chdir(tmp_path.parent)
    asked: list[str] = []
    monkeypatch.setattr("sadvae.recognizer.downloaded", lambda name, *rest, **options: asked.append(name))
    swapped = sadvae("predict", f"{tmp_path.name}/own.npz", recognizer, "--classes", WORDS)
    assert swapped.code == 2
    assert f"{tmp_path.name}/own.npz is a file; the recogniser's folder comes first, then clips." in swapped.err
    assert asked == []
