"""Published and random splits are whole, disjoint and repeatable; faults are named."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import pytest

from sadvae.errors import SadvaeError
from sadvae.experiment import record_key
from sadvae.settings import ExperimentSettings
from sadvae.splits.reader import CLASS_COUNTS, load_split, split_entries
from sadvae.stages import check_settings
from sadvae.types import ClassSplit

PUBLISHED = json.loads((files("sadvae.splits") / "published.json").read_text())
EVERY = [(dataset, name) for dataset in CLASS_COUNTS for name in PUBLISHED.get(dataset, ())]


def test_all_published_splits_are_there() -> None:
    assert len(EVERY) == 10 + 8 + 8 + 3


@pytest.mark.parametrize(("dataset", "name"), EVERY)
def test_published_splits_cover_their_classes(dataset: str, name: str) -> None:
    split = load_split(dataset, name)
    assert split.classes == tuple(range(CLASS_COUNTS[dataset]))
    assert set(split.validation_unseen) <= set(split.seen)
    assert split.validation_unseen
    assert split.hold_out().unseen == tuple(sorted(split.validation_unseen))


def test_known_splits_hold_known_ids() -> None:
    assert load_split("ntu60", "synse-55-5").unseen == (10, 11, 19, 26, 56)
    assert load_split("ntu60", "synse-55-5").validation_unseen == (16, 21, 25, 31, 48)
    assert load_split("utd_mhad", "purls-22-5").unseen == (4, 14, 17, 23, 24)


def test_random_splits_depend_on_their_seed_alone() -> None:
    assert load_split("utd_mhad", "random-22-5-1") == load_split("utd_mhad", "random-22-5-1")
    assert load_split("utd_mhad", "random-22-5-1").unseen != load_split("utd_mhad", "random-22-5-2").unseen


@pytest.mark.parametrize(
    ("dataset", "pattern", "count", "digest"),
    [
        ("utd_mhad", "random-22-5-{}", 20, "4217efda831b2fc133b17b16a818ea01985a1921905f48f28c0b48bab857686f"),
        ("msr_action3d", "random-15-5-{}", 10, "5a8ceb09fe3be8023bd157c55effdc399a3d37a357e9c740947948faa81cf3c5"),
    ],
)
def test_the_random_splits_of_our_experiments_never_change(dataset: str, pattern: str, count: int, digest: str) -> None:
    splits = [load_split(dataset, pattern.format(seed)) for seed in range(count)]
    assert len({split.unseen for split in splits}) == count
    for split in splits:
        assert split.classes == tuple(range(CLASS_COUNTS[dataset]))
        assert len(split.unseen) == len(split.validation_unseen) == 5
        assert not set(split.unseen) & {*split.seen, *split.validation_unseen}
    ids = json.dumps([[split.unseen, split.validation_unseen] for split in splits])
    assert hashlib.sha256(ids.encode()).hexdigest() == digest


def test_random_15_5_0_is_the_split_of_the_kept_records() -> None:
    split = load_split("msr_action3d", "random-15-5-0")
    assert split.unseen == (5, 6, 9, 10, 13)
    assert split.validation_unseen == (1, 3, 15, 18, 19)


def test_our_published_splits_are_those_of_the_literature(real_data: Path) -> None:
    """Against the collection that the published lists were taken from."""
    listed = json.loads((real_data.parent / "splits.json").read_text())
    for dataset, splits in listed.items():
        if dataset != "note":
            assert set(PUBLISHED[dataset]) == set(splits)
            for name, ids in splits.items():
                split = load_split(dataset, name)
                assert split.unseen == tuple(ids["unseen"])
                assert split.validation_unseen == tuple(ids.get("validation_unseen", split.validation_unseen))


def test_a_users_split_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"unseen": [1, 3], "validation_unseen": [0]}))
    split = load_split("my data", str(path), class_count=6)
    assert (split.seen, split.unseen, split.validation_unseen) == ((0, 2, 4, 5), (1, 3), (0,))


def test_a_users_split_file_may_name_its_classes(tmp_path: Path) -> None:
    path, names = tmp_path / "mine.json", ("bow", "kick", "squat", "wave", "clap", "turn")
    path.write_text(json.dumps({"unseen": ["Squat", "kick"], "validation_unseen": ["turn", 0]}))
    split = load_split("my data", str(path), class_count=6, class_names=names)
    assert (split.unseen, split.validation_unseen) == ((1, 2), (5, 0))
    path.write_text(json.dumps({"unseen": ["wve"]}))
    with pytest.raises(SadvaeError, match=r"names 'wve', no class of these data; the nearest are wave"):
        load_split("my data", str(path), class_count=6, class_names=names)
    path.write_text(json.dumps({"unseen": ["hyq"]}))
    with pytest.raises(SadvaeError, match=r"names 'hyq', no class of these data; they are bow, kick, squat, \.\.\."):
        load_split("my data", str(path), class_count=6, class_names=names)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            {"unseen": ["kick", "bow"], "validation_unseen": ["Kick"]},
            "holds out class 'Kick' that is not one of its seen",
        ),
        ({"unseen": ["kick", 1]}, "lists class 1 twice among its unseen classes"),
        (
            {"unseen": ["kick"], "validation_unseen": ["bow", "bow"]},
            "lists class 'bow' twice among its validation_unseen",
        ),
        ({"unseen": [0, 7]}, "names class 7; the dataset has classes 0 to 3"),
        (
            {"unseen": ["kick"], "validaton_unseen": ["bow"]},
            "validaton_unseen is not known; known are unseen, validation",
        ),
        ({"unsen": ["kick"]}, "unsen is not known; known are unseen, validation_unseen"),
    ],
)
def test_faults_of_a_split_file_are_said_in_its_own_words(tmp_path: Path, value: object, said: str) -> None:
    path, names = tmp_path / "mine.json", ("bow", "kick", "squat", "wave")
    path.write_text(json.dumps(value))
    with pytest.raises(SadvaeError, match=said) as caught:
        load_split("my data", str(path), class_count=4, class_names=names)
    assert str(path) in str(caught.value)
    if " not known" in said:
        with pytest.raises(SadvaeError, match=said):
            split_entries(path)


def test_a_split_file_is_looked_at_before_any_work_and_counts_for_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = {"data": {"dataset": "mine"}, "split": {"name": "mine.json"}}
    settings = ExperimentSettings.model_validate({"name": "e", **own})
    listed = ExperimentSettings.model_validate({"name": "e", **own, "data": {"dataset": "mine", "classes": "c.json"}})
    with pytest.raises(SadvaeError, match=r"mine\.json \(name of \[split\]\) is not a file"):
        check_settings(settings, tmp_path)
    Path("c.json").write_text(json.dumps(["bow", "kick", "squat", "wave"]))
    Path("mine.json").write_text(json.dumps({"unseen": ["bwo"]}))
    check_settings(settings, tmp_path)
    with pytest.raises(SadvaeError, match="'bwo', no class of these data"):
        check_settings(listed, tmp_path)
    before = record_key(settings, "origin", 0)
    assert record_key(settings, "origin", 0) == before
    Path("mine.json").write_text(json.dumps({"unseen": ["bow"]}))
    check_settings(listed, tmp_path)
    assert record_key(settings, "origin", 0) != before


@pytest.mark.parametrize(
    ("dataset", "name", "match"),
    [
        ("utd_mhad", "purls-1-1", "unknown split 'purls-1-1' of utd_mhad; expected purls-22-5"),
        ("utd_mhad", "random-20-5-0", "speaks of 20 \\+ 5 classes; the dataset has 27"),
        ("unheard", "synse-55-5", "number of classes"),
    ],
)
def test_unknown_splits_are_named(dataset: str, name: str, match: str) -> None:
    with pytest.raises(SadvaeError, match=match):
        load_split(dataset, name)


@pytest.mark.parametrize("value", [[], {"unseen": ["a"]}, {"unseen": [99]}, {"seen": [1]}, {"unseen": [0, 0]}])
def test_faulty_split_files_are_named(tmp_path: Path, value: object) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(value))
    with pytest.raises(SadvaeError):
        load_split("x", str(path), class_count=5)


def test_contradictory_splits_are_refused() -> None:
    with pytest.raises(SadvaeError, match="both seen and unseen"):
        ClassSplit("bad", (0, 1), (1,))
    with pytest.raises(SadvaeError, match="not one of its seen classes"):
        ClassSplit("bad", (0, 1), (2,), (2,))
