"""BVH and ASF/AMC: forward kinematics against SciPy's rotations, channel orders, units, and damaged files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sadvae.errors import SadvaeError
from sadvae.skeleton.asf_amc import read_asf
from sadvae.skeleton.bvh import Joint, _unit, positions, read_hierarchy
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.preprocess import prepare_clip_set
from sadvae.skeleton.read import read_clip_set, source_digest
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.skeleton.rotations import in_turn
from tests.unit.format_files import ASF_BONES, amc, asf, bvh, write

LAYOUT = load_layout("mocap-29")


def at(joints: np.ndarray, name: str) -> np.ndarray:
    return joints[0, :, LAYOUT.joints.index(name)]


@pytest.mark.parametrize("order", ["XYZ", "ZXY", "YXZ", "ZYX", "XZX", "Y"])
def test_turns_are_those_of_scipy(order: str) -> None:
    angles = np.random.default_rng(0).uniform(-4, 4, (5, len(order)))
    axes = ["XYZ".index(axis) for axis in order]
    wide = Rotation.from_euler(order, angles).as_matrix()
    fixed = Rotation.from_euler(order.lower(), angles).as_matrix()
    np.testing.assert_allclose(in_turn(axes, angles), wide, atol=1e-12)
    np.testing.assert_allclose(in_turn(axes[::-1], angles[:, ::-1]), fixed, atol=1e-12)


@pytest.mark.parametrize("order", ["ZXY", "XYZ", "YZX"])
def test_bvh_bodies_stand_where_scipy_puts_them(order: str) -> None:
    text = bvh(" ".join(f"{axis}rotation" for axis in order))
    header, _, motion = text.partition("MOTION")
    joints = read_hierarchy(header.split(), "here")
    values = np.array([line.split() for line in motion.splitlines()[3:]], float)
    found = positions(joints, values)
    for frame, row in enumerate(values):
        turns, places = {}, {}
        for number, joint in enumerate(joints):
            own = row[joint.column : joint.column + len(joint.channels)]
            turn = Rotation.from_euler(order, own[-3:], degrees=True) if len(own) else Rotation.identity()
            if joint.parent < 0:
                places[number], turns[number] = own[:3] + joint.offset, turn
            else:
                places[number] = places[joint.parent] + turns[joint.parent].apply(joint.offset)
                turns[number] = turns[joint.parent] * turn
        np.testing.assert_allclose(found[frame], np.array(list(places.values())), atol=1e-9)


def still(text: str) -> str:
    """The same file with all angles and places 0."""
    head, _, motion = text.partition("Frame Time: 0.0083\n")
    rows = [" ".join("0" for _ in line.split()) for line in motion.splitlines()]
    return f"{head}Frame Time: 0.0083\n" + "\n".join(rows) + "\n"


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_fault(tmp_path: Path) -> None:
    (plain,) = read_clip_set(write(tmp_path / "a.bvh", bvh())).clips
    (tmp_path / "b.bvh").write_bytes(b"\xef\xbb\xbf" + bvh().replace("\n", "\r\n").encode())
    (marked,) = read_clip_set(tmp_path / "b.bvh").clips
    np.testing.assert_array_equal(marked.joints, plain.joints)


@pytest.mark.parametrize(("unit", "metres"), [(1, 0.01), (10, 0.001), (0.01, 1), (0.4, 0.0254)])
def test_bvh_at_rest_is_upright_in_metres_and_not_mirrored(unit: float, metres: float, tmp_path: Path) -> None:
    text = still(bvh())
    for line in {line for line in text.splitlines() if "OFFSET" in line}:
        scaled = " ".join(str(float(x) * unit) for x in line.split()[1:])
        text = text.replace(f"{line}\n", f"{line.split('OFFSET')[0]}OFFSET {scaled}\n")
    (clip,) = read_clip_set(write(tmp_path / "a.bvh", text)).clips
    assert clip.layout == LAYOUT
    joints = clip.joints
    size = unit * metres
    np.testing.assert_allclose(at(joints, "left hip")[0], [-9 * size, -2 * size, 0], atol=1e-6)
    np.testing.assert_allclose(at(joints, "right ankle")[0], [9 * size, -83 * size, -size], atol=1e-6)
    np.testing.assert_allclose(at(joints, "left toe tip")[0], [-9 * size, -86 * size, -10 * size], atol=1e-6)
    assert at(joints, "head top")[0, 1] > at(joints, "neck base")[0, 1] > at(joints, "lower spine")[0, 1] > 0
    # Facing the camera, which looks along +z, the right side is at the larger x, as Kinect has it.
    assert at(joints, "right wrist")[0, 0] > at(joints, "right shoulder")[0, 0] > at(joints, "left shoulder")[0, 0]
    lost = [name for name in LAYOUT.joints if not at(joints, name).any() and name != "hip center"]
    assert "left thumb" in lost
    assert "left elbow" not in lost


def test_the_longer_leg_tells_the_unit() -> None:
    names = {"left knee": 0, "left ankle": 1, "right knee": 2, "right ankle": 3}
    lengths = (0.4, 0.4, 0.0, 0.0)
    assert _unit([Joint("j", -1, [0.0, -length, 0.0]) for length in lengths], names) == 1.0


def test_joints_of_other_names_are_known(tmp_path: Path) -> None:
    text = bvh()
    for ours, theirs in (
        ("UpLeg", "Thigh"),
        ("ForeArm", "LowArm"),
        ("LeftArm", "LeftShoulder"),
        ("Hips", "mixamorig:Hips"),
    ):
        text = text.replace(ours, theirs)
    (clip,) = read_clip_set(write(tmp_path / "a.bvh", text)).clips
    (known,) = read_clip_set(write(tmp_path / "b.bvh", bvh())).clips
    np.testing.assert_array_equal(clip.joints, known.joints)


def test_amc_bones_end_where_scipy_puts_them(tmp_path: Path) -> None:
    write(tmp_path / "01.asf", asf())
    path = write(tmp_path / "01_02.amc", amc())
    (clip,) = read_clip_set(path).clips
    assert (clip.subject, clip.label, clip.layout) == ("1", None, LAYOUT)
    ends = dict(zip(("lhipjoint", "lfemur", "ltibia"), ("left hip", "left knee", "left ankle"), strict=True))
    ends |= {"thorax": "neck base", "rclavicle": "right shoulder", "root": "hip center"}
    frames = path.read_text().split("\n1\n")[1].split("\n2\n")
    for number, frame in enumerate(frames):
        values = {line.split()[0]: [float(x) for x in line.split()[1:]] for line in frame.splitlines()}
        root = values["root"]
        places = {"root": np.array(root[:3])}
        turns = {"root": Rotation.from_euler("xyz", root[3:], degrees=True)}
        for name, direction, length, dof, axis, parent in ASF_BONES:
            own = Rotation.from_euler("xyz", [float(x) for x in axis.split()], degrees=True)
            angles = dict(zip(dof.split(), values.get(name, []), strict=True))
            turn = Rotation.from_euler("xyz", [angles.get(f"r{x}", 0.0) for x in "xyz"], degrees=True)
            turns[name] = turns[parent] * own * turn * own.inv()
            along = np.array([float(x) for x in direction.split()]) * length
            places[name] = places[parent] + turns[name].apply(along)
        for bone, joint in ends.items():
            expected = places[bone] * 0.0254 / 0.45 * [-1, 1, -1]
            np.testing.assert_allclose(at(clip.joints, joint)[number], expected, atol=1e-5)


def test_amc_needs_its_skeleton_and_the_digest_holds_it(tmp_path: Path) -> None:
    path = write(tmp_path / "HDM_bd_walk_001_120.amc", amc())
    with pytest.raises(SadvaeError, match=r"needs its skeleton: expected HDM_bd_walk_001_120\.asf"):
        read_clip_set(path)
    write(tmp_path / "HDM_bd.asf", asf())
    write(tmp_path / "HDM_dg.asf", asf().replace("length 7", "length 70"))
    (clip,) = read_clip_set(tmp_path).clips
    assert clip.subject == "bd"
    before = source_digest(tmp_path)
    write(tmp_path / "HDM_bd.asf", asf().replace("length 7", "length 8"))
    assert source_digest(tmp_path) != before


def test_motion_capture_can_be_prepared(tmp_path: Path) -> None:
    write(tmp_path / "01.asf", asf())
    write(tmp_path / "01_02.amc", amc(20))
    prepared, dropped = prepare_clip_set(read_clip_set(tmp_path), PrepareSettings())
    assert not dropped
    assert prepared.clips[0].joints.any(axis=3).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.replace("MOTION", "MOVES"), "no line MOTION"),
        (lambda t: t.replace("Frames: 2", "Frames: 99999999"), "claims '99999999' frames and holds 2"),
        (lambda t: t[: t.index("Frame Time: 0.0083\n") + 19].replace("Frames: 2", "Frames: 0"), "holds no frame"),
        (lambda t: t[: t.rindex("\n", 0, -1) + 9], "numbers where 51 were expected"),
        (lambda t: t.replace("CHANNELS 3", "CHANNELS 3000000"), "CHANNELS '3000000'; expected 0 to 6"),
        (lambda t: t.replace("Xrotation", "Xturn"), "unknown channel 'xturn'"),
        (lambda t: t.replace("OFFSET 0 -41 0", "OFFSET 0 nan 0"), "'nan' is not a number"),
        (lambda t: t.replace("HIERARCHY\n", "HIERARCHY\n" + "{ " * 9), "'{' is not expected there"),
        (lambda t: t.replace("JOINT Spine", "ROOT Spine"), "ROOT 'Spine' is out of place"),
        (lambda t: t.replace("LeftUpLeg", "Tail"), "no joint that is known as the left hip"),
    ],
)
def test_a_damaged_bvh_is_named(change: Callable[[str], str], said: str, tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match=said) as caught:
        read_clip_set(write(tmp_path / "a.bvh", change(bvh())))
    assert "a.bvh" in str(caught.value)


def test_a_deep_tree_of_joints_is_refused_or_read_without_recursion(tmp_path: Path) -> None:
    deep = "HIERARCHY\nROOT a\n{\n" + "JOINT b\n{\n" * 5000 + "MOTION\nFrames: 1\nFrame Time: 1\n1\n"
    with pytest.raises(SadvaeError, match="more than 1000 joints"):
        read_clip_set(write(tmp_path / "a.bvh", deep))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a, m: (a.replace("length 0.45", "length 0"), m), "unit of length is 0"),
        (lambda a, m: (a.replace("root lhipjoint", "root tail"), m), "'tail' is not one of the bones"),
        (lambda a, m: (a.replace("    lhipjoint lfemur\n", ""), m), "does not join all of its bones"),
        (lambda a, m: (a.replace("    lhipjoint lfemur\n", "    ltibia lfemur\n"), m), "in a ring"),
        (lambda a, m: (a.replace("0 0 20 XYZ", "0 0 20 XXZ"), m), "'xxz' is not an order of axes"),
        (lambda a, m: (a.replace("direction 0 -1 0", "direction 0 -1"), m), "expected 3 numbers"),
        (lambda a, m: (a, m.replace("ltibia", "lshin")), "'lshin' with 1 numbers is not expected"),
        (lambda a, m: (a, m.replace("\n2\n", "\n2\nltibia 1\nltibia 1\n")), "'ltibia' with 1 numbers is not expected"),
        (lambda a, m: (a, ":DEGREES\n"), "holds no frame"),
    ],
)
def test_a_damaged_asf_or_amc_is_named(
    change: Callable[[str, str], tuple[str, str]], said: str, tmp_path: Path
) -> None:
    skeleton, angles = change(asf(), amc())
    write(tmp_path / "01.asf", skeleton)
    with pytest.raises(SadvaeError, match=said):
        read_clip_set(write(tmp_path / "01_02.amc", angles))


def test_radians_are_radians() -> None:
    assert read_asf(asf().replace("angle deg", "angle rad").encode(), "here").degrees is False
