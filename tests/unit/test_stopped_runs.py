"""Runs that are stopped where it hurts, and two at once: nothing is ever taken for what another one left."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sadvae import experiment
from sadvae.cli.run import run_seeds
from sadvae.errors import SadvaeError
from sadvae.experiment import Run, run_experiment
from sadvae.files import write_json
from sadvae.keys import finished_record, record_key
from sadvae.record import read_record
from sadvae.search import levels
from sadvae.search.space import Space
from sadvae.settings import DataSettings, ExperimentSettings, SplitSettings, read_experiment
from tests.waist_samples import write_experiment, write_waist


def quiet(stage: str, done: int, total: int, note: str = "") -> None:
    pass


@pytest.fixture(scope="module")
def waist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("waist")
    write_waist(folder)
    return folder


def tiny(waist: Path, name: str) -> ExperimentSettings:
    return read_experiment(write_experiment(waist / f"{name}.toml", waist))


def test_a_seed_below_0_is_refused(waist: Path, tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match="seed -1 is below 0"):
        run_experiment(tiny(waist, "first"), waist / "features", tmp_path, -1, quiet)


def test_a_record_without_its_key_is_not_that_of_the_run_before(
    waist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between record and key, an experiment that was changed left its record under the key of the run before."""
    first = tiny(waist, "first")
    second = first.model_copy(update={"baselines": ()})
    run = run_experiment(first, waist / "features", tmp_path, 0, quiet)
    key = record_key(first, run.origin, 0)
    left = finished_record(run.folder, key)
    assert left is not None
    assert left.name == "first"

    def killed(path: Path, value: Any) -> None:
        if path.name == "record.key":
            raise KeyboardInterrupt
        write_json(path, value)

    monkeypatch.setattr(experiment, "write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(second, waist / "features", tmp_path, 0, quiet)
    assert finished_record(run.folder, key) is None


def test_a_record_of_another_experiment_is_not_replaced(waist: Path, tmp_path: Path) -> None:
    """No seed is trained where any one would replace such a record."""
    run = run_experiment(tiny(waist, "first"), waist / "features", tmp_path, 0, quiet)
    before = (run.folder / "record.json").read_bytes()
    second, said = tiny(waist, "second"), r"seed-0.record\.json is of experiment 'first', .* of 'second'; .* --out"
    with pytest.raises(SadvaeError, match=said):
        run_experiment(second, waist / "features", tmp_path, 0, quiet)
    with pytest.raises(SadvaeError, match=said):
        run_seeds(second, waist / "features", tmp_path, [1, 0], Console(quiet=True))
    assert (run.folder / "record.json").read_bytes() == before
    assert not (tmp_path / "seed-1").exists()


def test_a_record_that_cannot_be_read_is_replaced(waist: Path, tmp_path: Path) -> None:
    (tmp_path / "seed-0").mkdir()
    (tmp_path / "seed-0" / "record.json").write_text('{"name": "half')
    run_experiment(tiny(waist, "first"), waist / "features", tmp_path, 0, quiet)
    assert read_record(tmp_path / "seed-0" / "record.json").name == "first"


def test_a_level_that_was_stopped_on_its_way_is_made_again(
    waist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search of other settings, stopped while it replaced files of a level, left them under the old key."""
    first, second, folder = tiny(waist, "first"), tiny(waist, "second"), tmp_path / "level"
    origin = levels.Origin(waist / "features", "digest", tmp_path / "shared")
    levels.make_level(first, Space(()), origin, folder, quiet)
    text = folder / "texts-imported.npz"
    before = text.read_bytes()

    def killed(path: Path, classes: object) -> None:
        path.write_text("half of another level")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(levels, "write_class_embeddings", killed)
        with pytest.raises(KeyboardInterrupt):
            levels.make_level(second, Space(()), origin, folder, quiet)
    levels.make_level(first, Space(()), origin, folder, quiet)
    assert text.read_bytes() == before


def test_two_runs_in_one_folder_build_a_stage_once(waist: Path, tmp_path: Path) -> None:
    """The second waits for the first, and finds the stage done."""
    runs = [Run(tiny(waist, "first"), waist / "features", tmp_path, seed, quiet) for seed in (0, 1)]
    path, began, go_on = tmp_path / "clips.npz", threading.Semaphore(0), threading.Event()

    def build() -> None:
        began.release()
        assert go_on.wait(60)
        path.write_text("clips")

    threads = [threading.Thread(target=run._stage, args=("prepare", path, "key", build)) for run in runs]
    for thread in threads:
        thread.start()
    assert began.acquire(timeout=60)
    both_began = began.acquire(timeout=0.5)
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert not both_began
    assert not began.acquire(blocking=False), "the second built it again"
    assert runs[0].seconds == runs[1].seconds


@pytest.mark.parametrize("many", [False, True])
def test_a_run_replaces_nothing_that_no_run_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, many: bool
) -> None:
    """A folder clips/ of somebody's recordings was emptied where --out named the folder around it."""
    target = tmp_path / ("clips" if many else "clips.npz")
    if many:
        target.mkdir()
        (target / "notes.txt").write_text("a thesis")
    else:
        target.write_text("a thesis")
    monkeypatch.setattr(experiment, "default_target", lambda _: target.name)
    settings = ExperimentSettings(
        name="x", data=DataSettings(dataset="generated"), split=SplitSettings(name="random-4-2-0")
    )
    with pytest.raises(SadvaeError, match="was not made by a run"):
        Run(settings, None, tmp_path, 0, quiet).prepare()
    assert [path.read_text() for path in tmp_path.rglob("*") if path.suffix in (".txt", ".npz")] == ["a thesis"]
    assert not (tmp_path / "clips.key").exists()


def test_a_stage_whose_note_cannot_be_read_is_made_again(waist: Path, tmp_path: Path) -> None:
    run, path = Run(tiny(waist, "first"), waist / "features", tmp_path, 0, quiet), tmp_path / "clips.npz"
    path.write_text("half")
    (tmp_path / "clips.key").write_text("{")
    run._stage("prepare", path, "key", lambda: path.write_text("whole"))
    assert path.read_text() == "whole"
