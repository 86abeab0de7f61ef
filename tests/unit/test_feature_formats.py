"""Feature files of other projects: what is read, what is written, and round trips bit for bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from sadvae.errors import SadvaeError
from sadvae.evaluation.trivial import trivial_task
from sadvae.features.flora import KEYS, is_flora, read_flora, write_flora
from sadvae.features.folder import PARTS, Features, read_features, write_feature_set, write_features
from sadvae.features.published import find_layouts, read_published, read_texts
from sadvae.features.published_write import write_published
from sadvae.features.xlsa17 import read_xlsa17
from sadvae.settings import PresetSettings
from sadvae.stages import fit_and_evaluate
from sadvae.types import FeatureSet
from tests.unit.format_files import write_flora_file, write_resources, write_xlsa17
from tests.waist_samples import write_waist


def published(root: Path) -> Features:
    layout = find_layouts(root)[0]
    return read_published(layout, len(read_texts(layout, "lb").ids))


def arrays_below(root: Path) -> dict[str, np.ndarray]:
    return {path.relative_to(root).as_posix(): np.load(path) for path in sorted(root.rglob("*.npy"))}


def assert_same_arrays(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        if array.dtype.kind == "f":
            assert array.astype(np.float32).tobytes() == other[name].tobytes(), name
        elif "label_splits" in name:
            np.testing.assert_array_equal(np.sort(array), other[name])
        else:
            np.testing.assert_array_equal(array, other[name])


def test_a_resources_folder_survives_reading_and_writing_bit_for_bit(tmp_path: Path) -> None:
    root = write_resources(tmp_path / "resources")
    features, texts = published(root), read_texts(find_layouts(root)[0], "lb")
    write_features(tmp_path / "features", features)
    layout = write_published(tmp_path / "again", read_features(tmp_path / "features"), "shift", texts)
    assert layout.test.is_dir()
    old, new = arrays_below(root), arrays_below(tmp_path / "again")
    text = "text_feats/tiny/sbert/lb_5.npy"
    np.testing.assert_allclose(old.pop(text), new.pop("text_feats/tiny/sbert-lb/lb_5.npy"), rtol=1e-6)
    assert_same_arrays(old, new)
    assert published(tmp_path / "again").test.split.validation_unseen == (3,)


def test_names_and_logits_that_do_not_fit_the_classes_are_refused(tmp_path: Path) -> None:
    write_waist(tmp_path)
    folder = tmp_path / "features"
    whole, about = read_features(folder), json.loads((folder / "task.json").read_text())
    (folder / "task.json").write_text(json.dumps(about | {"class_names": about["class_names"][:-1]}))
    with pytest.raises(SadvaeError, match=rf"^{folder}: split .* has class \[19\], and there are 19 class names"):
        read_features(folder)
    (folder / "task.json").write_text(json.dumps(about))
    for columns, said in ((5, r"differing widths \[5, 20\]"), (0, r"differing widths \[0, 20\]")):
        write_feature_set(folder / "test.test_seen.npz", narrow(whole.test.test_seen, columns))
        with pytest.raises(SadvaeError, match=rf"^{folder}: logits .* {said}"):
            read_features(folder)
    for part in PARTS:
        write_feature_set(folder / f"test.{part}.npz", narrow(getattr(whole.test, part), 5))
    with pytest.raises(SadvaeError, match=rf"^{folder}: logits .* 5 columns, and split .* has seen class 15"):
        read_features(folder)


def test_a_task_refuses_logits_and_a_training_refuses_names_that_do_not_fit() -> None:
    task, chosen = trivial_task(), PresetSettings(preset="ridge")
    with pytest.raises(SadvaeError, match=r"logits .* 10 columns"):
        replace(task, **{part: narrow(getattr(task, part), 10) for part in PARTS})
    with pytest.raises(SadvaeError, match="there are 5 class names; expected a name for every class id"):
        fit_and_evaluate(chosen, task, ("a", "b", "c", "d", "e"), "max_probability", "last_step", 0)


def narrow(part: FeatureSet, columns: int) -> FeatureSet:
    assert part.seen_logits is not None
    return replace(part, seen_logits=part.seen_logits[:, :columns])


def test_real_packs_survive_reading_and_writing_bit_for_bit(real_data: Path, tmp_path: Path) -> None:
    for pack in ("utd_r5_0", "msr_r5_1", "utd_p9"):
        root = real_data / "feature_packs" / pack
        layout = find_layouts(root)[0]
        write_published(tmp_path / pack, published(root), layout.encoder)
        old = {name: array for name, array in arrays_below(root).items() if not name.startswith("text_feats")}
        assert_same_arrays(old, arrays_below(tmp_path / pack))


def test_features_without_logits_are_not_written_as_published(tmp_path: Path) -> None:
    features = read_flora(write_flora_file(tmp_path / "tiny.npz"))
    with pytest.raises(SadvaeError, match="--to flora"):
        write_published(tmp_path / "out", features, "shift")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.npz"]
    with pytest.raises(SadvaeError, match="small letters and digits"):
        write_published(tmp_path / "out", features, "Shift_GCN")


def test_flora_archives_are_read(tmp_path: Path) -> None:
    path = write_flora_file(tmp_path / "tiny.npz")
    assert is_flora(path)
    found = read_flora(path)
    assert (found.dataset, found.calibration, found.test.allow) == ("tiny", None, ("unknown_encoder",))
    assert (found.test.split.seen, found.test.split.unseen) == ((0, 1), (2,))
    with np.load(path) as raw:
        np.testing.assert_array_equal(found.test.test_seen.features, raw["gzsl_data"][[0, 2]])
        np.testing.assert_array_equal(found.test.test_unseen.features, raw["zsl_data"])
    assert read_flora(path, 5).test.split.seen == (0, 1, 3, 4)


def test_flora_archives_survive_both_ways_bit_for_bit(tmp_path: Path) -> None:
    path = write_flora_file(tmp_path / "tiny.npz")
    write_flora(tmp_path / "again.npz", read_flora(path))
    with np.load(path) as old, np.load(tmp_path / "again.npz") as new:
        assert_same_arrays({key: old[key] for key in KEYS}, {key: new[key] for key in KEYS})
    features = published(write_resources(tmp_path / "resources"))
    write_flora(tmp_path / "published.npz", features)
    found = read_flora(tmp_path / "published.npz", 5).test
    for part in ("train", "test_seen", "test_unseen"):
        assert getattr(found, part).features.tobytes() == getattr(features.test, part).features.tobytes()
        np.testing.assert_array_equal(getattr(found, part).labels, getattr(features.test, part).labels)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gzsl_label": None}, "no array 'gzsl_label'"),
        ({"train_data": np.ones((3, 6), np.int64)}, "expected float features"),
        ({"train_label": np.array([0, 1])}, "expected 3 labels"),
        ({"train_label": np.array([0.5, 1, 1])}, "not whole class ids"),
        ({"train_label": np.array([0, 1, 10**9])}, "not whole class ids"),
        ({"train_label": np.array([0, 1, -1])}, "0-based ids"),
        ({"train_data": np.full((3, 6), np.inf, np.float32)}, "not finite"),
        ({"zsl_data": np.ones((2, 6), np.float32)}, "are not the 2 of zsl_data"),
    ],
)
def test_faulty_flora_archives_are_named(changes: dict[str, np.ndarray | None], said: str, tmp_path: Path) -> None:
    path = write_flora_file(tmp_path / "tiny.npz")
    with np.load(path) as raw:
        arrays = {key: changes.get(key, raw[key]) for key in raw.files}
    kept = {key: array for key, array in arrays.items() if array is not None}
    np.savez(path, **kept)  # pyright: ignore[reportArgumentType]
    with pytest.raises(SadvaeError, match=said) as caught:
        read_flora(path)
    assert "tiny.npz" in str(caught.value)


def test_unseen_clips_are_compared_row_by_row(tmp_path: Path) -> None:
    path = write_flora_file(tmp_path / "tiny.npz")
    with np.load(path) as raw:
        arrays = {key: raw[key].copy() for key in raw.files}
    arrays["zsl_data"][:, 0] = arrays["zsl_data"][::-1, 0]
    np.savez(path, **arrays)
    with pytest.raises(SadvaeError, match="are not the 2 of zsl_data"):
        read_flora(path)


def test_xlsa17_files_count_from_1(tmp_path: Path) -> None:
    folder = write_xlsa17(tmp_path / "AWA2")
    found, attributes = read_xlsa17(folder)
    x = scipy.io.loadmat(folder / "res101.mat")["features"].T.astype(np.float32)
    assert (found.test.split.seen, found.test.split.unseen) == ((0, 1), (2,))
    for part, rows, labels in (("train", [0, 1], [0, 1]), ("test_seen", [2, 4], [0, 1]), ("test_unseen", [3], [2])):
        made = getattr(found.test, part)
        assert made.features.tobytes() == np.ascontiguousarray(x[rows]).tobytes()
        assert made.labels.tolist() == labels
    np.testing.assert_allclose(attributes.vectors, [[1, 0], [0, 1], [0.5**0.5, 0.5**0.5]], rtol=1e-6)
    task = found.task(attributes)
    assert task.split.unseen == (2,)


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("att_splits.mat", {"trainval_loc": np.array([[1], [6]])}, "trainval_loc names clip 6; there are 5"),
        ("att_splits.mat", {"test_seen_loc": np.array([[0]])}, "test_seen_loc names clip"),
        ("att_splits.mat", {"att": np.ones((2, 2))}, "0-based ids below 2"),
        ("att_splits.mat", {"att": np.array([[1.0, 0, 1], [0, 0, 1]])}, "att says nothing of class 2"),
        ("res101.mat", {"labels": np.array([[1], [2]])}, "names clip 5; there are 2"),
        ("res101.mat", {"features": np.array([["a"]], dtype=object)}, "not an array of real numbers"),
    ],
)
def test_faulty_xlsa17_files_are_named(file: str, changes: dict[str, np.ndarray], said: str, tmp_path: Path) -> None:
    path = write_xlsa17(tmp_path / "AWA2") / file
    arrays = {key: value for key, value in scipy.io.loadmat(path).items() if not key.startswith("__")}
    scipy.io.savemat(path, arrays | changes)
    with pytest.raises(SadvaeError, match=said):
        read_xlsa17(path.parent)
