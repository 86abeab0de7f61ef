"""Every experiment file: written by its table, valid, of a split that exists, and able to run from features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.generated_features import generated_features
from experiments.literature import GZSL, ZSL
from experiments.make import FOLDER, PAGE, files
from experiments.overview import overview, split_of
from sadvae.experiment import run_experiment
from sadvae.features.folder import write_features
from sadvae.methods.baselines import BASELINES
from sadvae.settings import (
    IMPORTED,
    CompareEntry,
    ExperimentSettings,
    PresetSettings,
    TextSettings,
    read_experiment,
)
from sadvae.splits.reader import CLASS_COUNTS, load_split
from sadvae.stages import check_settings

FOLDERS = (*CLASS_COUNTS, "ablations", "general", "defaults")
EVERY = sorted(path for name in FOLDERS for path in (FOLDER / name).glob("*.toml"))
LARGE = [path for path in EVERY if path.parent.name in ("ntu60", "ntu120", "pku51")]
# What makes a training take a moment, and an idea of each decision.
QUICK = {"epochs": 1, "iterations_per_epoch": 2, "classifier_samples": 2, "classifier_steps": 2}


def silent(stage: str, done: int, total: int, note: str = "") -> None:
    """Progress for nobody."""


def short(path: Path) -> str:
    return str(path.relative_to(FOLDER).with_suffix(""))


def test_files_are_those_of_the_table() -> None:
    found = files()
    assert set(EVERY) == set(found)
    changed = [short(path) for path, text in found.items() if path.read_text(encoding="utf-8") != text]
    assert changed == [], "run python -m experiments.make"
    page = PAGE.read_text(encoding="utf-8")
    assert page == overview(page, FOLDER, found), "run python -m experiments.make"
    assert "`ntu60/synse_55_5.toml`" in page


def test_there_is_a_file_for_every_protocol() -> None:
    count = {folder: len(list((FOLDER / folder).glob("*.toml"))) for folder in FOLDERS}
    assert count == {
        **{"ntu60": 13, "ntu120": 11, "pku51": 8, "utd_mhad": 23, "msr_action3d": 10},
        **{"ablations": 80, "general": 30, "defaults": 60},
    }


@pytest.mark.parametrize("path", EVERY, ids=short)
def test_a_file_is_valid_and_its_split_exists(path: Path, tmp_path: Path) -> None:
    features_folder = tmp_path
    (features_folder / "task.json").touch()
    settings = read_experiment(path)
    check_settings(settings, features_folder)
    own = settings.name.removeprefix("ablation_").removeprefix("general_").removeprefix("default_")
    assert own.startswith(settings.data.dataset)
    split = split_of(settings)
    assert f"{len(split.seen)}/{len(split.unseen)}" in settings.title
    shown = {settings.method.preset, *settings.baselines, *(entry.method.preset for entry in settings.compare)}
    everything = {"sadvae", "published", *BASELINES} | (
        {"taught", "taught_sa_dvae"} if path.parent.name == "defaults" else set()
    )
    assert path.parent.name in ("ablations", "general") or shown == everything
    for result in settings.published:
        assert result.source
        assert result.selection == "oracle_test"


def test_names_are_unique() -> None:
    names = [read_experiment(path).name for path in EVERY]
    assert len(set(names)) == len(names)


def test_published_means_agree_with_their_parts() -> None:
    """H = 2 S U / (S + U), as published to two digits; a row with a slip of the pen would show."""
    for rows in GZSL.values():
        for seen, unseen, mean in rows:
            assert mean == pytest.approx(2 * seen * unseen / (seen + unseen), abs=0.06)
    assert {len(row) for row in ZSL.values()} == {4}


def test_the_files_state_published_numbers() -> None:
    settings = read_experiment(FOLDER / "ntu120" / "synse_96_24.toml")
    ours = next(p for p in settings.published if p.method == "SA-DVAE")
    assert (ours.zsl, ours.seen, ours.unseen, ours.harmonic_mean) == (46.12, 58.8, 35.8, 44.50)
    changes = next(e for e in settings.compare if e.name == "published").method.changes
    assert (changes["latent"], changes["style"], changes["discriminator_every"]) == (256, 32, 4)


@pytest.mark.parametrize("path", LARGE, ids=short)
def test_a_large_protocol_runs_on_few_generated_features(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Probes take most of the time, and have tests of their own.
    monkeypatch.setattr("sadvae.experiment.probe_task", lambda trained, task: [])
    settings = quick(read_experiment(path), tmp_path / "texts.npy")
    count = CLASS_COUNTS[settings.data.dataset]
    vectors = np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32)
    np.save(tmp_path / "texts.npy", vectors)
    split = load_split(settings.data.dataset, settings.split.name)
    made = generated_features(settings.data.dataset, split, vectors, (20 * count, 6 * count))
    write_features(tmp_path / "features", made)
    run = run_experiment(settings, tmp_path / "features", tmp_path / "run", 0, silent)
    main = run.record.evaluations[0]
    assert run.record.counts["test.test_unseen"] == 6 * len(split.unseen)
    assert main.harmonic_mean is not None
    assert {"test: unknown_encoder", "calibration: unknown_encoder"} <= set(run.record.allow)
    assert {e.entry for e in run.record.evaluations} == {"", "published", "aligned VAE"}


def quick(settings: ExperimentSettings, vectors: Path) -> ExperimentSettings:
    """The same experiment with methods that take a moment; the texts of all of them come from a file."""

    def faster(method: PresetSettings) -> PresetSettings:
        return PresetSettings(preset=method.preset, changes=method.changes | QUICK)

    # What has a text of its own reads verbs and nouns, or descriptions, which the file does not hold.
    entries = [CompareEntry(name=e.name, gate=e.gate, method=faster(e.method)) for e in settings.compare if not e.text]
    text = TextSettings(encoder=str(vectors), mode=IMPORTED)
    changes = {"text": text, "method": faster(settings.method), "compare": tuple(entries), "baselines": ("ridge",)}
    return settings.model_copy(update=changes)
