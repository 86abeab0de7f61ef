"""Clips files: exact round trips, files written with NumPy alone, and faulty files that say what is wrong."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sadvae.errors import SadvaeError
from sadvae.skeleton.clips_file import clips_file_dataset, read_clips_file, write_clips_file
from sadvae.skeleton.layouts import layout_from_json, layout_to_json
from sadvae.skeleton.read import read_clips
from sadvae.types import ClipSet, SkeletonClip
from tests.conftest import ROOT, STICK, make_clips

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
JOINTS = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.just(5), st.just(3)),
    elements=st.floats(-1e6, 1e6, width=32),
)


@st.composite
def clip_sets(draw: st.DrawFn) -> ClipSet:
    classes = draw(st.lists(TEXT, unique_by=lambda name: " ".join(name.split()).casefold(), max_size=3))
    label = st.none() | st.integers(0, len(classes) - 1) if classes else st.none()
    names = draw(st.lists(TEXT, unique=True, max_size=4))
    clips = tuple(SkeletonClip(draw(JOINTS), STICK, name, draw(label), draw(st.none() | TEXT)) for name in names)
    return ClipSet(draw(TEXT), STICK, clips, tuple(classes), tuple(draw(st.lists(TEXT, max_size=2))))


def assert_same(one: ClipSet, other: ClipSet) -> None:
    assert (one.dataset, one.layout, one.steps) == (other.dataset, other.layout, other.steps)
    assert len(one.clips) == len(other.clips)
    for a, b in zip(one.clips, other.clips, strict=True):
        np.testing.assert_array_equal(a.joints, b.joints)
        assert b.joints.dtype == np.float32
        assert (a.clip_id, a.label, a.subject) == (b.clip_id, b.label, b.subject)


@settings(max_examples=100, deadline=None)
@given(clip_sets())
def test_a_written_set_comes_back_exactly(tmp_path_factory: pytest.TempPathFactory, clips: ClipSet) -> None:
    path = tmp_path_factory.mktemp("round") / "clips.npz"
    write_clips_file(path, clips)
    found = read_clips_file(path)
    assert_same(found, clips)
    assert found.class_names == clips.class_names
    first = path.read_bytes()
    write_clips_file(path, found)
    assert path.read_bytes() == first


def plain(**changes: Any) -> dict[str, Any]:
    """The least that a clips file holds: two clips of 3 and 2 frames."""
    arrays = {"data": np.arange(75.0).reshape(5, 5, 3), "lengths": np.array([3, 2])}
    layout = np.array(json.dumps(layout_to_json(STICK)))
    return {key: value for key, value in {**arrays, "layout": layout, **changes}.items() if value is not None}


def save(folder: Path, name: str = "mine.npz", **changes: Any) -> Path:
    np.savez(folder / name, **plain(**changes))
    return folder / name


def test_numpy_alone_can_write_one(tmp_path: Path) -> None:
    found = read_clips_file(save(tmp_path, label=[1, 0]))
    assert found.dataset == "mine"
    assert found.class_names == ("action 1", "action 2")
    assert [(clip.clip_id, clip.label, clip.subject) for clip in found.clips] == [
        ("mine-1", 1, None),
        ("mine-2", 0, None),
    ]
    np.testing.assert_array_equal(found.clips[1].joints[0], np.arange(45, 75).reshape(2, 5, 3))


def test_the_examples_of_the_documents_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "clips.md").read_text("utf-8")
    python, layout = (re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)[0] for kind in ("python", "json"))
    monkeypatch.chdir(tmp_path)
    exec(python, {})
    found = read_clips_file(tmp_path / "mine.npz")
    assert [(c.label, c.subject, c.joints.shape[1]) for c in found.clips] == [
        (0, "ann", 40),
        (1, "ann", 55),
        (0, "bob", 48),
    ]
    assert (found.layout.name, found.class_names) == ("kinect-v2", ("wave", "squat"))
    assert len(layout_from_json(layout, "docs/clips.md").joints) == 7
    np.savez("own.npz", data=np.zeros((2, 7, 3)), lengths=[2], layout=layout)
    assert read_clips_file(tmp_path / "own.npz").layout.name == "stick"


def test_clips_may_be_without_labels_and_subjects_may_be_numbers(tmp_path: Path) -> None:
    found = read_clips_file(save(tmp_path, label=[-1, 2], subject=[7, 8], names=[b"a", b"b"]))
    assert [(c.clip_id, c.label, c.subject) for c in found.clips] == [("a", None, "7"), ("b", 2, "8")]
    assert [c.label for c in read_clips(save(tmp_path))] == [None, None]


def test_a_second_body_belongs_to_the_clip_before(tmp_path: Path) -> None:
    data = np.arange(105.0).reshape(7, 5, 3)
    found = read_clips_file(save(tmp_path, data=data, lengths=[2, 2, 3], person=[0, 1, 0]))
    assert [clip.joints.shape[:2] for clip in found.clips] == [(2, 2), (1, 3)]
    np.testing.assert_array_equal(found.clips[0].joints[1], data[2:4])


def test_the_layout_is_the_file_s_own_or_the_given_one(tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match=r"names no layout; give one with --layout: coco-17, .*kinect-v1, kinect-v2"):
        read_clips_file(save(tmp_path, layout=None))
    own = tmp_path / "stick.json"
    own.write_text(json.dumps(layout_to_json(STICK)))
    assert read_clips_file(save(tmp_path, layout=None), own).layout == STICK
    assert read_clips_file(save(tmp_path), own).layout == STICK
    with pytest.raises(SadvaeError, match="'stick' of its own, which differs from 'kinect-v1'"):
        read_clips_file(save(tmp_path), "kinect-v1")
    built_in = save(tmp_path, data=np.zeros((5, 25, 3)), layout="kinect-v2")
    assert read_clips_file(built_in).layout.name == "kinect-v2"
    with pytest.raises(SadvaeError, match="25 joints"):
        read_clips_file(save(tmp_path, data=np.zeros((5, 25, 3)), layout=None), "kinect-v1")


def test_given_names_win_over_the_file_s_own(tmp_path: Path) -> None:
    path = save(tmp_path, label=[0, 1], class_names=["a", "b"], dataset="x")
    assert clips_file_dataset(path) == "x"
    assert clips_file_dataset(save(tmp_path, "other.npz")) == "other"
    assert read_clips_file(save(tmp_path, label=[0, 1], class_names=["a", "b"])).class_names == ("a", "b")
    found = read_clips_file(path, dataset="y", class_names=("c", "d", "e"))
    assert (found.dataset, found.class_names) == ("y", ("c", "d", "e"))
    with pytest.raises(SadvaeError, match="label 1"):
        read_clips_file(path, class_names=("c",))
    with pytest.raises(SadvaeError, match=r"class 'B' has number 1 in .*\.npz and number 0 in the list"):
        read_clips_file(path, class_names=("B", "a"))
    assert read_clips_file(path, class_names=("A", "b")).class_names == ("A", "b")


def test_prepared_clips_are_not_raw_clips(tmp_path: Path) -> None:
    path = tmp_path / "prepared.npz"
    write_clips_file(path, replace(make_clips(), steps=("fill lost joints",)))
    with pytest.raises(SadvaeError, match="prepared clips"):
        read_clips(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": None}, "no array 'data'"),
        ({"lengths": None}, "no array 'lengths'"),
        ({"colour": [1]}, "unknown array 'colour'"),
        ({"data": np.zeros((5, 15))}, "shape"),
        ({"data": np.zeros((5, 5, 3), complex)}, "complex"),
        ({"data": np.full((5, 5, 3), np.nan)}, "mine-1.*not finite"),
        ({"data": np.full((5, 5, 3), 1e300)}, "mine-1.*not finite"),
        ({"lengths": [3, 3]}, "add up"),
        ({"lengths": [5, 0]}, "add up"),
        ({"lengths": [6, -1]}, "add up"),
        ({"lengths": [2.5, 2.5]}, "integers"),
        ({"lengths": [2**63 + 3, 2]}, "integers"),
        ({"label": [1]}, "label has 1 entries"),
        ({"label": [0.5, 1]}, "integers"),
        ({"label": [0, 5], "class_names": ["a"]}, "label 5"),
        ({"names": ["a"]}, "names has 1"),
        ({"names": ["a", "a"]}, "more than once"),
        ({"names": [0.5, 1]}, "strings"),
        ({"names": [b"\xff", b"a"]}, "Unicode"),
        ({"subject": ["a", "b", "c"]}, "subject has 3"),
        ({"person": [0, 1]}, "entry 1 is person 1"),
        ({"person": [1, 0]}, "entry 0 is person 1"),
        ({"person": [0, -1]}, "entry 1 is person -1"),
        ({"layout": "kinect-v9"}, "kinect-v9"),
        ({"label": [10**12, 0]}, "label 1000000000000 is not a class id"),
        ({"layout": "/etc/hostname.json"}, "expected coco-17, .*kinect-v1"),
        ({"layout": "{"}, "not valid JSON"),
        ({"layout": ["a", "b"]}, "one string"),
        ({"names": np.array(["a", None], dtype=object)}, "Python objects"),
    ],
)
def test_a_faulty_file_names_itself_and_the_fault(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = save(tmp_path, **changes)
    with pytest.raises(SadvaeError, match=said) as caught:
        read_clips_file(path)
    assert "mine" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_numpy_would_cut_is_refused(tmp_path: Path) -> None:
    clips = make_clips(1, 1, 1)
    cut = replace(clips, clips=(replace(clips.clips[0], clip_id="a\0"),))
    with pytest.raises(SadvaeError, match="null character"):
        write_clips_file(tmp_path / "clips.npz", cut)
    assert list(tmp_path.iterdir()) == []


def packed(compressed: bool) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **plain(label=[0, 1], names=["a", "b"]))
    return stream.getvalue()


def fault(path: Path) -> str | None:
    try:
        read_clips_file(path)
    except SadvaeError as error:
        return str(error)
    return None


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_never_give_a_traceback(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    good = packed(data.draw(st.booleans()))
    damaged = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(good)), st.integers(0, 255)), max_size=4)):
        damaged[place : place + 1] = bytes([value])
    path = tmp_path_factory.mktemp("damaged") / "mine.npz"
    path.write_bytes(damaged)
    assert "mine" in (fault(path) or "mine")
