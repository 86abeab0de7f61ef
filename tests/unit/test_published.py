"""Published feature folders: generated ones in every faulty form, and the real ones where they are."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sadvae.errors import LeakageError, SadvaeError
from sadvae.features.folder import read_features, write_features
from sadvae.features.published import check_split_lists, find_layouts, read_published, read_split, read_texts
from sadvae.task import ZeroShotTask


@pytest.fixture
def resources(tmp_path: Path) -> Path:
    """A whole resources folder of 8 classes: 6 seen (2 held out), 2 unseen."""
    rng = np.random.default_rng(0)
    root = tmp_path / "resources"
    test, lower = root / "sk_feats" / "shift_tiny_2_r", root / "sk_feats" / "shift_tiny_val_2_r"
    splits, texts = root / "label_splits" / "tiny", root / "text_feats" / "tiny" / "sbert"
    for folder in (test, lower, splits, texts):
        folder.mkdir(parents=True)

    def save(folder: Path, features: str, label: str, classes: list[int], logits: str | None = None) -> None:
        labels = np.repeat(classes, 3)
        np.save(folder / features, rng.normal(size=(len(labels), 4)).astype(np.float32))
        np.save(folder / label, labels)
        if logits:
            np.save(folder / logits, rng.normal(size=(len(labels), 8)).astype(np.float32))

    save(test, "train.npy", "train_label.npy", [0, 1, 2, 3, 4, 5])
    save(test, "gtest.npy", "g_label.npy", [0, 1, 2, 3, 4, 5, 6, 7], "gtest_out.npy")
    np.save(test / "ztest.npy", np.load(test / "gtest.npy")[18:])
    np.save(test / "z_label.npy", np.load(test / "g_label.npy")[18:])
    save(lower, "train.npy", "train_label.npy", [0, 1, 2, 3])
    save(lower, "val.npy", "val_label.npy", [0, 1, 2, 3], "val_out.npy")
    save(lower, "ztest.npy", "z_label.npy", [4, 5], "ztest_out.npy")
    lists = {"ru2": [7, 6], "rs6": [5, 4, 3, 2, 1, 0], "rv2_0": [4, 5], "rs4_0": [0, 1, 2, 3]}
    for name, ids in lists.items():
        np.save(splits / f"{name}.npy", np.array(ids))
    for mode in ("lb", "ad"):
        np.save(texts / f"{mode}_8.npy", rng.normal(size=(8, 5)).astype(np.float32))
    return root


def load(root: Path, **options) -> ZeroShotTask:
    layout = find_layouts(root)[0]
    return read_published(layout, 8, **options).task(read_texts(layout, "lb"))


def test_both_levels_are_read(resources: Path) -> None:
    task = load(resources)
    assert task.split.unseen == (6, 7)
    assert [len(p.labels) for p in task.parts] == [18, 18, 6]
    assert task.calibration is not None
    assert task.calibration.split.unseen == (4, 5)
    assert task.allow == ("unknown_encoder",)
    assert task.test_unseen.seen_logits is not None


def test_calibration_on_seen_test_clips_is_refused(resources: Path) -> None:
    """Clips of imported files are named by their file, so that the rows alone tell that they are the same."""
    test, lower = (resources / "sk_feats" / f"shift_tiny_{name}" for name in ("2_r", "val_2_r"))
    for own, name in (("gtest", "val"), ("g_label", "val_label"), ("gtest_out", "val_out")):
        np.save(lower / f"{name}.npy", np.load(test / f"{own}.npy")[:12])
    with pytest.raises(LeakageError, match=r"shift_tiny_2_r/gtest/0, .* \(seen\) .* features of a calibration clip"):
        load(resources)


def test_a_features_folder_survives_a_round_trip(resources: Path, tmp_path: Path) -> None:
    layout = find_layouts(resources)[0]
    features = read_published(layout, 8)
    write_features(tmp_path / "f", features)
    again = read_features(tmp_path / "f")
    assert again.test.split == features.test.split
    assert again.test.allow == features.test.allow
    np.testing.assert_array_equal(again.test.test_unseen.features, features.test.test_unseen.features)
    np.testing.assert_array_equal(again.test.test_unseen.seen_logits, features.test.test_unseen.seen_logits)


def test_texts_are_joined_then_normalised(resources: Path) -> None:
    layout = find_layouts(resources)[0]
    joined = read_texts(layout, "lb_ad")
    folder = resources / "text_feats" / "tiny" / "sbert"
    by_hand = np.concatenate([np.load(folder / "lb_8.npy"), np.load(folder / "ad_8.npy")], axis=1)
    np.testing.assert_allclose(joined.vectors, by_hand / np.linalg.norm(by_hand, axis=1, keepdims=True), rtol=1e-6)


def test_a_folder_without_calibration_is_read_without_it(resources: Path) -> None:
    shutil.rmtree(resources / "sk_feats" / "shift_tiny_val_2_r")
    assert load(resources).calibration is None


def test_a_faulty_seen_list_is_named_and_can_be_derived(resources: Path) -> None:
    folder = resources / "label_splits" / "tiny"
    np.save(folder / "rs4_0.npy", np.array([0, 1, 2]))
    with pytest.raises(SadvaeError, match=r"rs4_0.npy lists 3 seen classes; .* leave 4"):
        load(resources)
    assert load(resources, derive_splits=True).calibration is not None
    assert check_split_lists(folder)[0].endswith("rs4_0.npy holds 3 class ids; its name promises 4.")


@pytest.mark.parametrize(
    ("file", "array", "match"),
    [
        ("sk_feats/shift_tiny_2_r/train_label.npy", np.zeros(3), "expected 18 labels"),
        ("sk_feats/shift_tiny_2_r/train_label.npy", np.full(18, 8), "0-based ids below 8"),
        ("sk_feats/shift_tiny_2_r/train.npy", np.full((18, 4), np.nan, np.float32), "not finite"),
        ("sk_feats/shift_tiny_2_r/gtest_out.npy", np.zeros((24, 7), np.float32), r"expected \[24, 8\]"),
        ("sk_feats/shift_tiny_2_r/ztest.npy", np.ones((6, 4), np.float32), "are not the 6 of ztest.npy"),
        ("text_feats/tiny/sbert/lb_8.npy", np.ones((7, 5), np.float32), "promises 8 classes"),
        ("label_splits/tiny/ru2.npy", np.array([6, 6]), "distinct whole class ids"),
        (
            "sk_feats/shift_tiny_2_r/train_label.npy",
            np.r_[np.zeros(17), -1],
            r"train_label\.npy holds label -1; .* below 8",
        ),
        (
            "sk_feats/shift_tiny_2_r/gtest_out.npy",
            np.full((24, 8), np.nan, np.float32),
            r"gtest_out\.npy: a logit is not",
        ),
        ("text_feats/tiny/sbert/lb_8.npy", np.full((8, 5), np.nan, np.float32), r"lb_8\.npy holds .* not of finite"),
        (
            "text_feats/tiny/sbert/lb_8.npy",
            np.eye(8, 5, dtype=np.float32),
            r"lb_8\.npy has no text of class 5 .* zeros",
        ),
        ("label_splits/tiny/ru2.npy", np.array([6, -1]), r"ru2\.npy names class -1; .* 0 to 7"),
    ],
)
def test_faulty_files_are_named(resources: Path, file: str, array: np.ndarray, match: str) -> None:
    np.save(resources / file, array)
    with pytest.raises(SadvaeError, match=match) as caught:
        load(resources)
    assert Path(file).parts[0] in str(caught.value)


@pytest.mark.parametrize(
    ("file", "array", "match"),
    [
        ("2_r/train_label.npy", np.repeat([0, 1, 2, 3, 4, 6], 3), r"training holds clips of class 6 .* \(0-based\)"),
        ("2_r/train_label.npy", np.repeat([1, 2, 3, 4, 5, 6], 3), r"training holds clips of class 6 .* \(0-based\)"),
        ("2_r/train.npy", np.ones((18, 3), np.float32), r"differing widths \[3, 4\]"),
        ("val_2_r/train_label.npy", np.repeat([0, 1, 2, 4], 3), "training holds clips of class 4"),
        ("val_2_r/val_label.npy", np.repeat([0, 1, 2, 4], 3), "the seen test set holds class 4"),
        ("val_2_r/z_label.npy", np.repeat([4, 3], 3), "the unseen test set holds class 3"),
        ("val_2_r/train.npy", np.ones((12, 3), np.float32), r"differing widths \[3, 4\]"),
    ],
)
def test_parts_that_make_no_task_are_not_read(resources: Path, file: str, array: np.ndarray, match: str) -> None:
    """Before any text: `import` and `check` read no more than this."""
    np.save(resources / "sk_feats" / f"shift_tiny_{file}", array)
    with pytest.raises(SadvaeError, match=f"^{resources}: .*{match}"):
        read_published(find_layouts(resources)[0], 8)


def test_missing_files_and_foreign_folders_are_named(resources: Path, tmp_path: Path) -> None:
    (resources / "sk_feats" / "shift_tiny_2_r" / "gtest.npy").unlink()
    with pytest.raises(SadvaeError, match=r"gtest\.npy does not exist"):
        load(resources)
    with pytest.raises(SadvaeError, match="is not a published resources folder"):
        find_layouts(tmp_path / "nothing")


def test_the_real_packs_are_read(real_data: Path) -> None:
    packs = [path for path in sorted((real_data / "feature_packs").iterdir()) if path.is_dir()]
    assert len(packs) == 9
    for pack in packs:
        layout = find_layouts(pack)[0]
        texts = read_texts(layout, "lb")
        task = read_published(layout, len(texts.ids)).task(texts)
        assert task.calibration is not None


def test_the_faulty_published_list_of_ntu120_is_named(real_data: Path) -> None:
    folder = real_data / "published" / "label_splits" / "ntu120"
    faults = check_split_lists(folder)
    assert len(faults) == 1
    assert "rs100_0.npy holds 81 class ids; its name promises 100" in faults[0]


def test_the_published_lists_agree_with_our_splits(real_data: Path) -> None:
    from sadvae.features.published import PublishedLayout
    from sadvae.splits.reader import load_split

    for dataset, unseen, name in (
        ("ntu60", 5, "synse-55-5"),
        ("ntu60", 12, "synse-48-12"),
        ("ntu120", 24, "synse-96-24"),
    ):
        published = read_split(PublishedLayout(real_data / "published", "shift", dataset, unseen), int(dataset[3:]))
        ours = load_split(dataset, name)
        assert (published.seen, published.unseen, published.validation_unseen) == (
            ours.seen,
            ours.unseen,
            ours.validation_unseen,
        )


def test_a_split_is_named_after_its_unseen_classes(resources: Path) -> None:
    layout, lists = find_layouts(resources)[0], resources / "label_splits" / "tiny"
    first = read_split(layout, 8).name
    assert re.fullmatch(r"tiny-published-2-[0-9a-f]{6}", first)
    np.save(lists / "ru2.npy", np.array([3, 6]))
    assert read_split(layout, 8, derive=True).name != first
    utd = replace(layout, dataset="utd", unseen=5)
    utd.splits.mkdir()
    np.save(utd.splits / "ru5.npy", np.array([24, 4, 17, 14, 23]))
    assert read_split(utd, 27).name == "purls-22-5"
    # As many other classes make another split.
    assert read_split(utd, 28).name.startswith("utd-published-5-")


def test_real_packs_of_one_size_have_names_of_their_own(real_data: Path) -> None:
    packs = [real_data / "feature_packs" / name for name in ("utd_p5", "utd_r5_0", "utd_r5_1")]
    names = [read_split(find_layouts(pack)[0], 27).name for pack in packs]
    assert names[0] == "purls-22-5"
    assert len(set(names)) == 3
