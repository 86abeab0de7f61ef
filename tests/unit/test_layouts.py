"""Layouts: the built-in ones are whole, their JSON form round-trips, and bad layout files say what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.skeleton.layouts import layout_from_json, layout_names, layout_to_json, load_layout
from tests.conftest import STICK

GOOD = layout_to_json(STICK)


def test_layouts_of_the_field_are_built_in() -> None:
    counts = {name: len(load_layout(name).joints) for name in layout_names()}
    assert counts == {
        "coco-17": 17,
        "h36m-17": 17,
        "halpe-26": 26,
        "kinect-v1": 20,
        "kinect-v2": 25,
        "mediapipe-33": 33,
        "mocap-29": 29,
        "openpose-18": 18,
        "openpose-25": 25,
    }


@pytest.mark.parametrize("name", layout_names())
def test_bones_of_a_built_in_layout_are_a_tree_of_all_joints(name: str) -> None:
    layout = load_layout(name)
    assert layout.name == name
    assert len(layout.bones) == len(layout.joints) - 1
    reached, before = {layout.spine}, 0
    while len(reached) > before:
        before = len(reached)
        reached |= {joint for bone in layout.bones if reached & set(bone) for joint in bone}
    assert reached == set(range(len(layout.joints)))


@pytest.mark.parametrize("name", layout_names())
def test_mirroring_swaps_sides_and_keeps_bones(name: str) -> None:
    layout = load_layout(name)
    mirror = layout.mirror
    assert tuple(mirror[joint] for joint in mirror) == tuple(range(len(mirror)))
    assert (mirror[layout.hips[0]], mirror[layout.shoulders[0]]) == (layout.hips[1], layout.shoulders[1])
    assert {(mirror[a], mirror[b]) for a, b in layout.bones} == set(layout.bones)
    middle = [name for joint, name in enumerate(layout.joints) if mirror[joint] == joint]
    assert not any("left" in name or "right" in name for name in middle)


def test_indices_of_kinect_v2_are_those_of_ntu() -> None:
    joints = load_layout("kinect-v2").joints
    named = {3: "head", 5: "left elbow", 10: "right wrist", 13: "left knee", 18: "right ankle", 24: "right thumb"}
    assert {index: joints[index] for index in named} == named
    assert "shoulders" in joints[20]


@pytest.mark.parametrize("name", layout_names())
def test_a_layout_file_gives_the_layout_back(name: str, tmp_path: Path) -> None:
    layout = load_layout(name)
    path = tmp_path / "own.json"
    path.write_text(json.dumps(layout_to_json(layout)))
    assert load_layout(path) == layout
    assert load_layout(str(path)) == layout


def test_an_unknown_name_lists_the_built_in_ones() -> None:
    with pytest.raises(SadvaeError, match=r"'kinect-v3'.*kinect-v1, kinect-v2"):
        load_layout("kinect-v3")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match="does not exist"):
        load_layout(tmp_path / "own.json")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "name"),
        ({"joints": []}, "joints"),
        ({"joints": "hips"}, "joints"),
        ({"bones": [["hip left", "tail"]]}, "'tail'"),
        ({"bones": [["hip left"]]}, "pair"),
        ({"bones": [["spine", "spine"]]}, "pair"),
        ({"bones": []}, "no bones join 'hip left' to its spine 'spine'; list bones until they join every joint"),
        ({"bones": GOOD["bones"][:-1]}, "no bones join 'shoulder right' to its spine"),
        ({"bones": [*GOOD["bones"][2:], ["hip left", "hip right"]]}, "no bones join 'hip left' to its spine"),
        ({"hips": ["hip left"]}, "hips"),
        ({"hips": ["hip left", "hip left"]}, "twice"),
        ({"spine": "hip left"}, "twice"),
        ({"spine": 2}, "spine"),
        ({"shoulders": ["shoulder left", "neck"]}, "'neck'"),
        ({"joints": [*GOOD["joints"], "spine"]}, "twice"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_faulty_layout_is_refused_in_one_sentence(changes: dict[str, Any], said: str) -> None:
    assert layout_from_json(json.dumps(GOOD), "here") == STICK
    with pytest.raises(SadvaeError, match=said) as caught:
        layout_from_json(json.dumps(GOOD | changes), "here")
    assert "\n" not in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=100),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*GOOD, "x"]), inner),
            max_leaves=20,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_anything_else_is_refused_without_a_traceback(text: bytes) -> None:
    with pytest.raises(SadvaeError):
        layout_from_json(text, "here")
