"""`sadvae run --features`: an experiment that starts from features made elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from sadvae.features.folder import read_features
from sadvae.record import read_record
from sadvae.text.embed import read_class_embeddings
from tests.cli.conftest import CommandLine
from tests.cli.test_bad_input import refused


def test_features_of_a_run_give_its_scores_again(
    run_folder: Path, experiment: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    whole = run_folder / "seed-0"
    done = sadvae("run", experiment, "--features", whole / "features", "--seed", 0, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert "No recogniser was saved" in done.out
    record, before = read_record(tmp_path / "run" / "seed-0" / "record.json"), read_record(whole / "record.json")
    assert record.evaluations == before.evaluations
    assert record.counts == before.counts
    assert set(record.data_hashes) == {"features", "texts"}
    assert record.settings["encoder"]["preset"] == "imported"
    assert {p.name for p in (tmp_path / "run" / "seed-0").iterdir()} >= {"record.json", "report.html"}
    assert not (tmp_path / "run" / "seed-0" / "recognizer").exists()
    assert "Unseen clips and" not in (tmp_path / "run" / "seed-0" / "report.html").read_text()


def test_vectors_of_a_file_stand_for_the_texts(
    run_folder: Path, experiment: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    vectors = read_class_embeddings(run_folder / "embeddings.npz").vectors
    np.save(tmp_path / "mine.npy", vectors[:, :50])
    words = ("--features", run_folder / "seed-0" / "features", "--embeddings", tmp_path / "mine.npy", "--seed", 0)
    done = sadvae("run", experiment, *words, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    record = read_record(tmp_path / "run" / "seed-0" / "record.json")
    assert record.settings["text"] == {"encoder": str(tmp_path / "mine.npy"), "mode": "imported"}
    first = record.data_hashes
    np.save(tmp_path / "mine.npy", vectors[:, 50:])
    assert sadvae("run", experiment, *words, "--out", tmp_path / "run").code == 0
    again = read_record(tmp_path / "run" / "seed-0" / "record.json").data_hashes
    assert (again["features"] == first["features"], again["texts"] == first["texts"]) == (True, False)


SPLIT = """
name = "pack"
[data]
dataset = "utd_mhad"
[split]
name = "{}"
[method]
preset = "sadvae"
changes = {{ epochs = 2 }}
"""


def test_a_published_pack_runs_as_its_protocol(real_data: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    features, path = tmp_path / "features", tmp_path / "pack.toml"
    assert sadvae("import", real_data / "feature_packs" / "utd_p5", "--text", "motion", "--out", features).code == 0
    words = ("--features", features, "--embeddings", features / "embeddings.npz", "--seed", 0)
    path.write_text(SPLIT.format("purls-22-5"))
    done = sadvae("run", path, *words, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    record = read_record(tmp_path / "run" / "seed-0" / "record.json")
    assert record.allow == ["test: unknown_encoder", "calibration: unknown_encoder"]
    assert record.validation_unseen == list(read_features(features).test.split.validation_unseen)
    assert record.evaluations[0].zsl_accuracy > record.evaluations[0].chance
    path.write_text(SPLIT.format("purls-18-9"))
    refused(sadvae("run", path, *words, "--out", tmp_path / "other"), "split 'purls-22-5'", "split 'purls-18-9'")


@pytest.mark.parametrize("dataset", ["utd_mhad", "utd"])
def test_the_split_is_named_as_import_named_it(
    dataset: str, real_data: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    features, path = tmp_path / "features", tmp_path / "pack.toml"
    assert sadvae("import", real_data / "feature_packs" / "utd_r5_0", "--text", "lb", "--out", features).code == 0
    name = read_features(features).test.split.name
    text = SPLIT.replace("utd_mhad", dataset).replace("sadvae", "ridge").replace("changes = {{ epochs = 2 }}", "")
    path.write_text(text.format(name))
    words = (
        "run",
        path,
        "--out",
        tmp_path / "run",
        "--features",
        features,
        "--embeddings",
        features / "embeddings.npz",
    )
    done = sadvae(*words)
    assert done.code == 0, done.err
    assert read_record(tmp_path / "run" / "seed-0" / "record.json").split == name
    path.write_text(text.format("utd-published-5-000000"))
    refused(sadvae(*words), "unknown split 'utd-published-5-000000'")


LEVELS = """
name = "levels"
baselines = []
[data]
dataset = "utd_mhad"
train_subjects = "nonsense"
[prepare]
frames = 32
[split]
name = "purls-22-5"
validation_unseen = [{}]
held_out_subjects = ["99"]
unseen_from = "training_subjects"
[method]
preset = "ridge"
"""


def test_settings_that_made_no_features_are_named_and_not_stated(
    real_data: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    features, path = tmp_path / "features", tmp_path / "levels.toml"
    assert sadvae("import", real_data / "feature_packs" / "utd_p5", "--text", "lb", "--out", features).code == 0
    words = (
        "run",
        path,
        "--features",
        features,
        "--embeddings",
        features / "embeddings.npz",
        "--out",
        tmp_path / "run",
    )
    path.write_text(LEVELS.format("21, 15, 12, 11, 3"))
    done = sadvae(*words)
    assert done.code == 0, done.err
    said = "train_subjects of [data], [prepare], held_out_subjects of [split], unseen_from of [split]"
    assert done.err.splitlines()[0] == f"Not used, since the features were made elsewhere: {said}."
    stated = read_record(tmp_path / "run" / "seed-0" / "record.json").settings
    assert stated["data"]["train_subjects"] == "odd"
    assert stated["prepare"]["frames"] is None
    assert (stated["split"]["held_out_subjects"], stated["split"]["unseen_from"]) == (None, "held_out_subjects")
    assert stated["split"]["validation_unseen"] == [21, 15, 12, 11, 3]
    path.write_text(LEVELS.format("0, 1"))
    refused(sadvae(*words), "holds out classes 3, 11, 12, 15, 21", "validation_unseen 0, 1")


def test_a_bench_finds_the_features_of_each_experiment(
    run_folder: Path, experiment: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    shutil.copytree(run_folder / "seed-0" / "features", tmp_path / "features" / "tiny")
    words = (
        "bench",
        experiment,
        "--data",
        f"generated={tmp_path / 'features'}",
        "--seeds",
        1,
        "--out",
        tmp_path / "runs",
    )
    done = sadvae(*words)
    assert done.code == 0, done.err
    path = tmp_path / "runs" / "tiny" / "seed-0" / "record.json"
    assert read_record(path).settings["encoder"]["preset"] == "imported"
    assert done.err.splitlines()[0] == "Not used, since the features were made elsewhere: generated of [data]."
    before = path.stat().st_mtime_ns
    assert "1 runs: 1 finished before, 0 to run" in sadvae(*words).out
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("file", "said"),
    [("missing.npz", "missing.npz"), ("few.npy", "vectors of 3 classes"), ("features", "features")],
)
def test_faulty_vectors_are_named(
    file: str, said: str, run_folder: Path, experiment: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    np.save(tmp_path / "few.npy", np.ones((3, 4), np.float32))
    (tmp_path / "features").mkdir()
    features = run_folder / "seed-0" / "features"
    outcome = sadvae(
        "run", experiment, "--features", features, "--embeddings", tmp_path / file, "--out", tmp_path / "run"
    )
    refused(outcome, said)


def test_clips_and_features_together_are_refused(run_folder: Path, experiment: Path, sadvae: CommandLine) -> None:
    words = ("--features", run_folder / "seed-0" / "features", "--data", run_folder / "clips.npz")
    refused(sadvae("run", experiment, *words), "--data", "--features")
