"""Files of pose estimators (format L): what they give on files of known content, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.skeleton.estimates import Person, clip_joints
from sadvae.skeleton.read import read_clip_set
from tests.unit import format_files as files


def image(joints: int, seed: int = 0) -> np.ndarray:
    """What the points of the samples are for us: [frame, joint, 3]."""
    found = files.points(joints, seed)
    return np.concatenate([-found[..., :2], 0 * found[..., :1]], axis=2).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "layout", "joints"),
    [
        (files.alphapose(26), "halpe-26", 26),
        (files.alphapose(17), "coco-17", 17),
        (files.coco(), "coco-17", 17),
        (files.mmpose(), "coco-17", 17),
        (files.mmpose(dataset="Human3.6M h36m"), "h36m-17", 17),
    ],
)
def test_estimates_in_images_are_read(text: str, layout: str, joints: int, tmp_path: Path) -> None:
    (clip,) = read_clip_set(files.write(tmp_path / "walk.json", text)).clips
    assert (clip.clip_id, clip.layout.name) == ("walk", layout)
    np.testing.assert_array_equal(clip.joints[0], image(joints))


@pytest.mark.parametrize(("joints", "layout"), [(18, "openpose-18"), (25, "openpose-25")])
def test_openpose_frames_are_one_clip(joints: int, layout: str, tmp_path: Path) -> None:
    for name, text in files.openpose(joints).items():
        files.write(tmp_path / name, text)
        files.write(tmp_path / name.replace("walk", "run"), text)
    found = read_clip_set(tmp_path)
    assert [clip.clip_id for clip in found.clips] == ["run", "walk"]
    assert found.layout.name == layout
    np.testing.assert_array_equal(found.clips[0].joints[0], image(joints))


def test_kinetics_skeletons_are_read_with_their_label(tmp_path: Path) -> None:
    (clip,) = read_clip_set(files.write(tmp_path / "a.json", files.kinetics())).clips
    assert (clip.label, clip.layout.name) == (31, "openpose-18")
    np.testing.assert_allclose(clip.joints[0], image(18) / 100, rtol=1e-6)


def test_mediapipe_world_landmarks_are_turned_upright(tmp_path: Path) -> None:
    forms: list[Any] = [json.loads(files.mediapipe())]
    marks = [frame["pose_world_landmarks"] for frame in forms[0]]
    forms.append([{"pose_world_landmarks": {"landmark": found} if found else None} for found in marks])
    forms.append({"frames": [{"worldLandmarks": [found] if found else []} for found in marks]})
    for form in forms:
        (clip,) = read_clip_set(files.write(tmp_path / "a.json", json.dumps(form))).clips
        assert clip.joints.shape == (1, 3, 33, 3)
        np.testing.assert_allclose(clip.joints[0, :2], files.points(33) / 100 * [-1, -1, 1], rtol=1e-6)
        assert not clip.joints[0, 2].any()


def test_mmpose_in_space_points_up_in_its_third_coordinate(tmp_path: Path) -> None:
    (clip,) = read_clip_set(files.write(tmp_path / "a.json", files.mmpose(solid=True))).clips
    assert clip.layout.name == "h36m-17"
    made = np.concatenate([files.points(17), files.points(17, 1)], axis=2)[..., :3]
    np.testing.assert_allclose(clip.joints[0], made[..., [0, 2, 1]], rtol=1e-6)


def test_people_are_told_apart_by_place_or_by_their_numbers(tmp_path: Path) -> None:
    one, two = files.points(17), files.points(17, 1) + np.array([500, 0, 0])

    def entry(frame: int, person: np.ndarray, **more: int) -> dict[str, Any]:
        return {"image_id": frame, "keypoints": person[frame].ravel().tolist()} | more

    crossed = [entry(0, one), entry(0, two), entry(1, two), entry(1, one)]
    (clip,) = read_clip_set(files.write(tmp_path / "a.json", json.dumps(crossed))).clips
    np.testing.assert_allclose(clip.joints[0, :, 0, 0], -one[:, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(clip.joints[1, :, 0, 0], -two[:, 0, 0], rtol=1e-6)
    numbered = [entry(0, one, idx=5), entry(1, two, idx=5), entry(1, one, idx=9)]
    (clip,) = read_clip_set(files.write(tmp_path / "a.json", json.dumps(numbered))).clips
    np.testing.assert_allclose(clip.joints[0, :, 0, 0], [-one[0, 0, 0], -two[1, 0, 0]], rtol=1e-6)
    assert not clip.joints[1, 0].any()


def test_lost_joints_do_not_draw_a_person_to_the_origin() -> None:
    far, near = np.full((4, 3), 10.0), np.full((4, 3), 3.0)
    partly = far * np.array([1, 0, 0, 0])[:, None]
    found = clip_joints([[Person(far), Person(near)], [Person(partly), Person(near + 1)]], "x")
    np.testing.assert_array_equal(found[:, 1, 0, 0], [10, 4])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "not valid JSON"),
        ('{"people": 3}', "'people' is not a list"),
        ('{"people": []}', "holds no person"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "expected x, y, score"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, 1e999]}]}', "not lists of numbers"),
        ('{"people": [{"pose_keypoints_2d": [[1], 2, 3]}]}', "not lists of numbers"),
        ('[{"image_id": 1, "keypoints": [1, 2, 3]}]', "1 joints, which no built-in layout has"),
        ('[{"image_id": {}, "keypoints": [1, 2, 3]}]', "without image_id"),
        ('{"instance_info": [{"instances": [{"keypoints": [[1]]}]}]}', "do not fit each other"),
        ('[{"pose_world_landmarks": [[{"x": 1}]]}]', "not lists of numbers"),
        ('{"keypoints": 3}', "not the JSON of a pose estimator"),
    ],
)
def test_faulty_estimates_are_named(text: str, said: str, tmp_path: Path) -> None:
    path = files.write(tmp_path / "a_1_keypoints.json", text)
    with pytest.raises(SadvaeError, match=said) as caught:
        read_clip_set(path)
    assert "a_1_keypoints" in str(caught.value)


def test_crowds_and_many_brackets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = {"pose_keypoints_2d": [1, 2, 3] * 18}
    path = files.write(tmp_path / "a_1_keypoints.json", json.dumps({"people": [person] * 101}))
    with pytest.raises(SadvaeError, match="more than 100 persons"):
        read_clip_set(path)
    monkeypatch.setattr("sadvae.skeleton.estimators.MOST_BRACKETS", 50)
    with pytest.raises(SadvaeError, match="more than 50 lists and objects"):
        read_clip_set(path)
    monkeypatch.setattr("sadvae.skeleton.estimators.MAX_BYTES", 50)
    with pytest.raises(SadvaeError, match="at most 50 are read"):
        read_clip_set(path)


def test_other_json_files_of_a_folder_are_left_alone(tmp_path: Path) -> None:
    files.write(tmp_path / "clips.manifest.json", '{"dataset": "x"}')
    files.write(tmp_path / "a.json", files.alphapose())
    assert len(read_clip_set(tmp_path).clips) == 1
