"""The chain through the command line, whole and stage by stage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sadvae.features.folder import read_features
from sadvae.recognizer import Recognizer
from sadvae.record import read_record
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.generated import generate_clip_set
from sadvae.types import ClipSet
from tests.cli.conftest import CommandLine

WORDS = "wave the left hand, squat with both arms raised, kick sideways"


def test_a_run_leaves_record_recogniser_picture_and_report(run_folder: Path) -> None:
    for seed in (0, 1):
        folder = run_folder / f"seed-{seed}"
        record = read_record(folder / "record.json")
        assert (record.seed, record.selection, record.split) == (seed, "last_step", "generated")
        assert [e.method for e in record.evaluations] == ["sa_dvae", "ridge", "eszsl"]
        main = record.evaluations[0]
        assert main.harmonic_mean is not None
        assert main.chance == pytest.approx(1 / 6)
        assert {"recognizer", "report.html", "picture.png", "record.json"} <= {p.name for p in folder.iterdir()}
        assert record.settings["method"]["preset"] == "sadvae"
        assert set(record.data_hashes) == {"clips", "texts"}
        assert record.history[-1]["epoch"] == 1
    assert not [p for p in run_folder.rglob("*") if p.name.endswith((".part", ".checkpoint"))]


def test_the_same_seed_gives_the_same_record(run_folder: Path, experiment: Path, tmp_path: Path, sadvae) -> None:
    assert sadvae("run", experiment, "--out", tmp_path / "again", "--seed", 1).code == 0
    first, again = (json.loads((p / "seed-1" / "record.json").read_text()) for p in (run_folder, tmp_path / "again"))
    for record in (first, again):
        for measured in ("seconds", "peak_memory_mb", "git_revision"):
            record.pop(measured)
    assert first == again


def test_a_second_run_redoes_nothing(run_folder: Path, experiment: Path, sadvae: CommandLine) -> None:
    files = ("clips.npz", "embeddings.npz", "seed-0/encoders/test/model.safetensors", "seed-0/features/task.json")
    before = [(run_folder / name).stat().st_mtime_ns for name in files]
    done = sadvae("run", experiment, "--out", run_folder, "--seed", 0)
    assert done.code == 0
    assert "sa_dvae (sadvae)" in done.out
    assert [(run_folder / name).stat().st_mtime_ns for name in files] == before


def test_stage_by_stage_gives_what_run_gives(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = run_folder / "seed-0"
    assert sadvae("check", run_folder / "clips.npz").code == 0
    extracted = sadvae("extract", run_folder / "clips.npz", whole / "encoders", "--out", "features")
    assert extracted.code == 0, extracted.err
    embedded = sadvae("embed", "generated", "--out", "embeddings.npz", "--cache", "cache")
    assert embedded.code == 0, embedded.err
    trained = sadvae(
        *("train", "features", "embeddings.npz", "--set", "epochs=2"),
        *("--encoders", whole / "encoders", "--recognizer", "recognizer"),
    )
    assert trained.code == 0, trained.err
    evaluated = sadvae("evaluate", "trained", "features", "embeddings.npz")
    assert evaluated.code == 0, evaluated.err
    record = read_record(whole / "record.json")
    found = json.loads(Path("evaluation.json").read_text())
    assert found["zsl_accuracy"] == record.evaluations[0].zsl_accuracy
    assert found["harmonic_mean"] == record.evaluations[0].harmonic_mean
    one, other = (
        Recognizer.load(p).predict(clip_file(tmp_path), ["a", "b"]) for p in ("recognizer", whole / "recognizer")
    )
    assert one == other
    for path in ("features", "embeddings.npz", "recognizer", whole / "encoders", whole / "record.json"):
        assert sadvae("check", path).code == 0


def test_pretrain_trains_both_levels(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    out = tmp_path / "encoders"
    small = ("--preset", "demo", "--epochs", 1)
    done = sadvae("pretrain", run_folder / "clips.npz", "--split", "random-30-6-1", *small, "--out", out)
    assert done.code == 0, done.err
    assert "30 seen, 6 unseen classes" in done.out
    assert {p.name for p in out.iterdir()} == {"division.json", "test", "calibration"}


def clip_file(folder: Path) -> Path:
    """A clips file made with NumPy alone."""
    clip = generate_clip_set(actions=("squat",), subjects=1, repetitions=1).clips[0]
    path = folder / "own.npz"
    np.savez(path, data=clip.joints[0], lengths=np.array([clip.joints.shape[1]]), layout=np.array("kinect-v2"))
    return path


def test_predict_names_actions_typed_now(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    path, recognizer = clip_file(tmp_path), run_folder / "seed-0" / "recognizer"
    shown = sadvae("predict", recognizer, path, "--classes", WORDS, "--top", 2, "--out", tmp_path / "answers.json")
    assert shown.code == 0, shown.err
    answers = json.loads((tmp_path / "answers.json").read_text())[0]["answers"]
    assert len(answers) == 2
    assert {a["name"] for a in answers} <= set(WORDS.split(", "))
    assert answers[0]["probability"] >= answers[1]["probability"]
    assert answers[0]["name"] in shown.out
    in_python = Recognizer.load(recognizer).predict(path, WORDS.split(", "))[0]
    assert in_python.best.name == answers[0]["name"]
    assert sum(a.probability for a in in_python.answers) == pytest.approx(1, abs=1e-5)


def test_predict_with_descriptions_and_trained_classes(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    sentences = tmp_path / "sentences.json"
    sentences.write_text(json.dumps({"squat": ["The knees bend and the hips sink."]}))
    words = ("--classes", "squat, fall down", "--descriptions", sentences, "--mode", "gzsl", "--top", 50)
    shown = sadvae("predict", run_folder / "seed-0" / "recognizer", clip_file(tmp_path), *words)
    assert shown.code == 0, shown.err
    assert "squat (new)" in shown.out
    assert "turn around" in shown.out


def test_report_draws_figures_and_pages(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    done = sadvae("report", run_folder, "--figures", tmp_path / "f", "--format", "png", "--html", tmp_path / "all.html")
    assert done.code == 0, done.err
    names = {path.name for path in (tmp_path / "f" / "tiny-generated").iterdir()}
    records = ("class_accuracy", "confusion", "seen_unseen", "training", "probes")
    assert names == {f"{name}.png" for name in (*records, "latents", "traversal")}
    assert "Tiny run" in (tmp_path / "all.html").read_text()
    one = sadvae("report", run_folder / "seed-1", "--html", tmp_path / "one.html")
    assert one.code == 0, one.err
    assert "Unseen clips and the model" in (tmp_path / "one.html").read_text()
    refused = sadvae("report", run_folder, "--figures", tmp_path / "g", "--format", "gif")
    assert (refused.code, "expected some of pdf, svg, png" in refused.err) == (2, True)


def test_report_makes_tables_from_records(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    done = sadvae("report", run_folder, "--out", tmp_path / "RESULTS.md")
    assert done.code == 0, done.err
    text = (tmp_path / "RESULTS.md").read_text()
    assert "ESZSL" in text
    assert "chance" in text


def test_prepare_writes_clips_and_a_manifest(tmp_path: Path, sadvae: CommandLine) -> None:
    done = sadvae("prepare", clip_file(tmp_path), "--out", tmp_path / "clips.npz")
    assert done.code == 0, done.err
    manifest = json.loads((tmp_path / "clips.manifest.json").read_text())
    assert manifest["clips_kept"] == 1
    assert manifest["source_sha256"]


@pytest.mark.parametrize("text", ["lb", "motion"])
def test_import_train_evaluate_on_a_real_pack(text: str, real_data: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    features = tmp_path / "features"
    done = sadvae("import", real_data / "feature_packs" / "utd_r5_0", "--text", text, "--out", features)
    assert done.code == 0, done.err
    assert sadvae("check", real_data / "feature_packs" / "utd_r5_0").code == 0
    words = ("--preset", "published", "--set", "epochs=1", "--gate", "published", "--out", tmp_path / "trained")
    trained = sadvae("train", features, features / "embeddings.npz", *words)
    assert trained.code == 0, trained.err
    assert "published" in trained.out


def test_a_store_goes_through_the_chain_as_a_clips_file_does(tmp_path: Path, sadvae: CommandLine) -> None:
    """Prepared into a store and into one file, the same clips give the same encoders and features."""
    small = generate_clip_set(actions=("squat", "jump", "clap the hands", "bow"), subjects=4, repetitions=2)
    names = {clip.label: i for i, clip in enumerate({c.label: c for c in small.clips}.values())}
    clips = tuple(replace(clip, label=names[clip.label]) for clip in small.clips)
    write_clips_file(tmp_path / "raw.npz", ClipSet("mine", small.layout, clips, ("a", "b", "c", "d")))
    own = tmp_path / "split.json"
    own.write_text(json.dumps({"unseen": [3], "validation_unseen": [2]}))
    found = {}
    for name in ("clips", "clips.npz"):
        out = tmp_path / f"out-{name}"
        classes = tmp_path / "classes.json"
        classes.write_text(json.dumps(["a", "b", "c", "d"]))
        prepared = sadvae("prepare", tmp_path / "raw.npz", "--classes", classes, "--out", out / name)
        assert prepared.code == 0, prepared.err
        assert "protocol odd: 16 training and 16 test clips" in prepared.out
        checked = sadvae("check", out / name)
        assert checked.code == 0, checked.err
        assert "protocol odd: 16 training and 16 test clips" in checked.out
        words = ("--preset", "demo", "--epochs", 1, "--out", out / "encoders")
        trained = sadvae("pretrain", out / name, "--split", own, *words)
        assert trained.code == 0, trained.err
        extracted = sadvae("extract", out / name, out / "encoders", "--out", out / "features")
        assert extracted.code == 0, extracted.err
        found[name] = {path.name: path.read_bytes() for path in (out / "features").iterdir()}
    assert found["clips"] == found["clips.npz"]


def test_prepare_by_a_recipe_and_check_its_manifest(tmp_path: Path, sadvae: CommandLine) -> None:
    done = sadvae("prepare", clip_file(tmp_path), "--out", tmp_path / "out" / "clips", "--recipe", "ctrgcn")
    assert done.code == 0, done.err
    assert "resize to frames: 64" in done.out
    for path in (tmp_path / "out" / "clips", tmp_path / "out" / "clips" / "manifest.json"):
        shown = sadvae("check", path)
        assert shown.code == 0, shown.err
        assert "frames: 64 to 64" in shown.out
        assert "read 1, kept 1" in shown.out
    canonical = sadvae(
        "prepare", clip_file(tmp_path), "--out", tmp_path / "c.npz", "--recipe", "ctrgcn", "--canonicalise"
    )
    assert "canonicalise, keep middle share" in canonical.out
    refused = sadvae("prepare", clip_file(tmp_path), "--recipe", "nobody")
    assert refused.code == 2
    assert "choose sadvae, ctrgcn, agcn, pyskl, aimclr" in refused.err
    part = tmp_path / "out" / "clips" / "part-00000.npz"
    data = bytearray(part.read_bytes())
    data[2000] ^= 1
    part.write_bytes(data)
    assert sadvae("check", tmp_path / "out" / "clips").code == 2


def test_extract_writes_maps_and_half_the_digits_on_request(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    words = (run_folder / "clips.npz", run_folder / "seed-0" / "encoders", "--out", tmp_path / "features")
    done = sadvae("extract", *words, "--maps", "--precision", "bfloat16")
    assert done.code == 0, done.err
    exact = read_features(run_folder / "seed-0" / "features").test.test_unseen
    found = read_features(tmp_path / "features").test.test_unseen
    np.testing.assert_allclose(found.features, exact.features, atol=0.05 * float(exact.features.max()))
    maps = np.load(tmp_path / "features" / "test.test_unseen.maps.npy", mmap_mode="r")
    assert len(maps) == len(found.labels)
    np.testing.assert_allclose(maps.mean(axis=(2, 3)), found.features, rtol=0.02, atol=0.02)
    names = {path.name for path in (tmp_path / "features").iterdir()}
    parts = {f"{level}.{part}" for level in ("test", "calibration") for part in ("train", "test_seen", "test_unseen")}
    assert names == {"task.json", *(f"{p}.npz" for p in parts), *(f"{p}.maps.npy" for p in parts)}


def test_evaluate_refuses_another_split_data_set_and_text(real_data: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    for pack, text, out in (
        ("utd_p5", "lb", "own"),
        ("utd_r5_0", "lb", "split"),
        ("msr_r5_0", "lb", "msr"),
        ("utd_p5", "motion", "text"),
    ):
        done = sadvae("import", real_data / "feature_packs" / pack, "--text", text, "--out", tmp_path / out)
        assert done.code == 0, done.err
    trained = tmp_path / "trained"
    words = ("--preset", "ridge", "--out", trained)
    assert sadvae("train", tmp_path / "own", tmp_path / "own" / "embeddings.npz", *words).code == 0
    for name, said in (
        ("split", "trained on class 10 (draw triangle), 11"),
        ("msr", "holds features of msr"),
        ("text", "(minilm/motion, imported)"),
    ):
        outcome = sadvae(
            *("evaluate", trained, tmp_path / name, tmp_path / name / "embeddings.npz"), "--out", tmp_path / "e.json"
        )
        assert outcome.code == 2, outcome.out
        assert said in outcome.err
    assert not (tmp_path / "e.json").exists()
    own = tmp_path / "own"
    assert sadvae("evaluate", trained, own, own / "embeddings.npz", "--out", tmp_path / "e.json").code == 0


def test_one_is_singular_and_names_stay_as_they_were_typed(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    path = clip_file(tmp_path)
    checked = sadvae("check", path).out
    assert "own: 1 clip, layout kinect-v2" in checked
    assert "bodies a clip: 1 in 1 clip\nclasses: no labels\n" in checked
    told = sadvae("describe", "squat, :smile:", "--templates", "--out", tmp_path / "d.json").out
    assert ":smile:" in told
    assert "descriptions of 2 classes" in told
    recognizer = run_folder / "seed-0" / "recognizer"
    assert ":smile:" in sadvae("predict", recognizer, path, "--classes", "squat, :smile:").out
    one = sadvae("report", run_folder / "seed-0", "--out", tmp_path / "R.md")
    assert one.out.endswith("from 1 record\n"), one.out
