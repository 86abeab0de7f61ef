"""Small whole files of every format, for tests and the fuzzer: made after the formats' own documents.

SAMPLES: for each reader a function that writes a sample into an empty folder and returns the file to damage, and the
function that reads it.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from sadvae.features.flora import read_flora
from sadvae.features.folder import read_features
from sadvae.features.published import find_layouts, read_published, read_texts
from sadvae.features.xlsa17 import read_xlsa17
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.read import read_clip_set
from sadvae.skeleton.safe_pickle import read_pickle
from tests.unit.raw_files import write_msr, write_ntu, write_utd

Sample = tuple[Callable[[Path], Path], Callable[[Path], object]]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def write_pku(root: Path, frames: np.ndarray, labels: str | None, name: str = "0002-L") -> Path:
    """Frames [frame, 2, 25, 3] and a label text as PKU-MMD lays them."""
    lines = [" ".join(f"{x:.4g}" for x in frame.ravel()) for frame in frames]
    if labels is not None:
        write(root / "Train_Label_PKU_final" / f"{name}.txt", labels)
    return write(root / "PKU_Skeleton_Renew" / f"{name}.txt", "\n".join(lines) + "\n")


def pyskl_content(flat: bool = False, frames: int = 3) -> dict[str, Any]:
    """Two annotations, of Kinect v2 in space or of COCO-17 in an image, as pyskl pickles them."""
    joints, sides = (17, 2) if flat else (25, 3)
    annotations = []
    for number, name in enumerate(("S001C001P003R001A007", "S001C001P004R001A061")):
        keypoint = rng(number).normal(size=(1 + number, frames, joints, sides)).astype(np.float16)
        entry = {"frame_dir": name, "label": (6, 60)[number], "total_frames": frames, "keypoint": keypoint}
        if flat:
            score = rng(number).uniform(0.5, 1, size=keypoint.shape[:3]).astype(np.float16)
            entry |= {"keypoint_score": score, "img_shape": (1080, 1920), "original_shape": (1080, 1920)}
        annotations.append(entry)
    return {"split": {"xsub_train": ["S001C001P004R001A061"], "xsub_val": []}, "annotations": annotations}


def write_npy_clips(folder: Path, part: str = "val", clips: int = 2, frames: int = 4, joints: int = 25) -> Path:
    """PART_data_joint.npy [clip, 3, frame, joint, 2] and PART_label.pkl, as ST-GCN and 2s-AGCN write them."""
    data = rng().normal(size=(clips, 3, frames, joints, 2)).astype(np.float32)
    names = [f"S001C001P{i + 1:03d}R001A{i + 1:03d}.skeleton" for i in range(clips)]
    write(folder / f"{part}_label.pkl", pickle.dumps((names, list(range(clips)))))
    np.save(folder / f"{part}_data_joint.npy", data)
    return folder / f"{part}_data_joint.npy"


def write_smie(folder: Path) -> Path:
    """A SMIE split: classes 0 and 2 seen, class 1 unseen, with class vectors where SMIE keeps them."""
    split = folder / "data" / "zeroshot" / "tiny" / "split_1"
    split.mkdir(parents=True)
    for seed, (part, labels) in enumerate({"seen_train": [0, 2], "seen_test": [2], "unseen": [1, 1]}.items()):
        np.save(split / f"{part}_data.npy", rng(seed).normal(size=(len(labels), 3, 5, 25, 2)).astype(np.float32))
        np.save(split / f"{part}_label.npy", np.array(labels))
    (folder / "data" / "language").mkdir()
    np.save(folder / "data" / "language" / "tiny_embeddings.npy", rng().normal(size=(3, 8)).astype(np.float32))
    return split


def write_ctr(path: Path, frames: int = 4) -> Path:
    """CTR-GCN's archive: two training clips and one test clip of three classes."""
    eye = np.eye(3, dtype=np.float32)
    x = rng().normal(size=(3, frames, 150)).astype(np.float32)
    np.savez(path, x_train=x[:2], y_train=eye[[0, 2]], x_test=x[2:], y_test=eye[[1]])
    return path


def write_flora_file(path: Path) -> Path:
    """Flora's archive: classes 0 and 1 seen, class 2 unseen."""
    every = rng(1).normal(size=(4, 6)).astype(np.float32)
    labels = np.array([0, 2, 1, 2])
    arrays = {"train_data": rng().normal(size=(3, 6)).astype(np.float32), "train_label": np.array([0, 1, 1])}
    held = labels == 2
    arrays |= {"zsl_data": every[held], "zsl_label": labels[held], "gzsl_data": every, "gzsl_label": labels}
    np.savez(path, **arrays)
    return path


def write_xlsa17(folder: Path) -> Path:
    """res101.mat and att_splits.mat: five clips of three classes, the third unseen; everything counts from 1."""
    labels = np.array([[1], [2], [1], [3], [2]])
    features = rng().normal(size=(4, 5))
    files = np.array([["a.jpg"], ["b.jpg"]], dtype=object)
    folder.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(folder / "res101.mat", {"features": features, "image_files": files, "labels": labels})
    places = {"trainval_loc": [[1], [2]], "test_seen_loc": [[3], [5]], "test_unseen_loc": [[4]]}
    att = np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 1.0]])
    scipy.io.savemat(folder / "att_splits.mat", {"att": att, **{key: np.array(value) for key, value in places.items()}})
    return folder


def write_resources(root: Path) -> Path:
    """A resources folder of 5 classes: 0 to 3 seen, 3 held out, 4 unseen; test level and calibration level."""
    test, lower = root / "sk_feats" / "shift_tiny_1_r", root / "sk_feats" / "shift_tiny_val_1_r"
    lists, texts = root / "label_splits" / "tiny", root / "text_feats" / "tiny" / "sbert"
    for folder in (test, lower, lists, texts):
        folder.mkdir(parents=True)
    number = iter(range(100))

    def save(folder: Path, features: str, label: str, ids: list[int], logits: str | None = None) -> np.ndarray:
        rows = rng(next(number)).normal(size=(len(ids), 4)).astype(np.float32)
        np.save(folder / f"{features}.npy", rows)
        np.save(folder / f"{label}.npy", np.array(ids))
        if logits:
            np.save(folder / f"{logits}.npy", rng(next(number)).normal(size=(len(ids), 5)).astype(np.float32))
        return rows

    save(test, "train", "train_label", [0, 3, 1, 2])
    every = save(test, "gtest", "g_label", [4, 0, 1, 4, 2, 3], "gtest_out")
    np.save(test / "ztest.npy", every[[0, 3]])
    np.save(test / "z_label.npy", np.array([4, 4]))
    save(lower, "train", "train_label", [0, 1, 2])
    save(lower, "val", "val_label", [2, 1, 0], "val_out")
    save(lower, "ztest", "z_label", [3], "ztest_out")
    for name, ids in {"ru1": [4], "rs4": [0, 1, 2, 3], "rv1_0": [3], "rs3_0": [0, 1, 2]}.items():
        np.save(lists / f"{name}.npy", np.array(ids))
    rows = rng().normal(size=(5, 6))
    np.save(texts / "lb_5.npy", (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))
    return root


# Pose estimators: two frames of one person.


def points(joints: int, seed: int = 0) -> np.ndarray:
    """x, y, score of joints in two frames: [2, joint, 3]."""
    return np.concatenate(
        [rng(seed).uniform(1, 90, (2, joints, 2)), rng(seed).uniform(0.1, 1, (2, joints, 1))], 2
    ).round(2)


def openpose(joints: int = 18) -> dict[str, str]:
    """OpenPose's files, one a frame, by name."""
    return {
        f"walk_{frame:012d}_keypoints.json": json.dumps(
            {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": found.ravel().tolist()}]}
        )
        for frame, found in enumerate(points(joints))
    }


def alphapose(joints: int = 26) -> str:
    """AlphaPose's results, frames out of order."""
    entry = {"category_id": 1, "score": 2.5, "box": [1, 2, 3, 4]}
    found = [
        {"image_id": f"{i + 9}.jpg", **entry, "keypoints": p.ravel().tolist(), "idx": 7}
        for i, p in enumerate(points(joints))
    ]
    return json.dumps(found[::-1])


def coco() -> str:
    """A COCO key point file, visibility in the place of scores."""
    found = [{"id": i, "image_id": i, "keypoints": p.ravel().tolist()} for i, p in enumerate(points(17))]
    return json.dumps({"images": [{"id": 0}, {"id": 1}], "annotations": found})


def mmpose(joints: int = 17, solid: bool = False, dataset: str = "coco") -> str:
    """MMPose's predictions of a video."""
    sides = 3 if solid else 2
    made = np.concatenate([points(joints), points(joints, 1)], axis=2)
    frames = [
        {"frame_id": i, "instances": [{"keypoints": p[:, :sides].tolist(), "keypoint_scores": p[:, 5].tolist()}]}
        for i, p in enumerate(made)
    ]
    return json.dumps({"meta_info": {"dataset_name": dataset}, "instance_info": frames})


def mediapipe() -> str:
    """World landmarks of MediaPipe: a list of frames, one of them without a person."""
    frames: list[dict[str, Any]] = [
        {
            "pose_world_landmarks": [
                dict(zip(("x", "y", "z", "visibility"), (*mark, 0.9), strict=True)) for mark in p.tolist()
            ]
        }
        for p in points(33) / 100
    ]
    return json.dumps([*frames, {"pose_world_landmarks": None}])


def kinetics() -> str:
    """Kinetics-skeleton, as ST-GCN publishes it."""
    frames = [
        {"frame_index": i + 1, "skeleton": [{"pose": p[:, :2].ravel().tolist(), "score": p[:, 2].tolist()}]}
        for i, p in enumerate(points(18) / [100, 100, 1])
    ]
    return json.dumps({"data": frames, "label": "bowling", "label_index": 31})


# Motion capture.


def bvh(order: str = "Zrotation Xrotation Yrotation", frames: int = 2) -> str:
    """A small body whose root has positions and whose joints turn in `order`; centimetres."""
    parts: list[tuple[str, str, str | None]] = [
        ("Hips", "0 0 0", None),
        *((f"{side}UpLeg", f"{x} -2 0", "Hips") for side, x in (("Left", 9), ("Right", -9))),
        *((f"{side}Leg", "0 -41 0", f"{side}UpLeg") for side in ("Left", "Right")),
        *((f"{side}Foot", "0 -40 1", f"{side}Leg") for side in ("Left", "Right")),
        ("Spine", "0 12 0", "Hips"),
        ("Neck", "0 35 -1", "Spine"),
        ("Head", "0 12 1", "Neck"),
        *((f"{side}Arm", f"{x} -4 0", "Neck") for side, x in (("Left", 17), ("Right", -17))),
        *((f"{side}ForeArm", f"{x} 0 0", f"{side}Arm") for side, x in (("Left", 28), ("Right", -28))),
        *((f"{side}Hand", f"{x} 0 0", f"{side}ForeArm") for side, x in (("Left", 24), ("Right", -24))),
    ]

    def block(name: str, offset: str, parent: str | None, depth: int) -> str:
        pad, below = "\t" * depth, [part for part in parts if part[2] == name]
        channels = f"6 Xposition Yposition Zposition {order}" if parent is None else f"{len(order.split())} {order}"
        inner = "".join(block(*part, depth + 1) for part in below)
        inner = inner or f"{pad}\tEnd Site\n{pad}\t{{\n{pad}\t\tOFFSET 0 -3 9\n{pad}\t}}\n"
        head = f"{pad}{'ROOT' if parent is None else 'JOINT'} {name}\n{pad}{{\n{pad}\tOFFSET {offset}\n"
        return f"{head}{pad}\tCHANNELS {channels}\n{inner}{pad}}}\n"

    turns = 3 + len(parts) * len(order.split())
    values = rng().uniform(-40, 40, size=(frames, turns)).round(2)
    motion = "\n".join(" ".join(map(str, row)) for row in values)
    return f"HIERARCHY\n{block(*parts[0], 0)}MOTION\nFrames: {frames}\nFrame Time: 0.0083\n{motion}\n"


ASF_BONES = (
    ("lhipjoint", "1 0 0", 2.0, "", "0 0 0", "root"),
    ("lfemur", "0.34202 -0.939693 0", 7.0, "rx ry rz", "0 0 20", "lhipjoint"),
    ("ltibia", "0 -1 0", 7.0, "rx", "0 0 20", "lfemur"),
    ("rhipjoint", "-1 0 0", 2.0, "", "0 0 0", "root"),
    ("rfemur", "-0.34202 -0.939693 0", 7.0, "rx ry rz", "0 0 -20", "rhipjoint"),
    ("rtibia", "0 -1 0", 7.0, "rx", "0 0 -20", "rfemur"),
    ("lowerback", "0 1 0", 2.0, "rx ry rz", "0 0 0", "root"),
    ("thorax", "0 1 0", 4.0, "rx ry rz", "10 -20 30", "lowerback"),
    ("lclavicle", "1 0.2 0", 3.0, "ry rz", "5 0 0", "thorax"),
    ("rclavicle", "-1 0.2 0", 3.0, "ry rz", "0 5 0", "thorax"),
)


def asf() -> str:
    """A small skeleton as CMU writes them."""
    bones = "".join(
        f"  begin\n    id {i}\n    name {name}\n    direction {direction}\n    length {length}\n    axis {axis} XYZ\n"
        + (f"    dof {dof}\n    limits (-160 20)\n" if dof else "")
        + "  end\n"
        for i, (name, direction, length, dof, axis, _) in enumerate(ASF_BONES, start=1)
    )
    tree: dict[str, list[str]] = {}
    for name, *_, parent in ASF_BONES:
        tree.setdefault(parent, []).append(name)
    hierarchy = "".join(f"    {parent} {' '.join(children)}\n" for parent, children in tree.items())
    return (
        "# made for tests\n:version 1.10\n:name body\n:units\n  mass 1.0\n  length 0.45\n  angle deg\n"
        ":documentation\n   none\n:root\n   order TX TY TZ RX RY RZ\n   axis XYZ\n   position 0 0 0\n"
        "   orientation 0 0 0\n"
        f":bonedata\n{bones}:hierarchy\n  begin\n{hierarchy}  end\n"
    )


def amc(frames: int = 2) -> str:
    """Angles of that skeleton."""
    lines = [":FULLY-SPECIFIED", ":DEGREES"]
    for frame in range(frames):
        values = iter(rng(frame).uniform(-30, 30, 100).round(3).tolist())
        lines += [str(frame + 1), "root " + " ".join(str(next(values)) for _ in range(6))]
        lines += [
            f"{name} " + " ".join(str(next(values)) for _ in dof.split()) for name, _, _, dof, _, _ in ASF_BONES if dof
        ]
    return "\n".join(lines) + "\n"


# Every reader by name.


def _saved(name: str, save: Callable[[Path], object]) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        save(folder / name)
        return folder / name

    return made


def _frames(seed: int) -> np.ndarray:
    return rng(seed).normal(size=(2, 25, 3)).round(3)


def _pku(folder: Path) -> Path:
    return write_pku(folder, rng().normal(size=(2, 2, 25, 3)), "3,1,2,1\n")


def _npz(folder: Path) -> Path:
    data = rng().normal(size=(4, 25, 3)).astype(np.float32)
    np.savez(folder / "a.npz", data=data, lengths=[2, 2], label=[0, 1], layout="kinect-v2", subject=["a", "b"])
    return folder / "a.npz"


def _openpose(folder: Path) -> Path:
    return next(iter([write(folder / name, text) for name, text in openpose().items()]))


def _amc(folder: Path) -> Path:
    write(folder / "01.asf", asf())
    return write(folder / "01_02.amc", amc())


def _published(root: Path) -> object:
    layout = find_layouts(root)[0]
    return read_published(layout, len(read_texts(layout, "lb").ids))


def _beside(reader: Callable[[Path], object], up: int) -> Callable[[Path], object]:
    """Read the folder that is `up` levels above the damaged file."""
    return lambda path: reader(path.parents[up - 1])


NTU = "S001C001P001R001A001.skeleton"
SAMPLES: dict[str, Sample] = {
    "published-npy": (
        lambda f: write_resources(f) / "sk_feats" / "shift_tiny_1_r" / "train.npy",
        _beside(_published, 3),
    ),
    "smie": (lambda f: write_smie(f) / "unseen_label.npy", _beside(read_clip_set, 1)),
    "flora": (_saved("tiny.npz", write_flora_file), read_flora),
    "xlsa17-features": (lambda f: write_xlsa17(f) / "res101.mat", _beside(read_xlsa17, 1)),
    "xlsa17-splits": (lambda f: write_xlsa17(f) / "att_splits.mat", _beside(read_xlsa17, 1)),
    "ntu": (_saved(NTU, lambda p: write_ntu(p, [{1: _frames(0)[0]}, {}])), read_clip_set),
    "pku-frames": (_pku, read_clip_set),
    "pku-labels": (
        lambda f: (_pku(f), f / "Train_Label_PKU_final" / "0002-L.txt")[1],
        lambda p: read_clip_set(p.parents[1] / "PKU_Skeleton_Renew"),
    ),
    "pyskl": (_saved("k.pkl", lambda p: write(p, pickle.dumps(pyskl_content(frames=1)))), read_clip_set),
    "pyskl-2d": (_saved("k.pkl", lambda p: write(p, pickle.dumps(pyskl_content(True, 1), 2))), read_clip_set),
    "pickle": (_saved("a.pkl", lambda p: write(p, pickle.dumps([{"a": np.ones(2)}, (1, b"x", "y")], 4))), read_pickle),
    "ctr": (_saved("NTU60.npz", lambda p: write_ctr(p, 1)), read_clip_set),
    "npy-data": (lambda f: write_npy_clips(f, frames=1), read_clip_set),
    "npy-labels": (lambda f: write_npy_clips(f, frames=1).with_name("val_label.pkl"), _beside(read_clip_set, 1)),
    "utd-mhad": (_saved("a1_s1_t1_skeleton.mat", lambda p: write_utd(p, rng().normal(size=(2, 20, 3)))), read_clip_set),
    "msr-action3d": (
        _saved("a01_s01_e01_skeleton3D.txt", lambda p: write_msr(p, rng().normal(size=(1, 20, 3)))),
        read_clip_set,
    ),
    "openpose": (_openpose, _beside(read_clip_set, 1)),
    "alphapose": (_saved("a.json", lambda p: write(p, alphapose())), read_clip_set),
    "coco": (_saved("a.json", lambda p: write(p, coco())), read_clip_set),
    "mmpose": (_saved("a.json", lambda p: write(p, mmpose())), read_clip_set),
    "mediapipe": (_saved("a.json", lambda p: write(p, mediapipe())), read_clip_set),
    "kinetics": (_saved("a.json", lambda p: write(p, kinetics())), read_clip_set),
    "bvh": (_saved("a.bvh", lambda p: write(p, bvh(frames=1))), read_clip_set),
    "asf": (lambda f: (_amc(f), f / "01.asf")[1], lambda p: read_clip_set(p.parent)),
    "amc": (_amc, read_clip_set),
    "clips": (_npz, read_clip_set),
    "layout": (_saved("own.json", lambda p: write(p, json.dumps({"name": "x"}))), load_layout),
    "features": (
        lambda f: write(f / "task.json", '{"format": "sadvae-features-1", "levels": {"test": {}}}'),
        _beside(read_features, 1),
    ),
}
