"""Encoders on all classes: who trains and tests, what the scores are, and records that come out the same again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, recall_score

from sadvae.accuracy_job import AccuracyJob, Scored
from sadvae.encoder_record import EncoderRecord, read_encoder_record
from sadvae.encoders import references
from sadvae.encoders.accuracy import top_one
from sadvae.encoders.pretrain import EpochReport
from sadvae.encoders.settings import EncoderSettings
from sadvae.errors import LeakageError, SadvaeError
from sadvae.protocol import divide_all, validate_all
from sadvae.report.results_encoders import encoders_section, read_encoder_records
from sadvae.report.words import DASH
from sadvae.settings import read_accuracy
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.task import ClipTask, ZeroShotTask
from sadvae.types import AllSeen, ClassSplit
from tests.conftest import ROOT, make_clips, make_embeddings, make_features
from tests.unit.test_pretrain import moving_clips

TINY = EncoderSettings(widths=(16, 32), strides=(1, 2), frames=8, epochs=30, batch_size=8)
SHORT = TINY.model_copy(update={"epochs": 3})
KNOWN: dict[str, Any] = {
    "name": "n",
    "title": "t",
    "dataset": "sticks",
    "part": "test",
    "encoder": "tiny",
    "preset": "default",
    "settings": {},
    "steps": [],
    "key": "k",
    "references": {"1-nearest neighbour": 0.5},
    "data_hashes": {},
    "versions": {},
    "git_revision": None,
}


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def clips_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clips.npz"
    write_clips_file(path, moving_clips(repetitions=6))
    return path


def trained(clips: Path, path: Path, settings: EncoderSettings, seed: int = 0, stop: int = -1) -> EncoderRecord:
    def tell(report: EpochReport) -> None:
        if report.epoch == stop:
            raise StoppedError

    AccuracyJob(Scored(clips, "odd", False, None), settings, path, KNOWN | {"seed": seed})(tell)
    return read_encoder_record(path)


def same(one: EncoderRecord, other: EncoderRecord) -> bool:
    moves = {"seconds", "peak_memory_mb"}
    return one.model_dump(exclude=moves) == other.model_dump(exclude=moves)


def test_all_classes_train_and_test_by_different_subjects() -> None:
    clips = make_clips(classes=3, subjects=4)
    task = divide_all(clips)
    assert task.split == AllSeen("all", (0, 1, 2))
    assert (task.trace.classes, task.trace.subjects) == ((0, 1, 2), ("1", "3"))
    assert {c.subject for c in task.test_seen.clips} == {"2", "4"}
    assert len(task.test_unseen.clips) == 0


def test_validation_touches_no_test_clip() -> None:
    task = divide_all(make_clips(classes=3, subjects=8))
    for held, expected in ((None, {"7"}), (("1", "5"), {"1", "5"})):
        lower = validate_all(task, held)
        assert {c.subject for c in lower.test_seen.clips} == expected
        assert {c.subject for c in lower.train.clips} == {"1", "3", "5", "7"} - expected
        assert {c.label for c in lower.train.clips} == {0, 1, 2}
    with pytest.raises(SadvaeError, match="held-out subject '2' is not a training subject"):
        validate_all(task, ["2"])


def test_validation_of_one_training_person_goes_by_clips_and_says_so() -> None:
    task = divide_all(make_clips(classes=3, subjects=2, repetitions=4))
    lower = validate_all(task)
    assert (task.allow, lower.allow) == ((), ("shared_subjects",))
    assert len(lower.test_seen.clips) == 3


def test_the_same_people_on_both_sides_are_refused_or_named() -> None:
    task = divide_all(make_clips())
    with pytest.raises(LeakageError, match="subject 1 is in training"):
        replace(task, test_seen=make_clips(classes=4, subjects=1, repetitions=3).where([False, False, True] * 4))
    assert divide_all(make_clips(), "clips").allow == ("shared_subjects",)


def test_a_class_without_training_clips_and_a_set_without_test_clips_are_named() -> None:
    clips = make_clips(classes=3, subjects=2)
    lost = clips.where(not (c.label == 1 and c.subject == "1") for c in clips.clips)
    with pytest.raises(SadvaeError, match="class 'action 1' of sticks has test clips and no training clip"):
        divide_all(lost)
    with pytest.raises(SadvaeError, match="no clip of sticks is left to test"):
        divide_all(clips, "1,2")


def test_only_the_explicit_split_has_no_unseen_classes_and_no_zero_shot_task_takes_it() -> None:
    with pytest.raises(SadvaeError, match="needs seen and unseen classes"):
        ClassSplit("s", (0, 1), ())
    with pytest.raises(SadvaeError, match="none of them is unseen"):
        AllSeen("s", (0, 1), (2,))
    part = make_features([0, 1], prefix="t", subjects=["1", "2"])
    none = make_features([], prefix="n", subjects=[])
    test = make_features([0, 1], prefix="s", subjects=["3", "4"])
    with pytest.raises(SadvaeError, match="has no unseen classes; a zero-shot task needs some"):
        ZeroShotTask(AllSeen("s", (0, 1)), part, test, none, make_embeddings(), allow=("unknown_encoder",))


def test_top_one_agrees_with_scikit_learn_and_looks_at_trained_classes_alone() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(60, 6)).astype(np.float32)
    logits[:, 2] = 100
    trained_ids = (0, 1, 3, 5)
    labels = rng.choice([0, 1, 5], size=60)
    found = top_one(logits, labels, trained_ids, tuple("abcdef"))
    expected = np.array(trained_ids)[logits[:, list(trained_ids)].argmax(1)]
    assert found.accuracy == np.mean(expected == labels)
    recall = recall_score(labels, expected, labels=[0, 1, 5], average="macro")
    assert found.class_mean == pytest.approx(recall, abs=1e-12)
    np.testing.assert_array_equal(found.confusion, confusion_matrix(labels, expected, labels=trained_ids))
    assert [(c.id, c.name, c.count) for c in found.classes] == [
        (c, "abcdef"[c], int(np.sum(labels == c))) for c in (0, 1, 5)
    ]


def test_references_are_right_on_an_easy_task_and_at_chance_on_noise() -> None:
    easy = references.reference_scores(divide_all(moving_clips()))
    assert easy == {references.NEAREST: 1.0, references.LOGISTIC: 1.0}
    noise = references.reference_scores(divide_all(make_clips(classes=4, repetitions=20)))
    assert all(score < 0.45 for score in noise.values())


def test_a_resampled_clip_keeps_its_ends_and_a_missing_body_is_zero() -> None:
    clips = make_clips(classes=1, subjects=1, repetitions=1)
    rows, labels = references.joint_rows(clips, 2)
    bodies = rows.reshape(2, references.FRAMES, 5, 3)
    np.testing.assert_array_equal(bodies[0, [0, -1]], clips.clips[0].joints[0, [0, -1]])
    assert not bodies[1].any()
    assert labels.tolist() == [0]


def test_an_easy_task_is_learnt(clips_file: Path, tmp_path: Path) -> None:
    record = trained(clips_file, tmp_path / "seed-0.json", TINY)
    assert record.scores.accuracy > 0.8
    assert record.counts == {"train": 72, "test": 72}
    assert (record.train_subjects, record.test_subjects, record.allow) == (["1", "3"], ["2", "4"], [])
    assert [epoch["epoch"] for epoch in record.history] == list(range(30))
    assert record.seconds["training"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["seed-0.json"]


@pytest.mark.parametrize("stop", [0, 1])
def test_the_same_seed_gives_the_same_record_also_after_a_stop(clips_file: Path, tmp_path: Path, stop: int) -> None:
    whole = trained(clips_file, tmp_path / "a.json", SHORT)
    with pytest.raises(StoppedError):
        trained(clips_file, tmp_path / "b.json", SHORT, stop=stop)
    assert same(trained(clips_file, tmp_path / "b.json", SHORT), whole)
    assert not same(trained(clips_file, tmp_path / "c.json", SHORT, seed=1), whole)


def records_of(accuracies: Sequence[float], record: EncoderRecord, **changes: Any) -> list[EncoderRecord]:
    scores = [record.scores.model_copy(update={"accuracy": a}) for a in accuracies]
    return [record.model_copy(update={"seed": i, "scores": s} | changes) for i, s in enumerate(scores)]


def test_the_section_has_means_and_standard_errors(clips_file: Path, tmp_path: Path) -> None:
    record = trained(clips_file, tmp_path / "seed-0.json", SHORT)
    assert read_encoder_records(tmp_path) == [record]
    found = records_of([0.80, 0.84], record)
    text = encoders_section([*found, *records_of([0.5], record, part="validation", test_subjects=["3"])])
    assert "| tiny | " in text
    assert "| 82.0 ± 2.0 |" in text
    assert f"| 1-nearest neighbour | {DASH} | {DASH} | 50.0 |" in text
    assert text.index("test subjects 2, 4") < text.index("validation subjects 3")
    assert encoders_section([]) == ""
    with pytest.raises(SadvaeError, match="one seed twice or of different settings"):
        encoders_section([*found, found[0]])


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "seed-0.json").write_text("{}")
    with pytest.raises(SadvaeError, match=r"seed-0\.json is not a record of an encoder: name"):
        read_encoder_records(tmp_path)


def test_accuracy_files_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('name = "a"\nencoders = ["demo", { preset = "demo", name = "b" }]\n[data]\ndataset = "generated"\n')
    assert [entry.label for entry in read_accuracy(path).encoders] == ["demo", "b"]
    for wrong, message in (
        ('["demo", "demo"]', "each encoder needs a name of its own, and not 'demo'"),
        ("[]", "encoders: "),
        ('[{ preset = "demo", name = "../b" }]', "encoders.0.name"),
    ):
        path.write_text(f'name = "a"\nencoders = {wrong}\n[data]\ndataset = "generated"\n')
        with pytest.raises(SadvaeError, match=message):
            read_accuracy(path)
    for file in (ROOT / "experiments" / "encoders").glob("*.toml"):
        assert read_accuracy(file).seeds == 5


def test_an_encoder_of_all_classes_needs_clips_of_each(tmp_path: Path) -> None:
    clips = moving_clips()
    few = clips.where(not (c.label == 2 and c.subject in ("1", "3")) or c.clip_id == "c2-s1-r0" for c in clips.clips)
    write_clips_file(tmp_path / "clips.npz", few)
    assert isinstance(divide_all(few), ClipTask)
    with pytest.raises(SadvaeError, match="class 'action 2' has a single training clip"):
        trained(tmp_path / "clips.npz", tmp_path / "r.json", SHORT)
