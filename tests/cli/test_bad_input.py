"""Bad input ends in one sentence, exit code 2, no traceback, and nothing half-written."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.skeleton.clips_file import read_clips_file, write_clips_file
from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.layouts import load_layout
from sadvae.types import ClipSet
from sadvae.video.settings import VideoSettings
from tests.cli.conftest import CommandLine, Outcome
from tests.unit.raw_files import write_msr


def refused(outcome: Outcome, *said: str) -> None:
    assert outcome.code == 2, outcome.out + outcome.err
    assert "Traceback" not in outcome.err
    message = outcome.err[outcome.err.index("Error:") :].strip()
    assert "\n" not in message, message
    for words in said:
        assert words in message, message


def test_a_folder_of_other_files_is_not_replaced(sadvae: CommandLine, tmp_path: Path) -> None:
    """Nothing is read before the place is looked at, so no training is lost to it."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.jpg").touch()
    done = sadvae("train", str(tmp_path / "features"), str(tmp_path / "embeddings.npz"), "--out", str(photos))
    refused(done, "photos holds one.jpg", "choose another folder")
    assert leftovers(tmp_path) == ["one.jpg", "photos"]


def test_a_manifest_of_another_program_makes_no_store(sadvae: CommandLine, tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    (web / "manifest.json").write_text('{"name": "an app", "icons": []}')
    done = sadvae("prepare", str(clips(tmp_path / "a.npz")), "--layout", "kinect-v2", "--out", str(web))
    refused(done, "web is there and is not a store of clips")
    assert leftovers(web) == ["manifest.json"]


def test_torchrun_is_for_pretrain_alone(sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that wait for each other's locks would never end."""
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    refused(sadvae("run", "x.toml"), "`sadvae pretrain` alone shares its work", "start `sadvae run` without torchrun")
    assert "torchrun" not in sadvae("pretrain", "nowhere.npz", "--split", "x").err
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert "torchrun" not in sadvae("run", "x.toml").err


def test_a_name_that_is_too_long_for_the_system(sadvae: CommandLine) -> None:
    refused(sadvae("check", "x" * 300), "File name too long; check the path")


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*"))


def clips(path: Path, **changes) -> Path:
    rng = np.random.default_rng(0)
    arrays = {
        "data": rng.normal(size=(24, 25, 3)).astype(np.float32),
        "lengths": np.array([12, 12]),
        "label": np.array([0, 1]),
        "names": np.array(["a", "b"]),
    } | changes
    np.savez(path, **arrays)
    return path


EMPTY = {"lengths": np.zeros(0, int), "label": np.zeros(0, int), "names": np.zeros(0, "<U1")}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: p / "missing", ["missing", "exist"]),
        (lambda p: (p / "empty").mkdir() or p / "empty", ["empty"]),
        (lambda p: write(p / "a.npz", b""), ["a.npz"]),
        (lambda p: write(p / "a.npz", clips(p / "full.npz").read_bytes()[:900]), ["a.npz"]),
        (lambda p: write(p / "a01_s01_t01_skeleton.mat", b"MATLAB 5.0 MAT-file" + bytes(200)), ["a01_s01_t01"]),
        (lambda p: write(p / "a01_s01_e01_skeleton3D.txt", b"1 2 3 x\n" * 20), ["a01_s01_e01", "line"]),
        (lambda p: write(p / "a01_s01_e01_skeleton3D.txt", b"1 2 3 1\n" * 19), ["a01_s01_e01"]),
        (
            lambda p: write(p / "S001C001P001R001A001.skeleton", b"2\n1\n72057594037944738 0 1"),
            ["S001C001P001R001A001"],
        ),
        (lambda p: clips(p / "a.npz", data=np.full((24, 25, 3), np.nan, np.float32)), ["finite"]),
        (lambda p: clips(p / "a.npz", data=np.full((24, 25, 3), "x")), ["a.npz"]),
        (lambda p: clips(p / "a.npz", data=np.zeros((24, 17, 3), np.float32)), ["17", "25"]),
        (lambda p: clips(p / "a.npz", label=np.array([0, 99])), ["99"]),
        (lambda p: clips(p / "a.npz", names=np.array(["a", "a"])), ["'a'", "once"]),
        (lambda p: clips(p / "a.npz", lengths=np.array([12, 99])), ["lengths"]),
        (
            lambda p: clips(p / "a.npz", data=np.zeros((0, 25, 3)), **EMPTY),
            ["a.npz holds no clip"],
        ),
        (lambda p: os.mkfifo(p / "pipe") or p / "pipe", ["neither a file nor a folder"]),
    ],
)
def test_bad_skeletons(make, said: list[str], tmp_path: Path, sadvae: CommandLine) -> None:
    source, out = make(tmp_path), tmp_path / "out"
    classes = tmp_path / "classes.json"
    classes.write_text(json.dumps(["one", "two"]))
    words = ("--layout", "kinect-v2") if str(source).endswith(".npz") else ()
    own = ("--classes", classes) if str(source).endswith(".npz") else ()
    refused(sadvae("prepare", source, *words, *own, "--out", out / "clips.npz"), *said)
    refused(sadvae("check", source, *words), *said[:1]) if "99" not in said else None
    assert not out.exists() or leftovers(out) == []


def test_two_classes_of_one_name(tmp_path: Path, sadvae: CommandLine) -> None:
    """The clips of an unseen one would train under the name of a seen one."""
    twice = clips(tmp_path / "a.npz", class_names=np.array(["Wave", "wave "]))
    for verb in (("check", twice), ("prepare", twice, "--out", tmp_path / "out.npz")):
        refused(sadvae(*verb, "--layout", "kinect-v2"), "a.npz", "has two classes named 'wave'")


def test_limits_of_videos_that_are_not_finite(tmp_path: Path, sadvae: CommandLine) -> None:
    for option, field in (("--most-seconds", "most_seconds"), ("--longest-gap", "longest_gap")):
        done = sadvae("poses", tmp_path, "--out", tmp_path / "poses", option, "inf")
        refused(done, f"limits of videos: {field}", "a finite number (found 'inf')")
        with pytest.raises(SadvaeError, match=f"{field}: .* finite number"):
            VideoSettings.model_validate({field: float("nan")})


def test_file_names_that_are_not_utf_8(tmp_path: Path, sadvae: CommandLine) -> None:
    source = tmp_path / os.fsdecode(b"caf\xe9.txt")
    source.write_bytes(b"1 2 3 1\n" * 20)
    refused(sadvae("prepare", source, "--out", tmp_path / "clips.npz"), "caf\\udce9.txt", "not UTF-8", "rename")
    file, classes = clips(tmp_path / os.fsdecode(b"caf\xe9.npz")), tmp_path / "classes.json"
    write(classes, b'["one", "two"]')
    words = ("prepare", file, "--layout", "kinect-v2", "--out", tmp_path / "clips.npz", "--classes", classes)
    refused(sadvae(*words), '"dataset": "caf\\udce9"', "not UTF-8")
    done = sadvae(*words, "--dataset", "mine")
    assert done.code == 0, done.err


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_bad_layouts(tmp_path: Path, sadvae: CommandLine) -> None:
    path = clips(tmp_path / "a.npz")
    refused(sadvae("check", path), "layout")
    refused(sadvae("check", path, "--layout", "kinect-v9"), "kinect-v9", "kinect-v2")
    write(tmp_path / "l.json", b"{")
    refused(sadvae("check", path, "--layout", tmp_path / "l.json"), "l.json")


def test_bad_splits(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    source = run_folder / "clips.npz"
    refused(sadvae("pretrain", source, "--split", "purls-1-1", "--out", tmp_path / "e"), "purls-1-1")
    split = tmp_path / "mine.json"
    split.write_text(json.dumps({"unseen": [77]}))
    refused(sadvae("pretrain", source, "--split", split, "--out", tmp_path / "e"), "class 77", "0 to 35")
    refused(
        sadvae("pretrain", source, "--split", "random-30-6-0", "--train-subjects", "nobody", "--out", tmp_path / "e"),
        "'nobody' does not occur",
    )
    assert leftovers(tmp_path) == ["mine.json"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "mirror"), "--set takes SETTING=VALUE"),
        (("--set", "mirror=2"), "mirror"),
        (("--set", "colour=red"), "colour"),
        (("--set", "optimiser=lion"), "'adamw' or 'sgd'"),
        (("--set", "drops=[3]"), "for schedule 'step'"),
        (("--device", "tpu"), "unknown device 'tpu'"),
    ],
)
def test_bad_settings_of_a_training(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine, words: tuple[str, ...], said: str
) -> None:
    source = run_folder / "clips.npz"
    refused(sadvae("pretrain", source, "--split", "random-30-6-1", "--out", tmp_path / "e", *words), said)


def test_the_faulty_published_split_is_named(real_data: Path, sadvae: CommandLine) -> None:
    refused(sadvae("check", real_data / "published"), "rs100_0.npy holds 81 class ids; its name promises 100")


def test_bad_texts(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    out = tmp_path / "e.npz"
    refused(sadvae("embed", "unheard", "--out", out), "unheard", "utd_mhad")
    own = tmp_path / "own.json"
    own.write_text(json.dumps([{"name": "wave"}, {"name": "squat"}]))
    np.save(tmp_path / "three.npy", np.ones((3, 8), np.float32))
    refused(sadvae("embed", own, "--array", tmp_path / "three.npy", "--out", out), "3", "2")
    own.write_text(json.dumps([{"title": "wave"}]))
    refused(sadvae("embed", own, "--out", out), "own.json")
    (tmp_path / "model").mkdir()
    write(tmp_path / "model" / "config.json", b"{}")
    refused(sadvae("embed", "utd_mhad", "--encoder", tmp_path / "model", "--out", out), "model")
    assert not out.exists()


def test_a_hub_model_without_network(tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    out = tmp_path / "e.npz"
    refused(sadvae("embed", "utd_mhad", "--encoder", "nobody/no-such-model", "--out", out), "nobody/no-such-model")
    assert not out.exists()


def test_bad_experiments(tmp_path: Path, sadvae: CommandLine) -> None:
    path = tmp_path / "x.toml"
    made = 'name = "x"\n[data]\ndataset = "generated"\n[split]\nname = "generated"\n'
    for text, said in (
        ("name = ", "TOML"),
        ('name = "x"\n[data]\ndataset = "utd_mhad"\n[split]\nname = "s"\ncolour = 1', "split.colour"),
        ('name = "x"\n[data]\ndataset = "utd_mhad"\n[split]\nname = "purls-22-5"', "--data"),
        ('name = "x"\n[data]\ndataset = "generated"\ngenerated = {subjects = 0}\n[split]\nname = "s"', "subjects"),
        (f'{made}[encoder]\npreset = "no"', "demo"),
        (
            'name = "x"\n[data]\ndataset = "generated"\n[split]\nname = "generated"\n[method]\npreset = "no"',
            "published",
        ),
        (f'selection = "luck"\n{made}', "last_step"),
        (f'gate = "none"\n{made}', "max_probability"),
        (f'baselines = ["a"]\n{made}', "ridge"),
        (f'{made}[text]\nmode = "a"', "descriptions"),
    ):
        path.write_text(text)
        refused(sadvae("run", path, "--out", tmp_path / "run"), said)
    # Settings are looked at before any work is done.
    assert leftovers(tmp_path) == ["x.toml"]
    refused(sadvae("run", tmp_path / "none.toml"), "none.toml does not exist")


def test_a_file_in_place_of_the_run_folder(tmp_path: Path, sadvae: CommandLine) -> None:
    path = tmp_path / "x.toml"
    path.write_text('name = "x"\n[data]\ndataset = "generated"\n[split]\nname = "generated"\n')
    refused(sadvae("run", path, "--out", path), "x.toml is not a folder; name one to write to")


def test_bad_predictions(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    recognizer, path = run_folder / "seed-0" / "recognizer", clips(tmp_path / "a.npz", layout=np.array("kinect-v2"))
    refused(sadvae("predict", tmp_path / "no", path, "--classes", "a, b"), "no is not a recogniser folder")
    refused(sadvae("predict", recognizer, path, "--classes", " , "), "no class names")
    refused(sadvae("predict", recognizer, path, "--classes", "a, a"), "'a' is given twice")
    refused(sadvae("predict", recognizer, tmp_path / "b.npz", "--classes", "a, b"), "b.npz")
    other = clips(tmp_path / "v1.npz", data=np.ones((24, 20, 3), np.float32), layout=np.array("kinect-v1"))
    refused(sadvae("predict", recognizer, other, "--classes", "a, b"), "kinect-v1", "kinect-v2")
    still = clips(tmp_path / "zero.npz", data=np.zeros((24, 25, 3), np.float32), layout=np.array("kinect-v2"))
    refused(sadvae("predict", recognizer, still, "--classes", "a, b"), "cannot be recognised")


def test_wrong_words_on_the_command_line(sadvae: CommandLine) -> None:
    for words in (["fly"], ["prepare"], ["train", "a", "b", "--seed", "x"]):
        shown = sadvae(*words)
        assert shown.code == 2
        assert "Traceback" not in shown.err


def test_a_full_disk(tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("sadvae.files.os.replace", full)
    refused(sadvae("embed", "generated", "--out", tmp_path / "e" / "e.npz"), "No space left on device")
    assert leftovers(tmp_path) == ["e"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_fills_while_writing(tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    real_open = open

    def on_full_disk(path, mode="r", *rest, **named):
        return real_open("/dev/full" if "w" in mode and str(path).endswith(".part") else path, mode, *rest, **named)

    monkeypatch.setattr("io.open", on_full_disk)
    refused(sadvae("embed", "generated", "--out", tmp_path / "e.npz"), "No space left on device")
    assert leftovers(tmp_path) == []


def test_extract_refuses_what_its_encoders_do_not_fit(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    encoders, out = run_folder / "seed-0" / "encoders", tmp_path / "features"
    small = generate_clip_set(actions=("squat",), subjects=2, repetitions=1)
    steps = read_clips_file(run_folder / "clips.npz").steps
    few = ClipSet("few", small.layout, tuple(replace(clip, label=0) for clip in small.clips), ("squat",), steps)
    write_clips_file(tmp_path / "few.npz", few)
    refused(sadvae("extract", tmp_path / "few.npz", encoders, "--out", out), "few has 1 classes", "trained with 36")
    layout = load_layout("kinect-v1")
    other = tuple(replace(clip, joints=clip.joints[:, :, :20], layout=layout) for clip in few.clips)
    write_clips_file(tmp_path / "other.npz", replace(few, layout=layout, clips=other))
    refused(sadvae("extract", tmp_path / "other.npz", encoders, "--out", out), "kinect-v1", "20 joints", "kinect-v2")
    write_clips_file(tmp_path / "raw.npz", replace(few, steps=()))
    refused(sadvae("extract", tmp_path / "raw.npz", encoders, "--out", out), "prepared with steps (none)")
    (tmp_path / "store").mkdir()
    write(tmp_path / "store" / "plan.json", b"{}")
    refused(sadvae("extract", tmp_path / "store", encoders, "--out", out), "store is not finished")
    write(tmp_path / "store" / "manifest.json", b'{"parts": ["part-00000.npz"]}')
    refused(sadvae("extract", tmp_path / "store", encoders, "--out", out), "manifest.json")
    source = run_folder / "clips.npz"
    refused(sadvae("extract", source, encoders, "--device", "abacus", "--out", out), "'abacus'")
    refused(
        sadvae("extract", source, tmp_path, "--out", out),
        "is not a folder of skeleton encoders; make one with `sadvae pretrain`",
    )
    assert sadvae("extract", source, encoders, "--precision", "half", "--out", out).code == 2
    assert not out.exists()


def test_the_folder_that_was_meant_is_named(run_folder: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    features, vectors, out = run_folder / "seed-0" / "features", run_folder / "embeddings.npz", tmp_path / "out"
    asked = ("--classes", "a, b")
    refused(sadvae("predict", run_folder, run_folder / "clip.npz", *asked), f"name {run_folder}/seed-0/recognizer")
    refused(sadvae("train", run_folder, vectors, "--out", out), f"name {features}, which is one")
    refused(sadvae("train", vectors, features, "--out", out), "is not a features folder (it is a file)")
    refused(sadvae("train", features, features, "--out", out), "features is a folder; expected an .npz file")
    refused(sadvae("evaluate", features, features, vectors), "is not a folder of a trained method; make one with")
    refused(sadvae("extract", run_folder / "clips.npz", run_folder), f"name {run_folder}/seed-0/encoders")
    refused(sadvae("import", tmp_path / "nope", "--out", out), "nope does not exist")
    assert not out.exists()


def test_data_that_are_named_wrongly_or_not_at_all(
    tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, data = tmp_path / "x.toml", 'name = "x"\n[data]\ndataset = "utd_mhad"\n'
    file.write_text(f'{data}[split]\nname = "purls-22-5"\n')
    done = sadvae("run", file, "--data", f"utd={tmp_path}")
    refused(done, "--data names 'utd'; experiment 'x' has utd_mhad; name one of them.")
    file.write_text(f'{data}[[encoders]]\npreset = "demo"\n')
    monkeypatch.chdir(tmp_path)
    done = sadvae("accuracy", file)
    refused(done, "dataset 'utd_mhad' needs its files; name their folder with --data.")
    # Before anything is begun.
    assert "prepare" not in done.err
    assert leftovers(tmp_path) == ["x.toml"]


def test_targets_are_looked_at_first(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(sadvae("report", run_folder, "--page", "none.md"), "none.md does not exist")
    (tmp_path / "bare.md").write_text("A page.")
    refused(sadvae("report", run_folder, "--page", "bare.md"), "bare.md has no place for the table")
    refused(sadvae("report", run_folder, "--tables", "t", "--html", tmp_path), "it is a folder; name a file")
    refused(sadvae("predict", "nowhere", "a.npz", "--classes", "a", "--out", tmp_path), "it is a folder; name a file")
    assert leftovers(tmp_path) == ["bare.md"]


def test_wrong_clips_are_named_with_their_place_and_what_to_do(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    data = np.ones((24, 25, 3), np.float32)
    data[15, 2] = np.nan
    lost = clips(tmp_path / "nan.npz", data=data, layout=np.array("kinect-v2"))
    done = sadvae("check", lost)
    refused(done, f"{lost}: clip 'b' holds a number that is not finite (NaN or infinity) at frame 3, joint 'neck' of")
    refused(done, "write a lost joint as (0, 0, 0).")
    twice = clips(tmp_path / "two.npz", names=np.array(["same", "same"]), layout=np.array("kinect-v2"))
    refused(sadvae("check", twice), f"{twice}: two holds clip 'same' more than once; give each clip one name")
    np.save(tmp_path / "mine.npy", data)
    refused(sadvae("check", tmp_path / "mine.npy"), "mine.npy is not a file that sadvae knows", "own: docs/clips.md")
    refused(sadvae("prepare", tmp_path / "mine.npy"), "mine.npy is not a skeleton file", "your own: docs/clips.md")
    bare = generate_clip_set(actions=("squat",), subjects=2, repetitions=1)
    path = tmp_path / "pp.npz"
    write_clips_file(path, ClipSet("ok", bare.layout, tuple(replace(c, label=None) for c in bare.clips), ()))
    for words in (("pretrain", path, "--split", "random-1-1-0"), ("extract", path, run_folder / "seed-0" / "encoders")):
        refused(sadvae(*words, "--out", tmp_path / "e"), "pp.npz has no labels; write `label` and `class_names`")


def test_raw_clips_are_not_trained_on(tmp_path: Path, sadvae: CommandLine) -> None:
    small = generate_clip_set(actions=("squat", "jump"), subjects=2, repetitions=2)
    label = {clip.label: place for place, clip in enumerate({c.label: c for c in small.clips}.values())}
    raw = tuple(replace(clip, label=label[clip.label]) for clip in small.clips)
    write_clips_file(tmp_path / "own.npz", ClipSet("own", small.layout, raw, ("squat", "jump")))
    done = sadvae("pretrain", tmp_path / "own.npz", "--split", "random-1-1-0", "--out", tmp_path / "e")
    refused(done, f"the clips of {tmp_path}/own.npz are raw; `sadvae prepare` them first.")
    assert leftovers(tmp_path) == ["own.npz"]


def test_files_of_another_data_set_are_not_trained_on(tmp_path: Path, sadvae: CommandLine) -> None:
    file, folder = tmp_path / "x.toml", tmp_path / "msr"
    folder.mkdir()
    write_msr(folder / "a01_s01_e01_skeleton3D.txt", np.ones((12, 20, 3)))
    file.write_text('name = "x"\n[data]\ndataset = "utd_mhad"\n[split]\nname = "purls-22-5"\n')
    done = sadvae("run", file, "--data", folder, "--out", tmp_path / "run")
    refused(done, f"{folder} holds MSR-Action3D files, where those of utd_mhad were expected (UTD-MHAD); give their")
    refused(sadvae("prepare", folder, "--dataset", "utd_mhad", "--out", tmp_path / "c.npz"), "holds MSR-Action3D files")
