"""A bench of small experiments: shared features, a kill and what comes after it, runs that fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sadvae.bench.plan import make_plan, read_experiments
from sadvae.cli.main import main
from sadvae.record import RunRecord, read_record
from tests.cli.conftest import CommandLine
from tests.cli.test_bad_input import refused

ALIGNED = """
selections = ["held_out_classes", "oracle_test"]
[[compare]]
name = "no disentanglement"
question = "Does disentanglement help?"
method = { preset = "sadvae", changes = { epochs = 2, total_correlation_weight = 0.0 } }
[[compare]]
name = "class names"
method = { preset = "ridge" }
gate = "max_probability"
text = { mode = "names" }
"""
MEASURED = ("seconds", "peak_memory_mb", "git_revision")


def experiment(name: str, head: str = "", split: str = "generated", tail: str = "") -> str:
    return f"""
name = "{name}"
{head.split("[[compare]]")[0]}
[data]
dataset = "generated"
generated = {{ subjects = 4, repetitions = 2, style = 0.5 }}
[split]
name = "{split}"
[encoder]
preset = "demo"
changes = {{ widths = [8], strides = [4], frames = 16, epochs = 2 }}
[method]
preset = "sadvae"
changes = {{ epochs = 2, iterations_per_epoch = 5 }}
{"[[compare]]" + head.split("[[compare]]", 1)[1] if "[[compare]]" in head else ""}
{tail}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two experiments of one split, so that they share clips, encoders and features."""
    folder = tmp_path_factory.mktemp("experiments")
    (folder / "full.toml").write_text(experiment("full", ALIGNED))
    (folder / "plain.toml").write_text(experiment("plain"))
    return folder


@pytest.fixture(scope="module")
def bench(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished bench of two files and two seeds, which was killed on its way."""
    out = tmp_path_factory.mktemp("bench") / "runs"
    words = ["bench", str(files), "--seeds", "2", "--workers", "1", "--out", str(out)]
    code = f"from sadvae.cli.main import main; main({words!r})"
    first = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not list(out.glob("*/seed-*/record.key")) and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert len(list(out.rglob("record.key"))) in (1, 2, 3)
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert not stop.value.code
    return out


def records(out: Path) -> list[RunRecord]:
    return [read_record(path) for path in sorted(out.rglob("record.json"))]


def test_every_experiment_and_seed_is_a_record(bench: Path) -> None:
    assert [(r.name, r.seed) for r in records(bench)] == [("full", 0), ("full", 1), ("plain", 0), ("plain", 1)]


def test_features_are_made_once_for_experiments_that_share_them(bench: Path) -> None:
    kinds = sorted(path.name.rsplit("-", 1)[0] for path in (bench / "shared").iterdir())
    assert kinds == ["clips", "encoders", "encoders", "features", "features", "texts", "texts"]
    assert not [p for p in bench.rglob("*") if p.name.endswith((".part", ".checkpoint"))]


def test_one_training_is_scored_under_every_rule(bench: Path) -> None:
    record = records(bench)[0]
    found = [(e.entry, e.method, e.preset, e.selection) for e in record.evaluations]
    rules = ("last_step", "held_out_classes", "oracle_test")
    assert found == [
        *[("", "sa_dvae", "sadvae", rule) for rule in rules],
        *[("no disentanglement", "sa_dvae", "sadvae", rule) for rule in rules],
        ("class names", "ridge", None, "last_step"),
        ("", "ridge", None, "last_step"),
        ("", "eszsl", None, "last_step"),
    ]
    last, held, oracle = record.evaluations[:3]
    assert oracle.zsl_accuracy >= max(last.zsl_accuracy, held.zsl_accuracy)
    assert last.epoch == 1
    assert record.selection_curve[held.epoch] == max(record.selection_curve)
    assert last.curve
    assert last.confusion
    assert (oracle.curve, oracle.classes, oracle.confusion) == ([], [], [])


def test_what_compare_entries_leave_out_is_as_in_the_experiment(bench: Path) -> None:
    """The same method has the same scores in the file that compares and in the one that does not, gate and all."""
    full, plain = records(bench)[0], records(bench)[2]
    assert full.evaluations[0] == plain.evaluations[0]
    assert full.evaluations[-2:] == plain.evaluations[-2:]
    names, sentences = full.evaluations[-3], full.evaluations[-2]
    assert names.zsl_accuracy != sentences.zsl_accuracy or names.calibration_error != sentences.calibration_error


def test_a_bench_gives_what_single_runs_give(bench: Path, files: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    done = sadvae("run", files / "full.toml", "--seed", 1, "--out", tmp_path / "alone")
    assert done.code == 0, done.err
    one, other = (
        json.loads((folder / "seed-1" / "record.json").read_text()) for folder in (tmp_path / "alone", bench / "full")
    )
    for record in (one, other):
        for measured in MEASURED:
            record.pop(measured)
    assert one == other


def test_finished_runs_are_skipped_and_titles_follow_the_file(
    bench: Path, files: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    before = {path: path.stat().st_mtime_ns for path in bench.rglob("recognizer")}
    renamed = tmp_path / "plain.toml"
    renamed.write_text('title = "A new title"\n' + (files / "plain.toml").read_text())
    again = sadvae("bench", files / "full.toml", renamed, "--seeds", 2, "--out", bench)
    assert again.code == 0, again.err
    assert "4 runs: 4 finished before, 0 to run." in again.out
    assert {path: path.stat().st_mtime_ns for path in bench.rglob("recognizer")} == before
    assert records(bench)[2].settings["title"] == "A new title"


def test_a_changed_setting_is_run_again(bench: Path, files: Path, tmp_path: Path) -> None:
    changed = tmp_path / "plain.toml"
    changed.write_text(
        (files / "plain.toml").read_text().replace("iterations_per_epoch = 5", "iterations_per_epoch = 6")
    )
    plan = make_plan(read_experiments([files / "full.toml", changed]), {}, 2, bench)
    assert [job.label for job in plan.jobs] == ["plain, seed 0", "plain, seed 1"]
    assert len(plan.units) == 2
    both = make_plan(read_experiments([files]), {}, 2, tmp_path / "empty")
    assert [[job.label for job in unit] for unit in both.units] == [
        ["full, seed 0", "plain, seed 0"],
        ["full, seed 1", "plain, seed 1"],
    ]


def test_a_run_that_fails_does_not_end_the_others(
    bench: Path, files: Path, tmp_path: Path, sadvae: CommandLine
) -> None:
    """People that do not occur come to light only once the clips are there."""
    bad = tmp_path / "bad.toml"
    bad.write_text(experiment("bad").replace("[split]", "[split]\nheld_out_subjects = ['77']"))
    done = sadvae("bench", bad, files, "--seeds", 1, "--workers", 1, "--out", bench)
    assert done.code == 2
    assert "Failed: bad, seed 0: held-out subject '77' is not a training subject; those are 1, 3." in done.err
    assert "0 runs done, 1 failed" in done.out
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["."], "holds no experiment file"),
        (["a.toml", "b.toml"], "two experiment files have the name 'a'"),
        (["a.toml", "--data", "generated=nowhere"], "nowhere does not exist"),
        (["a.toml", "--data", "x=.", "--data", "x=."], "comes after another one for the same data set"),
        (["utd.toml"], "experiment 'utd': dataset 'utd_mhad' needs its files"),
        (["utd.toml", "msr.toml", "--data", "."], "one path for 2 data sets; give --data msr_action3d=PATH and"),
        (["twice.toml"], "two compare entries have the name 'x'"),
        (["gate.toml"], "unknown gate 'fence'"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], sentence: str, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    entry = "[[compare]]\nname = 'x'\n"
    texts = {
        "a": experiment("a"),
        "b": experiment("a"),
        "utd": experiment("utd", split="purls-22-5").replace('"generated"\ngen', '"utd_mhad"\ngen'),
        "msr": experiment("msr", split="random-15-5-0").replace('"generated"\ngen', '"msr_action3d"\ngen'),
        "twice": experiment("twice", tail=entry * 2),
        "gate": experiment("gate", tail=f"{entry}gate = 'fence'\n"),
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(text)
    monkeypatch.chdir(tmp_path / "empty" if words == ["."] else tmp_path)
    done = sadvae("bench", *words)
    assert done.code == 2
    assert sentence in done.err
    assert "Traceback" not in done.err


def test_a_cluster_needs_ray_and_has_workers_of_its_own(
    files: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("bench", files, "--out", tmp_path, "--ray", "auto")
    monkeypatch.setattr("sadvae.bench.cluster.find_spec", lambda name: None)
    refused(sadvae(*words), "a cluster needs Ray; install it with `pip install '.[cluster]'`")
    refused(sadvae(*words, "--workers", 2), "--workers counts processes of this machine")
