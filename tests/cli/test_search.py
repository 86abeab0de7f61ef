"""`sadvae search`: nothing of the test is looked at, a stopped search goes on, machines share one, the best can run."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sadvae.evaluation.trivial import trivial_task
from sadvae.features.folder import read_features
from sadvae.settings import read_experiment
from sadvae.text.embed import read_class_embeddings
from tests.cli.conftest import CommandLine, Outcome
from tests.cli.test_bad_input import refused
from tests.waist_samples import with_garbage, write_experiment, write_waist

pytest.importorskip("optuna", reason="a search needs Optuna; pip install '.[search]'")

SPACE = """
[method]
latent = { low = 2, high = 16, log = true }
learning_rate = { low = 1e-3, high = 1e-1, log = true }
unseen_rule = ["cosine", "gaussian"]
"""


@pytest.fixture(scope="module")
def waist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("waist")
    write_waist(folder)
    write_experiment(folder / "tiny.toml", folder)
    (folder / "space.toml").write_text(SPACE)
    return folder


def words(waist: Path, out: Path, *more: object) -> list[str]:
    fixed = ["search", waist / "tiny.toml", waist / "space.toml", "--features", waist / "features", "--seeds", 2]
    return [str(word) for word in (*fixed, "--out", out, "--shared", out.parent / "shared", "--workers", 1, *more)]


def trials(out: Path) -> list[dict[str, Any]]:
    found = json.loads((out / "trials.json").read_text())["trials"]
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in found]


@pytest.fixture(scope="module")
def whole(waist: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A search of twelve trials in one go."""
    out = tmp_path_factory.mktemp("whole") / "out"
    code = f"from sadvae.cli.main import main; main({words(waist, out, '--trials', 12)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return out, Outcome(done.returncode, done.stdout, done.stderr)


def test_what_a_search_says_and_leaves(whole: tuple[Path, Outcome]) -> None:
    out, said = whole
    assert said.code == 0, said.err
    assert "12 trials: 0 finished before." in said.out
    assert "12 of 12: trial 11" in said.err
    files = {path.name for path in out.iterdir()} - {"importance.png"}
    assert files == {"best.toml", "trials.csv", "trials.json", "history.png", "levels", "study.journal"}
    rows = list(csv.DictReader((out / "trials.csv").read_text().splitlines()))
    assert [row["trial"] for row in rows] == [str(n) for n in range(12)]
    assert {row["state"] for row in rows} <= {"complete", "pruned"}
    assert {"latent", "learning_rate", "unseen_rule", "held_out_accuracy"} <= set(rows[0])
    best = max((t for t in trials(out) if t["state"] == "complete"), key=lambda t: t["score"])
    assert f"Best: trial {best['number']}, {100 * best['score']:.1f} % on held-out classes" in said.out


def test_the_score_is_the_mean_over_seeds_of_the_level_alone(whole: tuple[Path, Outcome]) -> None:
    """Scored again by hand, on the calibration level of the task that the files were written from."""
    from sadvae.evaluation.selection import zsl_accuracy
    from sadvae.methods.sa_dvae import SADVAE
    from sadvae.methods.settings import sadvae

    level = trivial_task().calibration
    assert level is not None
    for trial in [t for t in trials(whole[0]) if t["state"] == "complete"][:3]:
        method = SADVAE(sadvae(**{"style": 2, "epochs": 2, "iterations_per_epoch": 8} | trial["values"]))
        scores = [zsl_accuracy(method.fit(level, seed), level) for seed in (0, 1)]
        assert trial["scores"] == pytest.approx(scores)
        assert trial["score"] == pytest.approx(np.mean(scores))


def test_poisoned_test_clips_and_unseen_texts_change_nothing(
    whole: tuple[Path, Outcome], waist: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    write_waist(tmp_path, with_garbage(trivial_task()))
    write_experiment(tmp_path / "tiny.toml", tmp_path)
    (tmp_path / "space.toml").write_text(SPACE)
    done = sadvae(*words(tmp_path, tmp_path / "out", "--trials", 12))
    assert done.code == 0, done.err
    assert trials(tmp_path / "out") == trials(whole[0])
    one, other = (read_class_embeddings(folder / "texts.npz").vectors for folder in (waist, tmp_path))
    assert not np.array_equal(one, other)


def test_files_of_trials_hold_no_test_clip_and_no_unseen_class(whole: tuple[Path, Outcome], waist: Path) -> None:
    level, full = read_features(whole[0] / "levels/0/features"), read_features(waist / "features")
    tests = {*full.test.test_seen.clip_ids, *full.test.test_unseen.clip_ids}
    parts = (level.test.train, level.test.test_seen, level.test.test_unseen)
    assert not any(tests & set(part.clip_ids) for part in parts)
    assert not any(set(full.test.split.unseen) & set(part.labels.tolist()) for part in parts)
    assert level.calibration is None
    texts = read_class_embeddings(whole[0] / "levels/0/texts-imported.npz")
    assert set(texts.ids) == set(level.test.split.classes) == set(full.test.split.seen)


def test_a_stopped_search_goes_on_as_if_it_had_not_been(
    whole: tuple[Path, Outcome], waist: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    """In another storage too: a database gives the trials that the journal gives."""
    storage = f"sqlite:///{tmp_path / 'search.db'}"
    first = sadvae(*words(waist, tmp_path / "out", "--trials", 5, "--storage", storage))
    assert first.code == 0, first.err
    assert len(trials(tmp_path / "out")) == 5
    assert not (tmp_path / "out" / "importance.png").exists()
    again = sadvae(*words(waist, tmp_path / "out", "--trials", 12, "--storage", storage))
    assert "12 trials: 5 finished before." in again.out
    assert trials(tmp_path / "out") == trials(whole[0])
    idle = sadvae(*words(waist, tmp_path / "out", "--trials", 12, "--storage", storage))
    assert "12 trials: 12 finished before." in idle.out
    assert "trial 11" not in idle.err


def test_machines_share_a_search_and_a_killed_one_loses_its_trial_alone(
    waist: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    """Two commands on one database; the first is killed on its way, the second does the rest."""
    storage = f"sqlite:///{tmp_path / 'search.db'}"

    def start(name: str) -> subprocess.Popen[bytes]:
        given = words(waist, tmp_path / name, "--trials", 10, "--storage", storage)
        code = f"from sadvae.cli.main import main; main({given!r})"
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    first = start("one")
    assert first.stderr is not None
    # A line a trial, whose end is told; the second comes later, so that it leaves something to the first.
    while first.poll() is None and b": trial " not in first.stderr.readline():
        pass
    second = start("two")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    first.stderr.close()
    said = second.communicate(timeout=120)[1].decode()
    assert second.returncode == 0, said
    found = trials(tmp_path / "two")
    assert [trial["number"] for trial in found] == list(range(len(found)))
    over = [trial for trial in found if trial["state"] in ("complete", "pruned")]
    assert 10 <= len(over) <= 11
    assert len(found) - len(over) <= 1


def test_the_best_settings_are_an_experiment_that_runs(
    whole: tuple[Path, Outcome], waist: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    best = read_experiment(whole[0] / "best.toml")
    before = read_experiment(waist / "tiny.toml")
    top = max((t for t in trials(whole[0]) if t["state"] == "complete"), key=lambda t: t["score"])
    assert best.name == "tiny_searched"
    assert best.method.changes == before.method.changes | top["values"]
    same = {"name", "title", "method"}
    assert best.model_dump(exclude=same) == before.model_dump(exclude=same)
    assert f"sadvae run {whole[0] / 'best.toml'} --features" in whole[1].out
    done = sadvae("run", whole[0] / "best.toml", "--features", waist / "features", "--out", tmp_path / "run")
    assert done.code == 0, done.err


CLIPS = """
name = "clips"
selection = "held_out_classes"
[data]
dataset = "generated"
generated = { subjects = 4, repetitions = 2, style = 0.5 }
[split]
name = "generated"
[encoder]
preset = "demo"
changes = { widths = [8], strides = [4], frames = 16, epochs = 1 }
[method]
preset = "sadvae"
changes = { epochs = 2, iterations_per_epoch = 5 }
"""


def test_from_clips_over_two_divisions_and_two_text_modes(tmp_path: Path, sadvae: CommandLine) -> None:
    (tmp_path / "clips.toml").write_text(CLIPS)
    (tmp_path / "space.toml").write_text("[text]\nmode = ['names', 'descriptions']")
    given = ("search", tmp_path / "clips.toml", tmp_path / "space.toml", "--divisions", 2, "--seeds", 1)
    given = (*given, "--trials", 2, "--workers", 1, "--out", tmp_path / "out", "--shared", tmp_path / "shared")
    done = sadvae(*given)
    assert done.code == 0, done.err
    splits = [read_features(tmp_path / f"out/levels/{n}/features").test.split for n in (0, 1)]
    assert splits[0].unseen != splits[1].unseen
    assert set(splits[0].classes) == set(splits[1].classes)
    assert len(splits[0].unseen) == len(splits[1].unseen)
    kinds = sorted(path.name.rsplit("-", 1)[0] for path in (tmp_path / "shared").iterdir())
    assert kinds == ["clips", "encoders", "encoders", "features", "features", "texts", "texts"]
    assert all(len(trial["scores"]) == 2 for trial in trials(tmp_path / "out"))
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "shared").rglob("*.npz")}
    assert sadvae(*given).code == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "shared").rglob("*.npz")} == stamps


@pytest.mark.parametrize(
    ("change", "more", "sentence"),
    [
        ({"selection": "oracle_test"}, (), "looks at test clips, and a search never does"),
        ({}, ("--storage", "oracle://nowhere"), "storage 'oracle://nowhere' cannot be opened"),
        ({}, ("--storage", "stage://x"), "storage 'stage://x' cannot be opened"),
        ({}, ("--divisions", 2), "features have one division"),
        ({"space": "[text]\nmode = ['names', 'descriptions']"}, (), "have no mode to search"),
    ],
)
def test_bad_input_is_one_sentence(
    change: dict[str, str], more: tuple[object, ...], sentence: str, waist: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    experiment = write_experiment(tmp_path / "tiny.toml", waist, selection=change.get("selection", "last_step"))
    (tmp_path / "space.toml").write_text(change.get("space", SPACE))
    given = ("search", experiment, tmp_path / "space.toml", "--features", waist / "features", "--trials", 1)
    refused(sadvae(*given, "--out", tmp_path / "out", "--shared", tmp_path / "shared", *more), sentence)


def test_a_study_of_other_ranges_is_refused(
    whole: tuple[Path, Outcome], waist: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    (tmp_path / "space.toml").write_text(SPACE.replace("high = 16", "high = 17"))
    given = words(waist, tmp_path / "out", "--trials", 13, "--storage", whole[0] / "study.journal")
    given[2] = str(tmp_path / "space.toml")
    refused(sadvae(*given), "study 'tiny'", "is a search of other settings, ranges, data or seeds", "--study")


def test_settings_that_fail_are_failed_trials_and_named(waist: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    """Published vectors without verbs and nouns stop JPoSE in every trial; the search ends all the same."""
    vectors = read_class_embeddings(waist / "texts.npz").vectors
    np.save(tmp_path / "texts.npy", vectors)
    path = write_experiment(tmp_path / "jpose.toml", waist)
    path.write_text(path.read_text().split("[method]")[0] + '[method]\npreset = "jpose"\n')
    (tmp_path / "space.toml").write_text("[method]\nlearning_rate = { low = 1e-3, high = 1e-1 }")
    given = ("search", path, tmp_path / "space.toml", "--features", waist / "features", "--trials", 3, "--workers", 1)
    given = (*given, "--embeddings", tmp_path / "texts.npy", "--out", tmp_path / "out", "--shared", tmp_path / "shared")
    refused(sadvae(*given), "no trial of study 'jpose' ended with a score; the last one said:", "verb")
