"""`sadvae bench --stack`: trainings of many runs done as one leave the records of single runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sadvae.bench.news import Ended, Remark
from sadvae.bench.plan import Job, Plan, make_plan, read_experiments
from sadvae.bench.stacks import Room, run_stack, stacks_of
from sadvae.methods import stacked_ahead
from sadvae.methods.sa_dvae import SADVAE
from tests.cli.conftest import CommandLine
from tests.cli.test_bad_input import refused
from tests.cli.test_bench import MEASURED, experiment
from tests.waist_samples import write_experiment, write_waist

COMPARED = """
[[compare]]
name = "published"
method = { preset = "published", changes = { latent = 6, style = 2, epochs = 2, classifier_steps = 20 } }
gate = "published"
"""


@pytest.fixture(scope="module")
def waist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features and texts, and two experiments on them: same shape, other settings, and one that compares."""
    folder = tmp_path_factory.mktemp("waist")
    write_waist(folder)
    (folder / "files").mkdir()
    write_experiment(folder / "files" / "one.toml", folder, selection="held_out_classes")
    other = write_experiment(folder / "files" / "two.toml", folder)
    other.write_text(other.read_text().replace("style = 2,", "style = 2, learning_rate = 3e-3,") + COMPARED)
    return folder


@pytest.fixture(scope="module")
def plan_of(waist: Path) -> Callable[[Path], Plan]:
    def plan(out: Path) -> Plan:
        return make_plan(read_experiments([waist / "files"]), {"trivial": waist / "features"}, 2, out)

    return plan


def bench_words(waist: Path, out: Path) -> tuple[Any, ...]:
    data = f"trivial={waist / 'features'}"
    return "bench", waist / "files", "--data", data, "--seeds", 2, "--workers", 2, "--out", out


def records(out: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(out.rglob("record.json"))]


def assert_close(found: Any, wanted: Any) -> None:
    """Equal, numbers to 1e-5."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        pairs = [(found[key], wanted[key]) for key in wanted]
    elif isinstance(wanted, list):
        assert len(found) == len(wanted)
        pairs = list(zip(found, wanted, strict=True))
    else:
        assert found == (pytest.approx(wanted, rel=1e-5, abs=1e-5) if isinstance(wanted, float) else wanted)
        return
    for one, other in pairs:
        assert_close(one, other)


def assert_same_records(one: Path, other: Path) -> None:
    found, wanted = records(one), records(other)
    assert all(record["seconds"]["stacked"] > 0 for record in found)
    assert not any("stacked" in record["seconds"] for record in wanted)
    assert_close(*([{k: v for k, v in r.items() if k not in MEASURED} for r in rs] for rs in (found, wanted)))


def test_a_stack_leaves_the_records_of_single_runs(waist: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    assert sadvae(*bench_words(waist, tmp_path / "alone")).code == 0
    done = sadvae(*bench_words(waist, tmp_path / "stacked"), "--stack")
    assert done.code == 0, done.err
    assert "4 runs done, 0 failed" in done.out
    assert "2 runs train on cpu: 4 trainings of" in done.err
    assert "2 runs train on cpu: 8 trainings of" in done.err
    assert_same_records(tmp_path / "stacked", tmp_path / "alone")
    again = sadvae(*bench_words(waist, tmp_path / "stacked"), "--stack")
    assert "4 runs: 4 finished before, 0 to run." in again.out


def test_features_are_made_before_runs_train_together(tmp_path: Path, sadvae: CommandLine) -> None:
    first, second = (
        experiment("first"),
        experiment("second").replace("epochs = 2, it", "epochs = 2, kl_weight = 0.1, it"),
    )
    (tmp_path / "first.toml").write_text(first)
    (tmp_path / "second.toml").write_text(second)
    bad = experiment("bad").replace("[split]", "[split]\nheld_out_subjects = ['77']")
    (tmp_path / "bad.toml").write_text(bad)
    words = ("bench", tmp_path, "--seeds", 1, "--workers", 1)
    done = sadvae(*words, "--out", tmp_path / "stacked", "--stack")
    assert done.code == 2
    assert "Failed: bad, seed 0: held-out subject '77' is not a training subject" in done.err
    assert "2 runs done, 1 failed" in done.out
    # The features are made once; the other bench begins with them.
    shutil.copytree(tmp_path / "stacked" / "shared", tmp_path / "alone" / "shared")
    assert sadvae(*words, "--out", tmp_path / "alone").code == 2
    assert_same_records(tmp_path / "stacked", tmp_path / "alone")
    assert len(list((tmp_path / "stacked").rglob("recognizer/config.json"))) == 2


def test_a_run_that_fails_is_named_and_the_others_train(waist: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    text = (waist / "files" / "one.toml").read_text()
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "one.toml").write_text(text)
    bad = text.replace('"one"', '"bad"').replace("style = 2,", "style = 2, cross_weight = 1e38,")
    (tmp_path / "files" / "bad.toml").write_text(bad)
    words = ("bench", tmp_path / "files", "--data", waist / "features", "--workers", 1, "--out", tmp_path / "runs")
    done = sadvae(*words, "--stack")
    assert done.code == 2
    assert "2 trainings do not train together, and are done one by one: the loss of run 0 is not a number" in done.err
    assert "Failed: bad, seed 0: method 'sadvae': the loss of SA-DVAE is not a number in epoch 1" in done.err
    assert "Traceback" not in done.err
    assert [record["name"] for record in records(tmp_path / "runs")] == ["one"]


def test_each_training_is_done_once_and_as_many_as_fit_train_together(
    plan_of: Callable[[Path], Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    fit = SADVAE.fit
    fit_stacked = stacked_ahead.fit_stacked

    def counted(runs: Any, *rest: Any) -> Any:
        sizes.append(len(runs))
        return fit_stacked(runs, *rest)

    def refuse(*_: Any) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(stacked_ahead, "fit_stacked", counted)
    monkeypatch.setattr(SADVAE, "fit", refuse)

    def stacks(host: int, jobs: list[Job]) -> int:
        told = list[Any]()
        run_stack(tmp_path / "shared", Room("cpu", host, 2**30), tuple(jobs), told.append)
        assert [end.error for end in told if isinstance(end, Ended)] == [None] * len(jobs)
        return len([item for item in told if isinstance(item, Remark)])

    assert stacks(2**30, plan_of(tmp_path).jobs) == 1
    # The two levels differ in the clips of a pass and in the dimensions that their texts span.
    assert sorted(sizes) == [2, 2, 4, 4]
    # A run that does not fit beside another one is no stack, and trains as ever.
    monkeypatch.setattr(SADVAE, "fit", fit)
    assert stacks(1, [job for job in plan_of(tmp_path / "small").jobs if job.settings.name == "one"]) == 2
    assert sorted(sizes) == [2, 2, 4, 4]


def test_runs_are_divided_by_experiment(plan_of: Callable[[Path], Plan], tmp_path: Path) -> None:
    jobs = plan_of(tmp_path).jobs

    def labels(workers: int, size: int | None) -> list[list[str]]:
        return [[job.label for job in stack] for stack in stacks_of(jobs, workers, size)]

    one, two = ["one, seed 0", "one, seed 1"], ["two, seed 0", "two, seed 1"]
    assert labels(1, None) == [one + two]
    assert labels(2, None) == labels(1, 2) == [one, two]
    assert labels(3, 1) == [[label] for label in one + two]
    assert stacks_of([], 2, None) == []


def test_what_does_not_go_together_is_refused(waist: Path, tmp_path: Path, sadvae: CommandLine) -> None:
    words = bench_words(waist, tmp_path)
    refused(sadvae(*words, "--device", "cuda"), "for runs that train together; add --stack")
    refused(sadvae(*words, "--stack", "--device", "tpu9"), "unknown device 'tpu9'; expected cpu or cuda")
    without = tuple(word for word in words if word not in ("--workers", 2))
    refused(sadvae(*without, "--seeds", 1, "--stack", "--ray", "auto"), "leave --stack or --ray out")
