"""Probes read what is there and nothing else, never across a shared group; records keep them; old records load."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sadvae.evaluation.disentanglement import Probe, _fit_and_test, cross_validated_probe, probe_task
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.protocol import Latents
from sadvae.methods.ridge import RidgeNearestText
from sadvae.record import ProbeResult, read_record
from sadvae.task import ZeroShotTask
from sadvae.types import ClassSplit, EncoderTrace, FeatureSet, FloatArray
from tests.conftest import make_embeddings
from tests.report_samples import make_record

CLASSES, SUBJECTS, REPETITIONS = 4, 5, 6
LABELS = np.repeat(np.arange(CLASSES), SUBJECTS * REPETITIONS)
PEOPLE = np.tile(np.repeat(np.arange(SUBJECTS), REPETITIONS), CLASSES)


def rows_of(values: np.ndarray, noise: float = 0.1, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    return (np.eye(8)[values] + rng.normal(0, noise, (len(values), 8))).astype(np.float32)


def probe(rows: FloatArray, labels: np.ndarray = LABELS, groups: np.ndarray = PEOPLE) -> Probe:
    found = cross_validated_probe(rows, labels, groups)
    assert found is not None
    return found


def test_what_is_there_is_read() -> None:
    found = probe(rows_of(LABELS))
    assert (found.accuracy, found.chance, found.count) == (1.0, 1 / CLASSES, len(LABELS))
    assert 1.5 < found.bits <= 2.0


def test_noise_is_read_at_chance() -> None:
    found = [probe(rows_of(np.zeros_like(LABELS), seed=seed)) for seed in range(6)]
    assert np.mean([p.accuracy for p in found]) == pytest.approx(1 / CLASSES, abs=0.06)
    assert max(p.bits for p in found) < 0.1


def test_a_group_never_helps_its_own_test() -> None:
    """Rows that say only which (class, person) a clip is of: memory would give 100 %, other people teach nothing."""
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(CLASSES * SUBJECTS, 40)).astype(np.float32)
    rows = codes[LABELS * SUBJECTS + PEOPLE]
    assert probe(rows, groups=np.arange(len(LABELS))).accuracy == 1.0
    assert probe(rows).accuracy < 0.6


def test_a_test_clip_does_not_move_what_is_read_from_the_others() -> None:
    rows, test = rows_of(LABELS, 0.5), np.flatnonzero(PEOPLE == 0)
    other = rows.copy()
    other[test[0]] *= 1000
    costs = [_fit_and_test(r, LABELS, np.flatnonzero(PEOPLE != 0), test)[1][1:] for r in (rows, other)]
    np.testing.assert_allclose(costs[1], costs[0], rtol=1e-4)


def test_every_label_weighs_the_same() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    rows = np.zeros((100, 1), np.float32)
    rows[:, 0] = np.random.default_rng(0).normal(size=100)
    assert probe(rows, labels, np.arange(100)).accuracy < 0.75


def test_labels_of_one_group_are_left_out() -> None:
    labels = np.where(PEOPLE == 0, 9, LABELS)
    assert probe(rows_of(LABELS), labels).count == int((PEOPLE != 0).sum())


def test_what_cannot_be_probed_is_none() -> None:
    assert cross_validated_probe(rows_of(LABELS), LABELS, np.zeros_like(LABELS)) is None
    assert cross_validated_probe(rows_of(LABELS), np.zeros_like(LABELS), PEOPLE) is None
    assert cross_validated_probe(np.zeros((len(LABELS), 3), np.float32), LABELS, PEOPLE) is None


class Halves:
    """Latents that split features in the middle."""

    def latents(self, features: FloatArray) -> Latents:
        return Latents(features[:, :8], features[:, 8:])


def make_task(*, subjects: bool = True) -> ZeroShotTask:
    """Test features whose first half says the class and whose second half says the person."""
    rows = np.concatenate([rows_of(LABELS), rows_of(PEOPLE, seed=1)], axis=1)
    people = tuple(f"p{p}" for p in PEOPLE)
    trace = EncoderTrace("e", (0, 1))

    def part(keep: np.ndarray, name: str, shift: float = 0.0) -> FeatureSet:
        chosen = tuple(np.array(people)[keep]) if subjects else None
        ids = tuple(f"{name}{i}" for i in range(int(keep.sum())))
        renamed = tuple(f"{name}{s}" for s in chosen) if chosen and shift else chosen
        return FeatureSet(rows[keep] + np.float32(shift), LABELS[keep], ids, renamed, None, trace)

    seen = LABELS < 2
    split = ClassSplit("s", (0, 1), (2, 3))
    return ZeroShotTask(split, part(seen, "train", 0.5), part(seen, "a"), part(~seen, "b"), make_embeddings(4))


def test_halves_of_a_perfect_split_are_told_apart() -> None:
    found = {(p.what, p.read_from): p for p in probe_task(Halves(), make_task())}  # pyright: ignore[reportArgumentType]
    assert found["class", "z_r"].accuracy == found["subject", "z_v"].accuracy == 1.0
    assert found["class", "z_v"].accuracy < 0.45
    assert found["subject", "z_r"].accuracy < 0.4
    assert found["class", "features"].accuracy > 0.9
    assert [found[w, "z_r"].folds for w in ("class", "subject")] == ["subject", "class"]
    assert [found[w, "z_v"].chance for w in ("class", "subject")] == [0.25, 0.2]


def test_without_subjects_or_latents_less_is_probed() -> None:
    found = probe_task(Halves(), make_task(subjects=False))  # pyright: ignore[reportArgumentType]
    assert {(p.what, p.folds) for p in found} == {("class", "clip")}
    task = trivial_task()
    linear = probe_task(RidgeNearestText().fit(task, 0), task)
    assert [(p.what, p.read_from) for p in linear] == [("class", "features")]
    assert linear[0].accuracy > 0.8


def test_records_keep_probes_and_old_records_load(tmp_path: Path) -> None:
    kept = ProbeResult(what="class", read_from="z_r", accuracy=0.9, chance=0.25, bits=1.5, count=9, folds="subject")
    make_record(probes=[kept]).write(tmp_path / "new.json")
    assert read_record(tmp_path / "new.json").probes == [kept]
    old = make_record().model_dump(mode="json")
    del old["probes"]
    (tmp_path / "old.json").write_text(json.dumps(old))
    assert read_record(tmp_path / "old.json").probes == []
