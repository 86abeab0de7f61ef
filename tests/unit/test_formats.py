"""Formats of many clips a file: what they give on files of known content, and what they refuse."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.pyskl import write_pyskl
from sadvae.skeleton.read import guess_dataset, read_clip_set, source_digest
from sadvae.skeleton.smie import language_file, smie_unseen
from sadvae.types import ClipSet, SkeletonClip
from tests.unit import format_files as files


def motion(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).round(3)


# F: PKU-MMD.


def test_pku_recordings_are_cut_by_their_labels(tmp_path: Path) -> None:
    frames = motion(12, 2, 25, 3)
    frames[6:, 1] = 0
    files.write_pku(tmp_path, frames, "3,2,6,1\n51,7,12,2\n1,0,1,1\n")
    files.write_pku(tmp_path, motion(4, 2, 25, 3, seed=1), "12,1,4\n", name="0003-R")
    (tmp_path / "cross-subject.txt").write_text("Training videos:\n0002-L, 0003-R\n")
    found = read_clip_set(tmp_path)
    assert found.dataset == guess_dataset(tmp_path) == "pku51"
    assert len(found.class_names) == 51
    assert [(clip.label, clip.subject, clip.joints.shape[:2]) for clip in found.clips] == [
        (2, "0002", (2, 5)),
        (50, "0002", (1, 6)),
        (0, "0002", (2, 1)),
        (11, "0003", (2, 4)),
    ]
    shown = np.array([[float(f"{x:.4g}") for x in row.ravel()] for row in frames]).reshape(frames.shape)
    np.testing.assert_array_equal(found.clips[0].joints, shown[1:6].transpose(1, 0, 2, 3).astype(np.float32))
    np.testing.assert_array_equal(found.clips[1].joints, shown[6:, :1].transpose(1, 0, 2, 3).astype(np.float32))
    before = source_digest(tmp_path)
    files.write_pku(tmp_path, frames, "4,2,6,1\n")
    assert source_digest(tmp_path / "PKU_Skeleton_Renew") != before


def test_a_pku_recording_without_labels_is_one_clip_but_not_beside_labelled_ones(tmp_path: Path) -> None:
    path = files.write_pku(tmp_path, motion(3, 2, 25, 3), None)
    (clip,) = read_clip_set(path).clips
    assert (clip.clip_id, clip.label, clip.joints.shape) == ("0002-L", None, (2, 3, 25, 3))
    files.write_pku(tmp_path, motion(3, 2, 25, 3), "1,1,3,1\n", name="0005-M")
    with pytest.raises(SadvaeError, match=r"0002-L\.txt has no label file 0002-L\.txt in .*Train_Label"):
        read_clip_set(tmp_path)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("52,1,2,1\n", "line 1: class 52"),
        ("1,1,2,1\n0,1,2,1\n", "line 2: class 0"),
        ("1,3,2,1\n", "frames 3 to 2"),
        ("1,a,2,1\n", "'1,a,2,1'; expected class,start,end"),
        ("1,2\n,", "expected class,start,end"),
        ("1,9,12,1\n", "has 3 frames; its label file has an action from frame 9 to 12"),
        ("\n \n,,\n", "expected class,start,end"),
    ],
)
def test_faulty_pku_labels_are_named(labels: str, said: str, tmp_path: Path) -> None:
    path = files.write_pku(tmp_path, motion(3, 2, 25, 3), labels)
    with pytest.raises(SadvaeError, match=said):
        read_clip_set(path)


def test_a_pku_line_of_another_length_is_named(tmp_path: Path) -> None:
    path = files.write_pku(tmp_path, motion(3, 2, 25, 3), "1,1,3,1\n")
    path.write_text(path.read_text() + "1 2 3\n")
    with pytest.raises(SadvaeError, match=r"0002-L\.txt, line 4: 3 numbers where 150"):
        read_clip_set(path)


# G: pyskl and mmaction2.


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("flat", [False, True])
def test_pyskl_pickles_are_read(flat: bool, protocol: int, tmp_path: Path) -> None:
    content = files.pyskl_content(flat)
    path = files.write(tmp_path / "mine.pkl", pickle.dumps(content, protocol))
    found = read_clip_set(path)
    assert found.dataset == "ntu120"
    assert found.layout == load_layout("coco-17" if flat else "kinect-v2")
    assert [(clip.label, clip.subject) for clip in found.clips] == [(6, "3"), (60, "4")]
    for clip, entry in zip(found.clips, content["annotations"], strict=True):
        keypoint = entry["keypoint"].astype(np.float32)
        assert clip.clip_id == entry["frame_dir"]
        expected = np.concatenate([-keypoint, 0 * keypoint[..., :1]], axis=3) if flat else keypoint
        np.testing.assert_array_equal(clip.joints, expected)


def test_pyskl_joints_of_score_0_are_lost(tmp_path: Path) -> None:
    content = files.pyskl_content(True)
    content["annotations"][0]["keypoint_score"][0, 1, 5] = 0
    found = read_clip_set(files.write(tmp_path / "mine.pkl", pickle.dumps(content)))
    lost = np.argwhere(~found.clips[0].joints.any(axis=3))
    assert lost.tolist() == [[0, 1, 5]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.clear(), "holds no list of annotations"),
        (lambda c: c["annotations"][1].pop("keypoint"), "annotation 1 has no keypoint array"),
        (lambda c: c["annotations"][1].update(keypoint=np.zeros((1, 2, 25, 4))), "annotation 1 has no keypoint array"),
        (lambda c: c["annotations"][1].update(keypoint=np.zeros((1, 2, 24, 3))), "has 24 joints; the first one has 25"),
        (lambda c: c["annotations"][0].update(keypoint=np.full((1, 2, 25, 3), np.inf)), "not a finite number"),
        (lambda c: c["annotations"][0].update(keypoint_score=np.zeros((1, 2, 24))), "keypoint_score of another shape"),
        (lambda c: c["annotations"][0].update(label=-1), "a label that is not a class id"),
        (lambda c: c["annotations"][0].update(frame_dir=3), "no text frame_dir"),
        (lambda c: c["annotations"].append(copy.deepcopy(c["annotations"][0])), "more than once"),
        (lambda c: c["annotations"].extend(c["annotations"] * 99), "bytes of keypoints but has"),
    ],
)
def test_faulty_annotations_are_named(change: Any, said: str, tmp_path: Path) -> None:
    content = files.pyskl_content()
    change(content)
    path = files.write(tmp_path / "mine.pkl", pickle.dumps(content))
    with pytest.raises(SadvaeError, match=said):
        read_clip_set(path)


def generated(layout: str, seed: int, third: bool = True) -> ClipSet:
    own = load_layout(layout)
    made = []
    for number in range(3):
        joints = motion(1 + number % 2, 4 + number, len(own.joints), 3, seed=seed + number).astype(np.float32)
        joints[..., 2] *= third
        joints[:, 1, 2] = 0
        made.append(SkeletonClip(joints, own, f"clip{number}", number, None))
    return ClipSet("made", own, tuple(made), ("a", "b", "c"))


@pytest.mark.parametrize(("layout", "third"), [("kinect-v2", True), ("coco-17", False), ("kinect-v1", True)])
def test_written_pickles_give_the_clips_back_in_float16(layout: str, third: bool, tmp_path: Path) -> None:
    clips = generated(layout, 5, third)
    write_pyskl(tmp_path / "made.pkl", clips, {"xsub_train": ["clip0"], "xsub_val": ["clip1", "clip2"]})
    found = read_clip_set(tmp_path / "made.pkl")
    assert found.layout == clips.layout
    with (tmp_path / "made.pkl").open("rb") as stream:
        plain = pickle.load(stream)
    assert plain["split"] == {"xsub_train": ["clip0"], "xsub_val": ["clip1", "clip2"]}
    for again, clip, entry in zip(found.clips, clips.clips, plain["annotations"], strict=True):
        assert again.joints.tobytes() == (clip.joints.astype(np.float16).astype(np.float32) + 0.0).tobytes()
        assert (again.clip_id, again.label) == (clip.clip_id, clip.label)
        assert entry["keypoint"].dtype == np.float16
        assert entry["total_frames"] == clip.joints.shape[1]
    write_pyskl(tmp_path / "twice.pkl", found, plain["split"])
    assert (tmp_path / "twice.pkl").read_bytes() == (tmp_path / "made.pkl").read_bytes()


def test_positions_beyond_float16_are_not_written(tmp_path: Path) -> None:
    clips = generated("kinect-v2", 1)
    clips.clips[0].joints[0, 0, 0] = 7e4
    with pytest.raises(SadvaeError, match="too large for float16"):
        write_pyskl(tmp_path / "a.pkl", clips, {})
    assert not list(tmp_path.iterdir())


# H, I and B: arrays.


def test_ctr_gcn_archives_are_read_without_their_padding(tmp_path: Path) -> None:
    x = motion(3, 6, 150).astype(np.float32)
    x[0, 4:], x[1, :, 75:] = 0, 0
    eye = np.eye(60)
    np.savez(tmp_path / "NTU60_CS.npz", x_train=x[:2], y_train=eye[[3, 59]], x_test=x[2:], y_test=eye[[7]])
    found = read_clip_set(tmp_path)
    assert found.dataset == guess_dataset(tmp_path) == "ntu60"
    assert [(c.clip_id, c.label, c.subject, c.joints.shape[:2]) for c in found.clips] == [
        ("train-0", 3, "train", (2, 4)),
        ("train-1", 59, "train", (1, 6)),
        ("test-0", 7, "test", (2, 6)),
    ]
    np.testing.assert_array_equal(found.clips[2].joints[1, 5, 24], x[2, 5, 147:])
    np.testing.assert_array_equal(found.clips[0].joints[0, 2, 1], x[0, 2, 3:6])
    assert isinstance(found.clips[2].joints, np.memmap)


def test_the_pku_form_of_ctr_gcn_archives_is_read(tmp_path: Path) -> None:
    x = motion(2, 3, 8, 25, 2).astype(np.float32)
    np.savez_compressed(tmp_path / "pku.npz", x_train=x, y_train=np.array([[4], [50]]))
    found = read_clip_set(tmp_path / "pku.npz")
    assert [clip.label for clip in found.clips] == [4, 50]
    np.testing.assert_array_equal(found.clips[1].joints, x[1].transpose(3, 1, 2, 0))


def test_st_gcn_arrays_are_mapped_and_named(tmp_path: Path) -> None:
    path = files.write_npy_clips(tmp_path)
    files.write_npy_clips(tmp_path / "more", part="train") if (tmp_path / "more").mkdir() else None
    data = np.load(path)
    found = read_clip_set(path)
    assert (found.dataset, found.layout.name) == ("ntu60", "kinect-v2")
    assert [(c.clip_id, c.label, c.subject) for c in found.clips] == [
        ("S001C001P001R001A001", 0, "1"),
        ("S001C001P002R001A002", 1, "2"),
    ]
    for clip, row in zip(found.clips, data, strict=True):
        np.testing.assert_array_equal(clip.joints, row.transpose(3, 1, 2, 0))
        assert isinstance(clip.joints, np.memmap)
    before = source_digest(path)
    files.write(tmp_path / "val_label.pkl", pickle.dumps((["a", "b"], [5, 6])))
    assert source_digest(path) != before
    assert [clip.clip_id for clip in read_clip_set(path).clips] == ["a", "b"]


def test_kinetics_arrays_have_scores_in_the_third_coordinate(tmp_path: Path) -> None:
    path = files.write_npy_clips(tmp_path, joints=18)
    found = read_clip_set(path)
    data = np.load(path)[0].transpose(3, 1, 2, 0)
    assert found.layout.name == "openpose-18"
    kept = data[..., 2] > 0
    np.testing.assert_array_equal(found.clips[0].joints[kept][:, :2], -data[kept][:, :2])
    assert not found.clips[0].joints[~kept].any()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("val_label.pkl", pickle.dumps((["a"], [0, 1])), "2 clips, 1 names and 2 labels"),
        ("val_label.pkl", pickle.dumps((["a", "b"], [0, -1])), "no pair of a list of names and a list of class ids"),
        ("val_label.pkl", pickle.dumps([["a", "b"]]), "no pair of names and labels"),
        ("val_label.pkl", None, "no label file val_label.pkl or val_label.npy"),
        ("val_data_joint.npy", b"\x93NUMPY", "not a readable .npy"),
    ],
)
def test_faulty_arrays_are_named(name: str, content: bytes | None, said: str, tmp_path: Path) -> None:
    path = files.write_npy_clips(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        files.write(tmp_path / name, content)
    with pytest.raises(SadvaeError, match=said):
        read_clip_set(path)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x_train": np.zeros((2, 4, 150), np.float32)}, "only one of x_train and y_train"),
        ({"x_train": np.ones((2, 4, 149), np.float32), "y_train": np.eye(2)}, r"shape \(2, 4, 149\)"),
        ({"x_train": np.ones((2, 4, 150), np.float32), "y_train": np.ones((2, 2))}, "not one-hot"),
        ({"x_train": np.ones((2, 4, 150), np.float32), "y_train": np.eye(3)}, "2 clips, 3 names"),
        ({"x_train": np.full((1, 4, 150), np.nan, np.float32), "y_train": np.eye(1)}, "not a finite number"),
        ({"x_train": np.ones((1, 4, 150), np.int32), "y_train": np.eye(1)}, "expected floats"),
        ({"x_train": np.ones((1, 3, 4, 24, 2), np.float32), "y_train": np.zeros(1)}, "24 joints, which no built-in"),
    ],
)
def test_faulty_archives_are_named(arrays: dict[str, np.ndarray], said: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **arrays)  # pyright: ignore[reportArgumentType]
    with pytest.raises(SadvaeError, match=said):
        read_clip_set(tmp_path / "a.npz")


def test_smie_splits_are_read_with_their_parts_as_subjects(tmp_path: Path) -> None:
    split = files.write_smie(tmp_path)
    found = read_clip_set(split)
    assert [(c.clip_id, c.label, c.subject) for c in found.clips] == [
        ("seen_test-0", 2, "test"),
        ("seen_train-0", 0, "train"),
        ("seen_train-1", 2, "train"),
        ("unseen-0", 1, "test"),
        ("unseen-1", 1, "test"),
    ]
    assert smie_unseen(found) == (1,)
    assert language_file(split) == (tmp_path / "data" / "language" / "tiny_embeddings.npy").resolve()
    np.save(split / "unseen_label.npy", np.array([2, 1]))
    with pytest.raises(SadvaeError, match="class 2 is both"):
        smie_unseen(read_clip_set(split))
