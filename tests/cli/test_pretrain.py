"""What the words of `sadvae pretrain` change, and which of them are refused before anything trains."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sadvae.encoders.levels import load_encoders
from sadvae.skeleton.clips_file import write_clips_file
from tests.cli.conftest import CommandLine
from tests.cli.test_bad_input import leftovers, refused
from tests.unit.test_pretrain import moving_clips

PEOPLE = ("", "ann", "bob", "cleo", "dan")
SMALL = ("--set", "widths=[8,16]", "--set", "strides=[1,2]", "--set", "frames=8", "--set", "epochs=1")


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The verb and what it needs, for prepared clips of four people in a folder to stand in."""
    monkeypatch.chdir(tmp_path)
    made = moving_clips()
    clips = tuple(replace(clip, subject=PEOPLE[int(clip.subject or 0)]) for clip in made.clips)
    write_clips_file(Path("own.npz"), replace(made, clips=clips))
    Path("split.json").write_text(json.dumps({"unseen": [5], "validation_unseen": [3, 4]}))
    people = "ann, bob, cleo"
    return ("pretrain", "own.npz", "--split", "split.json", "--train-subjects", people, "--out", "e", *SMALL)


def test_the_calibration_level_is_divided_as_an_experiment_file_says(
    words: tuple[str, ...], sadvae: CommandLine
) -> None:
    done = sadvae(*words, "--held-out-subjects", "ann, bob", "--unseen-from", "training_subjects")
    assert done.code == 0, done.err
    found = load_encoders(Path("e"))
    assert found.division.held_out_subjects == ("ann", "bob")
    assert found.division.unseen_from == "training_subjects"
    assert found.calibration is not None
    assert found.calibration.trace.subjects == ("cleo",)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--held-out-subjects", "dan"), "held-out subject 'dan' is not a training subject; those are ann, bob, cleo"),
        (("--epochs", "2"), "--epochs and --set epochs= say the same; give one of them."),
        (("--set", "frames=9"), "--set gives 'frames' twice"),
        (("--unseen-from", "all"), "split settings: unseen_from: Input should be 'held_out_subjects' or 'training_su"),
    ],
)
def test_words_are_refused_in_one_sentence(
    words: tuple[str, ...], more: tuple[str, ...], said: str, sadvae: CommandLine
) -> None:
    refused(sadvae(*words, *more), said)
    assert leftovers(Path()) == ["own.npz", "split.json"]


def test_people_with_too_few_clips_are_told_what_helps(words: tuple[str, ...], sadvae: CommandLine) -> None:
    refused(sadvae(*words, "--train-subjects", "ann"), "seen classes", "; add training subjects or clips of them, or")
    few = moving_clips(repetitions=4)
    cut = tuple(clip for clip in few.clips if (clip.label, clip.subject) not in [(3, "3"), (4, "3")])
    write_clips_file(Path("own.npz"), replace(few, clips=cut))
    done = sadvae(*words, "--train-subjects", "1, 3")
    refused(done, "unseen classes (action 3, action 4)", '; take unseen_from = "training_subjects", name other held')
    assert sadvae(*words, "--train-subjects", "1, 3", "--unseen-from", "training_subjects").code == 0


def test_the_place_of_the_encoders_is_looked_at_before_the_clips(tmp_path: Path, sadvae: CommandLine) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "project" / "test").mkdir(parents=True)
    (tmp_path / "project" / "test" / "own.py").touch()
    asked = ("pretrain", tmp_path / "nowhere.npz", "--split", "split.json", "--out")
    for out in ("file", "file/e"):
        refused(sadvae(*asked, tmp_path / out), f"{tmp_path}/file is a file, where a folder is to be written; choose")
    refused(sadvae(*asked, tmp_path / "project"), "project/test holds own.py, which is none of the files")
    assert leftovers(tmp_path) == ["file", "own.py", "project", "test"]


def test_help_says_where_presets_and_settings_are_listed(sadvae: CommandLine) -> None:
    shown = sadvae("pretrain", "--help").out
    assert "docs/encoders.md" in shown
    assert "docs/training.md" in shown


def test_check_knows_a_training_that_is_not_finished(tmp_path: Path, sadvae: CommandLine) -> None:
    (tmp_path / "e" / "test").mkdir(parents=True)
    (tmp_path / "e" / "test" / "config.json").write_text(json.dumps({"format": "sadvae-encoder-1"}))
    refused(sadvae("check", tmp_path / "e"), "e is not finished; give its `sadvae pretrain` command again")


def test_a_level_with_too_few_clips_is_named_before_texts_are_embedded(tmp_path: Path, sadvae: CommandLine) -> None:
    """Two people train, and one of them is held out at the calibration level: a clip of each class is left."""
    path, out = tmp_path / "x.toml", tmp_path / "run"
    changes = "generated = { subjects = 4, repetitions = 1 }"
    path.write_text(f'name = "x"\n[data]\ndataset = "generated"\n{changes}\n[split]\nname = "generated"\n')
    refused(sadvae("run", path, "--out", out), "level calibration: class", "has a single training clip")
    assert not (out / "embeddings.npz").exists()
    assert (out / "clips.npz").is_file()
