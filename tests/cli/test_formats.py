"""check, prepare, import, export and predict on files of other projects, without a word on what they are."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from sadvae.features.folder import read_features
from sadvae.skeleton.clips_file import read_clips_file, write_clips_file
from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.joint_maps import map_clip
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.read import read_clip_set
from sadvae.text.embed import read_class_embeddings
from sadvae.types import ClipSet
from tests.cli.conftest import CommandLine
from tests.cli.test_bad_input import refused
from tests.unit import format_files as files

CLIPS = {
    "F": (
        lambda f: files.write_pku(f, files.rng().normal(size=(9, 2, 25, 3)), "3,1,8,1\n").parents[1],
        "pku51: 1 clip,",
    ),
    "G": (lambda f: files.write(f / "k.pkl", pickle.dumps(files.pyskl_content())), "ntu120: 2 clips"),
    "H": (lambda f: files.write_ctr(f / "tiny.npz"), "tiny: 3 clips"),
    "I": (lambda f: files.write_npy_clips(f).parent, "ntu60: 2 clips"),
    "B": (files.write_smie, "tiny"),
    "L": (lambda f: files.write(f / "walk.json", files.alphapose()), "halpe-26 (26 joints)"),
    "M": (lambda f: files.write(f / "walk.bvh", files.bvh()), "mocap-29 (29 joints)"),
}


@pytest.mark.parametrize("name", CLIPS)
def test_skeletons_are_checked_and_prepared(name: str, tmp_path: Path, sadvae: CommandLine) -> None:
    (tmp_path / "source").mkdir()
    source = CLIPS[name][0](tmp_path / "source")
    shown = sadvae("check", source)
    assert shown.code == 0, shown.err
    assert CLIPS[name][1] in shown.out or name == "B"
    done = sadvae("prepare", source, "--out", tmp_path / "clips.npz")
    assert done.code == 0, done.err
    assert read_clips_file(tmp_path / "clips.npz").clips


def test_flora_and_xlsa17_are_checked_and_imported(tmp_path: Path, sadvae: CommandLine) -> None:
    for source in (files.write_flora_file(tmp_path / "tiny.npz"), files.write_xlsa17(tmp_path / "AWA2")):
        assert "2 seen and 1 unseen classes" in sadvae("check", source).out
        done = sadvae("import", source, "--out", tmp_path / "features")
        assert done.code == 0, done.err
        assert read_features(tmp_path / "features").test.split.unseen == (2,)
    assert read_class_embeddings(tmp_path / "features" / "embeddings.npz").vectors.shape == (3, 2)


def test_a_smie_split_is_imported_as_clips_a_split_and_vectors(tmp_path: Path, sadvae: CommandLine) -> None:
    done = sadvae("import", files.write_smie(tmp_path / "smie"), "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "1 unseen classes; tiny_embeddings.npy" in done.out
    assert json.loads((tmp_path / "out" / "split.json").read_text()) == {"unseen": [1]}
    assert len(read_clips_file(tmp_path / "out" / "clips.npz").clips) == 5
    assert read_class_embeddings(tmp_path / "out" / "embeddings.npz").vectors.shape == (3, 8)


def test_features_are_exported_and_imported_again(tmp_path: Path, sadvae: CommandLine) -> None:
    root = files.write_resources(tmp_path / "resources")
    assert sadvae("import", root, "--out", tmp_path / "features").code == 0
    words = ("--embeddings", tmp_path / "features" / "embeddings.npz", "--encoder", "shift")
    done = sadvae("export", tmp_path / "features", "--to", "published", "--out", tmp_path / "again", *words)
    assert done.code == 0, done.err
    assert sadvae("import", tmp_path / "again", "--out", tmp_path / "twice").code == 0
    for name, keys in (
        ("test.train", ("features", "labels")),
        ("test.test_unseen", ("features", "seen_logits")),
        ("calibration.test_seen", ("features", "seen_logits")),
    ):
        with np.load(tmp_path / "features" / f"{name}.npz") as old, np.load(tmp_path / "twice" / f"{name}.npz") as new:
            assert all(old[key].tobytes() == new[key].tobytes() for key in keys)
    done = sadvae("export", tmp_path / "features", "--to", "flora", "--out", tmp_path / "f.npz")
    assert done.code == 0, done.err
    assert sadvae("check", tmp_path / "f.npz").code == 0
    refused = sadvae("export", tmp_path / "features", "--to", "pyskl", "--out", tmp_path / "f.pkl")
    assert refused.code == 2
    assert "holds no skeletons" in refused.err


def made(tmp_path: Path, layout: str) -> Path:
    clips = generate_clip_set(actions=("squat",), subjects=2, repetitions=1)
    own = load_layout(layout)
    mapped = ClipSet("made", own, tuple(map_clip(clip, own) for clip in clips.clips), clips.class_names)
    write_clips_file(tmp_path / "made.npz", mapped)
    return tmp_path / "made.npz"


def test_clips_are_exported_as_pyskl_pickles(tmp_path: Path, sadvae: CommandLine) -> None:
    source = made(tmp_path, "kinect-v1")
    words = ("--to", "pyskl", "--train-subjects", "odd")
    done = sadvae("export", source, *words, "--out", tmp_path / "made.pkl")
    assert done.code == 0, done.err
    with (tmp_path / "made.pkl").open("rb") as stream:
        found = pickle.load(stream)
    clips = read_clip_set(source)
    first, second = (clip.clip_id for clip in clips.clips)
    assert found["split"] == {"xsub_train": [first], "xsub_val": [second]}
    again = read_clip_set(tmp_path / "made.pkl")
    assert again.clips[0].joints.tobytes() == clips.clips[0].joints.astype("f2").astype("f4").tobytes()
    refused = sadvae("export", source, "--to", "flora", "--out", tmp_path / "a.npz")
    assert refused.code == 2
    assert "skeletons go to pyskl" in refused.err


def test_predict_maps_another_layout_when_asked(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    recognizer, source = run_folder / "seed-0" / "recognizer", made(tmp_path, "kinect-v1")
    words = ("predict", recognizer, source, "--classes", "squat, wave")
    refused = sadvae(*words)
    assert refused.code == 2
    assert "--map-layout" in refused.err
    done = sadvae(*words, "--map-layout")
    assert done.code == 0, done.err
    assert "kinect-v1 was mapped to kinect-v2: 20 of 25 joints are the same" in done.err
    assert "missing: left thumb, right thumb" in done.err
    assert done.err.count("was mapped") == 1


def test_published_folders_without_texts(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    made = sadvae("export", run_folder / "seed-0" / "features", "--to", "published", "--out", tmp_path / "pub")
    assert made.code == 0
    assert "No texts were written, which sadvae import needs; give --embeddings FILE." in made.err
    refused(
        sadvae("import", tmp_path / "pub", "--out", tmp_path / "f"), "holds no text features; expected ENCODER/TEXT_C"
    )
