"""Options that would do nothing are refused in one sentence, before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.test_bad_input import leftovers, refused
from tests.cli.test_chain import WORDS, clip_file


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--timeline", "--explain"), "--explain is of single clips, not of a --timeline; leave one of them out."),
        (("--timeline", "--top", 1), "--top is of single clips"),
        (("--window", 3), "--window is of --timeline, which was not asked for; give both, or leave it out."),
        (("--step", 0.25), "--step is of --timeline"),
        (("--fps", 10), "--fps is of --timeline"),
        (("--every", 1), "--every is of --camera, which was not asked for; leave it out."),
        (("--timeline", "--fps", 0), "0 frames a second; expected more than 0"),
        (("--out", "a.csv"), "a.csv ends in .csv; answers go to .json."),
        (("--timeline", "--out", "a.txt"), "a.txt ends in .txt; a timeline goes to .srt, .csv, .json."),
    ],
)
def test_options_of_predict(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine, words: tuple[object, ...], said: str
) -> None:
    recognizer, path = run_folder / "seed-0" / "recognizer", clip_file(tmp_path)
    refused(sadvae("predict", recognizer, path, "--classes", WORDS, *words), said)


def test_options_of_predict_beside_a_camera(sadvae: CommandLine) -> None:
    for option in ("--timeline", "--explain"):
        done = sadvae("predict", "nowhere", "--camera", 0, "--classes", WORDS, option)
        refused(done, f"{option} does not go together with --camera; ask for one of them.")


@pytest.mark.parametrize("verb", ["run", "accuracy"])
def test_one_seed_or_a_number_of_seeds(sadvae: CommandLine, verb: str) -> None:
    refused(sadvae(verb, "x.toml", "--seed", 1, "--seeds", 3), "--seed and --seeds do not go together; give one")


def test_a_format_without_figures(run_folder: Path, sadvae: CommandLine) -> None:
    done = sadvae("report", run_folder, "--format", "pdf")
    refused(done, "--format is of --figures, which was not given; give both, or leave it out.")


def test_what_only_a_model_heeds(tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SADVAE_LLM_URL", raising=False)
    words = ("describe", "wave", "--out", tmp_path / "d.json", "--count", 10)
    refused(sadvae(*words, "--templates"), "--count is of a model, which --templates does not ask; leave it out.")
    refused(sadvae(*words), "--count is of a model, and none is asked, since SADVAE_LLM_URL is not set")
    assert leftovers(tmp_path) == []


def test_options_of_other_sources_of_features(tmp_path: Path, sadvae: CommandLine) -> None:
    (tmp_path / "sk_feats").mkdir()
    done = sadvae("import", tmp_path, "--dataset", "ntu60")
    refused(done, "--dataset is of a Flora archive (.npz), which", "is not; leave it out.")
    (tmp_path / "res101.mat").touch()
    (tmp_path / "att_splits.mat").touch()
    refused(sadvae("import", tmp_path, "--name", "x"), "--name is of a folder with sk_feats/, which", "is not")
    refused(sadvae("import", tmp_path / "none", "--name", "x"), "none does not exist")


@pytest.mark.parametrize("verb", ["run", "accuracy", "search", "train", "pretrain", "demo"])
def test_seeds_count_from_0(sadvae: CommandLine, verb: str, tmp_path: Path) -> None:
    arguments = {"demo": (), "run": ("x.toml",), "search": ("x.toml", "y.toml"), "train": ("features", "texts.npz")}
    split = ("--split", "x") if verb == "pretrain" else ()
    done = sadvae(verb, *arguments.get(verb, ("x",)), *split, "--seed", -1, "--out", tmp_path / "out")
    assert done.code == 2
    assert "Traceback" not in done.err
    assert "Invalid value for '--seed'" in done.err
