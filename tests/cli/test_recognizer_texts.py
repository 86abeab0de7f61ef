"""A recogniser remembers how its texts were embedded, and is not made of vectors that it could not make again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sadvae.recognizer import Recognizer
from sadvae.skeleton.generated import GeneratedSettings, generate_clip_set
from sadvae.text.embed import read_class_embeddings, write_class_embeddings
from sadvae.text.movement_words import movement_words
from tests.cli.conftest import CommandLine


def train(sadvae: CommandLine, run_folder: Path, vectors: Path, out: Path):
    seed = run_folder / "seed-0"
    words = ("--preset", "ridge", "--out", out / "trained", "--encoders", seed / "encoders")
    return sadvae("train", seed / "features", vectors, *words, "--recognizer", out / "recognizer")


def test_the_text_mode_goes_into_the_recognizer(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    assert sadvae("embed", "generated", "--mode", "names", "--out", tmp_path / "e.npz").code == 0
    done = train(sadvae, run_folder, tmp_path / "e.npz", tmp_path)
    assert done.code == 0, done.err
    config = Recognizer.load(tmp_path / "recognizer").config
    assert (config.text_encoder, config.text_mode) == ("minilm", "names")


def test_a_method_of_verbs_and_nouns_is_asked_about_new_names(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    seed = run_folder / "seed-0"
    words = ("--preset", "synse", "--set", "epochs=1", "--out", tmp_path / "trained", "--encoders", seed / "encoders")
    done = sadvae(
        "train", seed / "features", run_folder / "embeddings.npz", *words, "--recognizer", tmp_path / "recognizer"
    )
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "trained" / "training.json").read_text())["method"] == "synse"
    recognizer = Recognizer.load(tmp_path / "recognizer")
    vectors = recognizer.embed(["fly a kite", "squat"])
    assert vectors.shape == (2, 3 * (384 + len(movement_words())))
    clip = generate_clip_set(settings=GeneratedSettings(subjects=1, repetitions=1)).clips[0]
    (answer,) = recognizer.predict(clip, ["fly a kite", "squat"])
    assert {a.name for a in answer.answers} == {"fly a kite", "squat"}
    out = ("--out", tmp_path / "evaluation.json")
    assert sadvae("evaluate", tmp_path / "trained", seed / "features", run_folder / "embeddings.npz", *out).code == 0


def test_imported_vectors_are_none_for_a_method_of_verbs_and_nouns(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(36, 8)))
    assert sadvae("embed", "generated", "--array", tmp_path / "a.npy", "--out", tmp_path / "e.npz").code == 0
    features = run_folder / "seed-0" / "features"
    done = sadvae("train", features, tmp_path / "e.npz", "--preset", "jpose", "--out", tmp_path / "trained")
    assert done.code == 2
    assert "(array a.npy) hold no vectors of verbs and nouns" in done.err


def test_vectors_from_an_array_make_no_recognizer(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(36, 8)))
    assert sadvae("embed", "generated", "--array", tmp_path / "a.npy", "--out", tmp_path / "e.npz").code == 0
    done = train(sadvae, run_folder, tmp_path / "e.npz", tmp_path)
    assert done.code == 2
    assert "holds imported vectors (array a.npy)" in done.err
    assert not (tmp_path / "trained").exists()


def test_an_encoder_that_is_gone_makes_no_recognizer(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    found = read_class_embeddings(run_folder / "embeddings.npz")
    write_class_embeddings(tmp_path / "e.npz", replace(found, encoder=str(tmp_path / "gone")))
    done = train(sadvae, run_folder, tmp_path / "e.npz", tmp_path)
    assert done.code == 2
    assert "gone' is not a folder that exists" in done.err
    assert not (tmp_path / "trained").exists()


def test_own_texts_and_modes_reach_the_file(tmp_path: Path, sadvae: CommandLine) -> None:
    own = tmp_path / "own.json"
    own.write_text(json.dumps(["wave", {"name": "squat", "descriptions": ["Both knees bend."]}]))
    done = sadvae("embed", own, "--mode", "names+descriptions", "--out", tmp_path / "e.npz")
    assert done.code == 0, done.err
    found = read_class_embeddings(tmp_path / "e.npz")
    assert (found.ids, found.encoder, found.mode) == ((0, 1), "minilm", "names+descriptions")


def test_vectors_of_another_data_set_are_refused(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    assert sadvae("embed", "utd_mhad", "--mode", "names", "--out", tmp_path / "utd.npz").code == 0
    own = tmp_path / "own.json"
    own.write_text(json.dumps([f"thing {number}" for number in range(36)]))
    assert sadvae("embed", own, "--mode", "names", "--out", tmp_path / "own.npz").code == 0
    for name, said in (("utd", "holds vectors of 27 classes"), ("own", "has 'thing 0' as class 0, where")):
        done = train(sadvae, run_folder, tmp_path / f"{name}.npz", tmp_path)
        assert done.code == 2
        assert said in done.err
        assert not (tmp_path / "trained").exists()


def test_encoders_that_did_not_make_the_features_are_refused(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    features, encoders = run_folder / "seed-0" / "features", run_folder / "seed-1" / "encoders"
    words = ("--preset", "ridge", "--out", tmp_path / "trained", "--recognizer", tmp_path / "recognizer")
    done = sadvae("train", features, run_folder / "embeddings.npz", *words, "--encoders", encoders)
    assert done.code == 2
    assert "its encoder has other weights" in done.err
    assert not (tmp_path / "trained").exists()


def test_gates_and_rules_are_looked_at_before_training(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sadvae.stages.fit_and_evaluate", lambda *_: pytest.fail("it trained"))
    words = ("train", run_folder / "seed-0" / "features", run_folder / "embeddings.npz", "--out", tmp_path / "trained")
    for wrong, said in ((("--gate", "publshed"), "unknown gate 'publshed'"), (("--selection", "luck"), "'luck'")):
        done = sadvae(*words, *wrong)
        assert done.code == 2
        assert said in done.err
