"""The default through the command line: composed movements teach in a run and stage by stage, or it says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import sadvae.experiment
import sadvae.teaching
from sadvae.cli.main import main
from sadvae.files import read_arrays
from sadvae.methods.store import load_trained
from sadvae.recognizer import Recognizer
from sadvae.record import read_record
from sadvae.skeleton.composed import ComposeSettings
from sadvae.teaching import Material, make_material
from tests.cli.conftest import EXPERIMENT, CommandLine
from tests.made_once import made_once

DEFAULT = EXPERIMENT.replace('preset = "demo"\nchanges = {', 'preset = "default"\nchanges = {').replace(
    '[method]\npreset = "sadvae"\nchanges = { epochs = 2 }\n', '[text]\nmode = "names+movement"\n'
)


class Few:
    """A hundred composed movements in place of a thousand, and how often they were made."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Material:
        self.made += 1
        return make_material(ComposeSettings(movements=100, repetitions=1))


@pytest.fixture(scope="module")
def few() -> Iterator[Few]:
    made = Few()
    with pytest.MonkeyPatch.context() as patch:
        for module in (sadvae.experiment, sadvae.teaching):
            patch.setattr(module, "make_material", made)
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, few: Few) -> Path:
    """A folder with default.toml and what two seeds of it left in run/; movements were composed once."""

    def make(where: Path) -> None:
        where.mkdir()
        (where / "default.toml").write_text(DEFAULT)
        before = few.made
        with pytest.raises(SystemExit) as stop:
            main(["run", str(where / "default.toml"), "--out", str(where / "run"), "--seeds", "2"])
        assert not stop.value.code
        assert few.made == before + 1

    return made_once("taught", tmp_path_factory, make)


def test_a_run_leaves_a_recogniser_that_says_what_taught_it(folder: Path) -> None:
    for seed in ("seed-0", "seed-1"):
        record = read_record(folder / "run" / seed / "record.json")
        main_method = record.evaluations[0]
        assert (main_method.method, main_method.preset) == ("taught", None)
        assert record.settings["encoder"]["preset"] == "default"
    assert "compose" in record.seconds
    assert len(read_arrays(folder / "run" / "lessons.npz")["movements"]) == 100
    found = Recognizer.load(folder / "run" / "seed-0" / "recognizer")
    assert found.trained.describe()["method"] == "taught"
    assert "composed movements" in (folder / "run" / "seed-0" / "recognizer" / "README.md").read_text()


def test_stage_by_stage_gives_the_same_map(
    folder: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = folder / "run"
    features = run / "seed-0" / "features"
    done = sadvae("train", features, run / "embeddings.npz", "--out", "trained")
    assert done.code == 0, done.err
    assert "taught" in done.out
    whole = Recognizer.load(run / "seed-0" / "recognizer").trained.weights()
    for name, value in load_trained(tmp_path / "trained" / "method").weights().items():
        np.testing.assert_array_equal(value.numpy(), whole[name].numpy())


def test_a_cache_spares_the_next_training_the_composing(
    folder: Path, tmp_path: Path, sadvae: CommandLine, few: Few
) -> None:
    cache, run = tmp_path / "cache", folder / "run"
    words = ("train", run / "seed-0" / "features", run / "embeddings.npz", "--cache", cache, "--out")
    before = few.made
    for out in ("first", "second"):
        assert sadvae(*words, tmp_path / out).code == 0
    assert few.made == before + 1
    (kept,) = cache.glob("composed-*.npz")
    done = sadvae(*words, tmp_path / "plain", "--preset", "ridge")
    assert (done.code, "--cache keeps composed movements, and none are learned" in done.err) == (2, True)
    kept.write_bytes(kept.read_bytes()[:1000])
    assert sadvae(*words, tmp_path / "third").code == 0
    assert few.made == before + 2
    maps = [load_trained(tmp_path / out / "method").weights() for out in ("first", "second", "third")]
    for name, value in maps[0].items():
        assert all(np.array_equal(value.numpy(), one[name].numpy()) for one in maps[1:])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace('preset = "default"', 'preset = "st_gcn_pp"'), "such as the preset default"),
        (lambda text: text.replace('mode = "names+movement"', 'mode = "imported"\nencoder = "{npz}"'), "not imported"),
    ],
)
def test_what_cannot_be_taught_is_refused_at_once(
    change: Callable[[str], str], said: str, folder: Path, tmp_path: Path, sadvae: CommandLine, few: Few
) -> None:
    (tmp_path / "bad.toml").write_text(change(DEFAULT).replace("{npz}", str(folder / "run" / "embeddings.npz")))
    before = few.made
    done = sadvae("run", tmp_path / "bad.toml", "--out", tmp_path / "run")
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert "method 'taught'" in " ".join(done.err.split())
    assert few.made == before


def test_a_search_says_that_it_teaches_nothing(tmp_path: Path, sadvae: CommandLine) -> None:
    pytest.importorskip("optuna", reason="optuna is not installed; pip install '.[search]'")
    (tmp_path / "default.toml").write_text(DEFAULT)
    (tmp_path / "space.toml").write_text("[method]\npenalty = { low = 0.001, high = 0.1, log = true }\n")
    done = sadvae("search", tmp_path / "default.toml", tmp_path / "space.toml", "--out", tmp_path / "out")
    assert done.code == 2
    assert "lesson_share = 0" in done.err
