"""The layout of motion capture bodies, and which of its joints a file's own joint names are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.skeleton.layouts import load_layout

LAYOUT = "mocap-29"
# Joints of a clip and frames of a clip, multiplied: 14 minutes at 120 frames a second of 60 joints.
MOST_POSITIONS = 6_000_000

# Joint of the layout -> names that BVH files give it, best first; "*" is the side, "end ..." the end site of a joint.
_BVH_NAMES = {
    "hip center": ("hips", "hip", "pelvis", "root"),
    "* hip": ("*upleg", "*upperleg", "*thigh", "*hip", "*hipjoint"),
    "* knee": ("*leg", "*lowleg", "*lowerleg", "*shin", "*knee", "*calf"),
    "* ankle": ("*foot", "*ankle"),
    "* toe base": ("*toebase", "*toe", "*toes"),
    "* toe tip": ("end *toebase", "end *toe", "end *toes", "end *foot", "end *ankle"),
    "lower spine": ("spine", "spine0", "lowerback", "abdomen", "chest"),
    "middle spine": ("spine1", "chest2", "chest", "spine2"),
    "neck base": ("neck", "neck0"),
    "neck": ("neck1",),
    "head": ("head",),
    "head top": ("end head", "headend", "headtop"),
    "* shoulder": ("*arm", "*uparm", "*upperarm", "*humerus", "*shoulder"),
    "* elbow": ("*forearm", "*lowarm", "*lowerarm", "*elbow"),
    "* wrist": ("*hand", "*wrist"),
    "* knuckles": ("*fingerbase", "*handmiddle1", "*handindex1"),
    "* finger tip": ("end *handmiddle3", "end *handindex1", "end *fingerbase", "end *hand", "end *wrist"),
    "* thumb": ("*handthumb1", "*thumb", "*thumb1", "end *thumb"),
}
# Joint of the layout -> the ASF bone that ends there (CMU and HDM05 name them alike).
_ASF_BONES = {
    "hip center": "root",
    "* hip": "*hipjoint",
    "* knee": "*femur",
    "* ankle": "*tibia",
    "* toe base": "*foot",
    "* toe tip": "*toes",
    "lower spine": "lowerback",
    "middle spine": "upperback",
    "neck base": "thorax",
    "neck": "lowerneck",
    "head": "upperneck",
    "head top": "head",
    "* shoulder": "*clavicle",
    "* elbow": "*humerus",
    "* wrist": "*radius",
    "* knuckles": "*hand",
    "* finger tip": "*fingers",
    "* thumb": "*thumb",
}


def bvh_joints(names: Mapping[str, int]) -> dict[str, int]:
    """For joints of the layout, the joint of a BVH file.

    names: its joint names ("end NAME" for the end site of NAME) and their numbers.
    """
    plain = {_plain(name): number for name, number in reversed(list(names.items()))}
    found = {}
    for joint in load_layout(LAYOUT).joints:
        side, part = _side(joint)
        for pattern in _BVH_NAMES[part]:
            forms = [pattern] if not side else [pattern.replace("*", side), pattern.replace("*", side[0])]
            number = next((plain[form] for form in forms if form in plain), None)
            if number is not None:
                found[joint] = number
                break
    return found


def asf_joints(names: Mapping[str, int]) -> dict[str, int]:
    """For joints of the layout, the bone of an ASF file that ends there."""
    found = {}
    for joint in load_layout(LAYOUT).joints:
        side, part = _side(joint)
        bone = _ASF_BONES[part].replace("*", side[:1])
        if bone in names:
            found[joint] = names[bone]
    return found


def in_layout(positions: np.ndarray, found: Mapping[str, int], path: Path) -> np.ndarray:
    """Positions [frame, joint, 3] of a file (y up, a body at rest faces +z) in the layout: float64 [1, frame, 29, 3].

    Ours faces the camera, towards -z, so everything is turned by 180 degrees about y. Joints that the file lacks are
    lost. Raises SadvaeError where hips, shoulders or neck base are not among the file's joints.
    """
    layout = load_layout(LAYOUT)
    needed = [layout.joints[joint] for joint in (*layout.hips, layout.spine, *layout.shoulders)]
    missing = [joint for joint in needed if joint not in found]
    if missing:
        raise SadvaeError(
            f"{path} names no joint that is known as the {missing[0]}; expected names like Hips, LeftUpLeg, Neck, "
            "LeftArm (BVH), or lhipjoint, thorax, lclavicle (ASF)."
        )
    joints = np.zeros((1, len(positions), len(layout.joints), 3))
    for place, joint in enumerate(layout.joints):
        if joint in found:
            joints[0, :, place] = positions[:, found[joint]] * [-1, 1, -1]
    return joints


def check_size(frames: int, joints: int, path: Path) -> None:
    """Raise SadvaeError where a file has more positions than are read."""
    if frames * joints > MOST_POSITIONS:
        raise SadvaeError(
            f"{path} has {frames} frames of {joints} joints; at most {MOST_POSITIONS} positions are read."
        )


def _side(joint: str) -> tuple[str, str]:
    first, _, rest = joint.partition(" ")
    return (first, f"* {rest}") if first in ("left", "right") else ("", joint)


def _plain(name: str) -> str:
    end, _, rest = name.rpartition("end ") if name.startswith("end ") else ("", "", name)
    short = re.sub(r"[^a-z0-9]", "", rest.rpartition(":")[2].lower())
    return f"end {short}" if name.startswith("end ") else short + end
