"""Readers of raw formats: what they give on files of known content, on real data, and on damaged files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.find import find_files
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.read import guess_dataset, read_clip_set, read_clips, source_digest
from sadvae.types import ClipSet
from tests.conftest import make_clips
from tests.unit.raw_files import MSR_JOINTS, UTD_JOINTS, Frames, ntu_text, write_msr, write_ntu, write_utd

UTD_NAME, MSR_NAME, NTU_NAME = "a2_s1_t3_skeleton.mat", "a02_s01_e03_skeleton3D.txt", "S018C001P007R002A061.skeleton"


def motion(frames: int = 4, joints: int = 20, seed: int = 0) -> np.ndarray:
    """Random joints, rounded to what the text formats keep: [frame, joint, 3]."""
    return np.random.default_rng(seed).normal(size=(frames, joints, 3)).round(6)


# What a file gives back.


@pytest.mark.parametrize(("name", "order"), [(UTD_NAME, UTD_JOINTS), (MSR_NAME, MSR_JOINTS)])
def test_both_kinect_v1_formats_give_one_order_of_joints(name: str, order: list[str], tmp_path: Path) -> None:
    joints = motion()
    (write_utd if name == UTD_NAME else write_msr)(tmp_path / name, joints)
    (clip,) = read_clips(tmp_path / name)
    assert (clip.label, clip.subject, clip.clip_id) == (1, "1", Path(name).stem)
    assert clip.layout == load_layout("kinect-v1")
    for index, joint in enumerate(clip.layout.joints):
        np.testing.assert_array_equal(clip.joints[0, :, index], joints[:, order.index(joint)].astype(np.float32))


def test_ntu_bodies_are_told_apart_by_ids_that_differ_in_the_last_digit(tmp_path: Path) -> None:
    one, two = body(20, 0.1, seed=1), body(20, 0.3, seed=2)
    frames = [{72057594037931101: a, 72057594037931102: b} for a, b in zip(one, two, strict=True)]
    (clip,) = read_clips(write_ntu(tmp_path / NTU_NAME, frames))
    assert (clip.label, clip.subject) == (60, "7")
    # The one that moves more comes first.
    np.testing.assert_array_equal(clip.joints, np.stack([two, one]).astype(np.float32))


def test_ntu_frames_without_a_body_are_zero(tmp_path: Path) -> None:
    joints = motion(3, 25)
    (clip,) = read_clips(write_ntu(tmp_path / NTU_NAME, [{}, {1: joints[0]}, {}, {1: joints[1]}]))
    np.testing.assert_array_equal(clip.joints[0, [0, 2]], 0)
    np.testing.assert_array_equal(clip.joints[0, [1, 3]], joints[:2].astype(np.float32))


@pytest.mark.parametrize("frames", [[], [{}], [{}, {}]])
def test_an_ntu_file_without_any_body_is_one_zero_body(frames: Frames, tmp_path: Path) -> None:
    (clip,) = read_clips(write_ntu(tmp_path / NTU_NAME, frames))
    assert clip.joints.shape == (1, max(len(frames), 1), 25, 3)
    assert not clip.joints.any()


def body(frames: int, moves: float, *, wide: bool = False, seed: int = 0) -> np.ndarray:
    """A body of known height and width that sways: [frame, 25, 3]."""
    rng = np.random.default_rng(seed)
    still = rng.uniform(-1, 1, size=(25, 3)) * ([2.0, 0.8, 0.3] if wide else [0.3, 0.8, 0.2])
    return still + moves * np.sin(np.arange(frames))[:, None, None] * [0, 0, 1]


def test_short_and_wide_ntu_bodies_are_dropped_where_there_are_others(tmp_path: Path) -> None:
    person, short, wide = body(30, 0.1), body(11, 5.0, seed=1), body(30, 5.0, wide=True, seed=2)
    frames = [{1: person[t], 2: wide[t]} | ({3: short[t]} if t < 11 else {}) for t in range(30)]
    (clip,) = read_clips(write_ntu(tmp_path / NTU_NAME, frames))
    np.testing.assert_array_equal(clip.joints, person[None].astype(np.float32))
    alone = [{2: wide[t]} for t in range(11)]
    assert read_clips(write_ntu(tmp_path / NTU_NAME, alone))[0].joints.any()


def test_ntu_tracks_that_do_not_overlap_are_one_actor_and_a_third_person_is_left_out(tmp_path: Path) -> None:
    first, later, other, third = (body(20, moves, seed=i) for i, moves in enumerate((0.4, 0.3, 0.2, 0.1)))
    frames = [{4: third[t % 20], (1 if t < 20 else 2): (first if t < 20 else later)[t % 20]} for t in range(40)]
    for t in range(10, 30):
        frames[t][3] = other[t - 10]
    (clip,) = read_clips(write_ntu(tmp_path / NTU_NAME, frames))
    expected = np.zeros((2, 40, 25, 3))
    expected[0] = np.concatenate([first, later])
    expected[1, 10:30] = other
    np.testing.assert_array_equal(clip.joints, expected.astype(np.float32))


def test_a_file_named_by_itself_needs_no_label(tmp_path: Path) -> None:
    for path in (
        write_utd(tmp_path / "mine.mat", motion()),
        write_msr(tmp_path / "mine.txt", motion()),
        write_ntu(tmp_path / "mine.skeleton", [{1: motion(1, 25)[0]}]),
    ):
        (clip,) = read_clips(path)
        assert (clip.clip_id, clip.label, clip.subject) == ("mine", None, None)
        assert read_clip_set(path).clips[0].clip_id == "mine"


# Folders.


def utd_folder(folder: Path) -> Path:
    for name in ("a1_s1_t1", "a27_s8_t4"):
        (folder / name[:2]).mkdir(parents=True, exist_ok=True)
        write_utd(folder / name[:2] / f"{name}_skeleton.mat", motion())
    (folder / "a1_s1_t1_inertial.mat").write_bytes(b"not a skeleton")
    (folder / "joint order.txt").write_text("head, neck")
    return folder


def test_a_folder_is_read_with_the_folders_in_it_and_without_what_lies_beside(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    found = read_clip_set(utd_folder(tmp_path), progress=lambda done, total: heard.append((done, total)))
    assert found.dataset == guess_dataset(tmp_path) == "utd_mhad"
    assert [clip.label for clip in found.clips] == [0, 26]
    assert found.class_names == tuple(f"action {i}" for i in range(1, 28))
    assert heard == [(1, 2), (2, 2)]
    named = read_clip_set(tmp_path, dataset="mine", class_names=[f"n{i}" for i in range(27)], layout="kinect-v1")
    assert (named.dataset, named.class_names[26]) == ("mine", "n26")
    with pytest.raises(SadvaeError, match="label 26"):
        read_clip_set(tmp_path, class_names=["only one"])
    with pytest.raises(SadvaeError, match="kinect-v1, not kinect-v2"):
        read_clip_set(tmp_path, layout="kinect-v2")
    with pytest.raises(SadvaeError, match=r"holds UTD-MHAD files, where those of ntu60 were expected \(NTU RGB\+D\)"):
        read_clip_set(tmp_path, dataset="ntu60")


@pytest.mark.parametrize(("action", "dataset", "classes"), [(60, "ntu60", 60), (61, "ntu120", 120)])
def test_ntu_60_and_120_are_told_apart_by_their_actions(
    action: int, dataset: str, classes: int, tmp_path: Path
) -> None:
    write_ntu(tmp_path / f"S001C001P001R001A{action:03d}.skeleton", [{1: motion(1, 25)[0]}])
    found = read_clip_set(tmp_path)
    assert found.dataset == guess_dataset(tmp_path) == dataset
    assert len(found.class_names) == classes
    assert found.clips[0].label == action - 1


def test_clips_files_of_a_folder_are_one_set(tmp_path: Path) -> None:
    clips = make_clips()
    halves = [clips.where(i % 2 == part for i in range(len(clips.clips))) for part in (0, 1)]
    for number, half in enumerate(halves):
        write_clips_file(tmp_path / f"part{number}.npz", half)
    found = read_clip_set(tmp_path)
    assert [c.clip_id for c in found.clips] == [c.clip_id for half in halves for c in half.clips]
    assert found.dataset == guess_dataset(tmp_path) == "sticks"
    assert found.class_names == clips.class_names
    write_clips_file(tmp_path / "part2.npz", ClipSet("sticks", clips.layout, (), clips.class_names[:1]))
    assert read_clip_set(tmp_path).class_names == clips.class_names
    other = ClipSet("sticks", clips.layout, (), ("another",))
    write_clips_file(tmp_path / "part2.npz", other)
    with pytest.raises(SadvaeError, match="differ in their class names"):
        read_clip_set(tmp_path)


@pytest.mark.parametrize("ask", [read_clip_set, guess_dataset, read_clips, source_digest])
def test_a_source_without_clips_says_what_was_expected(ask: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match="does not exist"):
        ask(tmp_path / "nowhere")
    with pytest.raises(SadvaeError, match=r"holds no skeleton file; expected UTD-MHAD"):
        ask(tmp_path)
    (tmp_path / "notes.md").write_text("nothing")
    with pytest.raises(SadvaeError, match=r"notes\.md is not a skeleton file by its name; expected"):
        ask(tmp_path / "notes.md")
    write_utd(tmp_path / UTD_NAME, motion())
    write_msr(tmp_path / MSR_NAME, motion())
    with pytest.raises(SadvaeError, match="1 of MSR-Action3D and 1 of UTD-MHAD"):
        ask(tmp_path)


def test_devices_and_pipes_of_a_folder_are_no_recordings(tmp_path: Path) -> None:
    """A link that leads nowhere is one: its name says that a recording should be there."""
    utd_folder(tmp_path)
    (tmp_path / "a2_s1_t1_skeleton.mat").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "a3_s1_t1_skeleton.mat")
    os.mkfifo(tmp_path / "pipe.pkl")
    assert [path.name for path in find_files(tmp_path)[1]] == ["a1_s1_t1_skeleton.mat", "a27_s8_t4_skeleton.mat"]
    with pytest.raises(SadvaeError, match=r"pipe\.pkl is neither a file nor a folder"):
        find_files(tmp_path / "pipe.pkl")
    (tmp_path / "a4_s1_t1_skeleton.mat").symlink_to(tmp_path / "gone.mat")
    with pytest.raises(SadvaeError, match=r"a4_s1_t1_skeleton\.mat does not exist"):
        read_clip_set(tmp_path)


def test_one_clip_name_in_two_folders_is_refused(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_utd(tmp_path / folder / UTD_NAME, motion())
    with pytest.raises(SadvaeError, match="more than once"):
        read_clip_set(tmp_path)


def test_the_digest_follows_names_and_contents_but_not_the_place(tmp_path: Path) -> None:
    here, there = utd_folder(tmp_path / "here"), utd_folder(tmp_path / "there")
    before = source_digest(here)
    assert before == source_digest(there)
    (there / "more notes.txt").write_text("not read, so not part of it")
    assert before == source_digest(there)
    one = here / "a1" / "a1_s1_t1_skeleton.mat"
    alone = source_digest(one)
    one.rename(here / "a1" / "a1_s2_t1_skeleton.mat")
    assert len({before, alone, source_digest(here)}) == 3
    write_utd(there / "a1" / "a1_s1_t1_skeleton.mat", motion(seed=1))
    assert source_digest(there) not in (before, source_digest(here))


# Damaged files.


def lines_of(path: Path, change: Callable[[list[str]], object]) -> None:
    lines = path.read_text().splitlines()
    change(lines)
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines.pop(), "79 lines"),
        (lambda lines: lines.__setitem__(7, "1 2 3"), "line 8: 3 numbers"),
        (lambda lines: lines.__setitem__(7, "1 2 x 1"), "line 8: 'x'"),
        (lambda lines: lines.__setitem__(7, "1 2 nan 1"), "line 8: 'nan'"),
        (lambda lines: lines.__setitem__(7, "1 2 1e31 1"), "line 8: '1e31'"),
        (lambda lines: lines.clear(), "has [01] lines"),
    ],
)
def test_a_damaged_msr_file_names_its_line(change: Callable[[list[str]], object], said: str, tmp_path: Path) -> None:
    lines_of(write_msr(tmp_path / MSR_NAME, motion()), change)
    with pytest.raises(SadvaeError, match=rf"{MSR_NAME}.*{said}"):
        read_clip_set(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines.pop(), "ends after line 56, within a body of frame 2"),
        (
            lambda lines: lines.__delitem__(slice(29, None)),
            "line 30: the file ends here; expected the number",
        ),
        (lambda lines: lines.__setitem__(0, "two"), "line 1: 'two'; expected the number of frames"),
        (lambda lines: lines.__setitem__(0, "99999999999"), "line 1"),
        (lambda lines: lines.__setitem__(2, "1 2 3"), "line 3: '1 2 3'; expected a body's 10 values"),
        (lambda lines: lines.__setitem__(3, "24"), "line 4: '24' joints; expected 25"),
        (lambda lines: lines.__setitem__(4, "1 2 3"), "line 5: 3 numbers where 12"),
        (lambda lines: lines.__setitem__(4, "inf" + " 0" * 11), "line 5: 'inf'"),
        (lambda lines: lines.clear(), "line 1"),
    ],
)
def test_a_damaged_ntu_file_names_its_line(change: Callable[[list[str]], object], said: str, tmp_path: Path) -> None:
    joints = motion(2, 25)
    lines_of(write_ntu(tmp_path / NTU_NAME, [{1: joints[0]}, {1: joints[1]}]), change)
    with pytest.raises(SadvaeError, match=rf"{NTU_NAME}.*{said}"):
        read_clip_set(tmp_path)


@pytest.mark.parametrize("shape", [(4, 3, 20), (20, 3), (20, 2, 4), (19, 3, 4), (20, 3, 0)])
def test_a_utd_array_of_another_shape_is_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / UTD_NAME, {"d_skel": np.zeros(shape)})
    with pytest.raises(SadvaeError, match=rf"{UTD_NAME}.*expected \(20, 3, frames\)"):
        read_clip_set(tmp_path)


def test_a_utd_position_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    for bad in (np.nan, np.inf, 1e300):
        write_utd(tmp_path / UTD_NAME, np.where(np.arange(20)[:, None] == 3, bad, motion()))
        with pytest.raises(SadvaeError, match=f"{UTD_NAME} holds a position that is not a finite number"):
            read_clip_set(tmp_path)


def test_a_clips_file_that_is_not_one_names_itself(tmp_path: Path) -> None:
    np.savez(tmp_path / "features.npz", features=np.zeros((2, 2)))
    with pytest.raises(SadvaeError, match=r"features\.npz has no array 'data'"):
        read_clip_set(tmp_path)


def fault(path: Path) -> str | None:
    try:
        read_clips(path)
    except SadvaeError as error:
        return str(error)
    return None


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([NTU_NAME, MSR_NAME]))
def test_any_text_gives_clips_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = write_msr(folder / name, motion(2)) if name == MSR_NAME else folder / name
    good = path.read_text() if name == MSR_NAME else ntu_text([{1: motion(1, 25)[0]}, {}])
    damaged = bytearray(good.encode()[: data.draw(st.integers(0, len(good)))])
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(good)), st.integers(0, 255)), max_size=4)):
        damaged[place : place + 1] = bytes([value])
    path.write_bytes(data.draw(st.binary(max_size=50)) if data.draw(st.booleans()) else damaged)
    said = fault(path)
    assert said is None or (name in said and "\n" not in said)


# Real data.


def test_utd_mhad_is_whole(real_data: Path) -> None:
    clips = read_clip_set(real_data / "utd_mhad")
    assert (clips.dataset, len(clips.clips)) == ("utd_mhad", 861)
    assert {clip.label for clip in clips.clips} == set(range(27))
    assert {clip.subject for clip in clips.clips} == {str(i) for i in range(1, 9)}
    assert_upright_and_not_mirrored(clips)
    # Swipe with the right arm, wave with the right hand, throw, draw a circle: classes 1, 3, 5, 9.
    assert right_wrist_wins(clips, {0, 2, 4, 8}) > 0.99


def test_msr_action3d_is_whole(real_data: Path) -> None:
    clips = read_clip_set(real_data / "msr_action3d")
    assert (clips.dataset, len(clips.clips)) == ("msr_action3d", 567)
    assert {clip.label for clip in clips.clips} == set(range(20))
    assert {clip.subject for clip in clips.clips} == {str(i) for i in range(1, 11)}
    assert [clip.clip_id for clip in clips.clips if not clip.joints.any()] == ["a13_s09_e02_skeleton3D"]
    assert_upright_and_not_mirrored(clips)
    # High arm wave, hammer, high throw, draw a circle, with the right hand: classes 1, 3, 6, 9.
    assert right_wrist_wins(clips, {0, 2, 5, 8}) > 0.99


def of(clips: ClipSet, *names: str) -> list[int]:
    return [clips.layout.joints.index(name) for name in names]


def assert_upright_and_not_mirrored(clips: ClipSet) -> None:
    """Medians over first frames: heights in metres, the right side at larger x, toes before ankles, limbs alike."""
    poses = np.array([clip.joints[0, 0] for clip in clips.clips if clip.joints[0, 0].all(axis=1).all()])
    pose = np.median(poses, axis=0)
    head, neck, hips, knee, ankle = pose[of(clips, "head", "shoulder center", "hip center", "left knee", "left ankle")]
    assert head[1] > neck[1] > hips[1] > knee[1] > ankle[1]
    assert 1.3 < head[1] - ankle[1] < 1.8
    for part in ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle"):
        left, right = pose[of(clips, f"left {part}", f"right {part}")]
        assert right[0] - left[0] > 0.05
        assert abs(right[1] - left[1]) < 0.05
    foot, ankle = pose[of(clips, "left foot", "left ankle")]
    assert foot[2] < ankle[2]
    bones = {
        (clips.layout.joints[a], clips.layout.joints[b]): np.median(np.linalg.norm(poses[:, a] - poses[:, b], axis=1))
        for a, b in clips.layout.bones
    }
    assert all(0.03 < length < 0.6 for length in bones.values())
    for (a, b), length in bones.items():
        twin = bones[a.replace("left", "right"), b.replace("left", "right")]
        assert length == pytest.approx(twin, rel=0.15)


def right_wrist_wins(clips: ClipSet, labels: set[int]) -> float:
    """The share of clips of some classes in which the right wrist travels farther than the left one."""
    paths = [
        np.linalg.norm(np.diff(clip.joints[0][:, of(clips, "left wrist", "right wrist")], axis=0), axis=2).sum(axis=0)
        for clip in clips.clips
        if clip.label in labels
    ]
    return float(np.mean([right > left for left, right in paths]))
