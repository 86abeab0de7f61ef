"""The drawn person is where its joints are: right colours at the right pixels, near parts before far ones."""

from __future__ import annotations

import numpy as np

from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.generated.balls import SHIRT, SKIN, Balls
from sadvae.skeleton.generated.picture import Camera, _painted, draw_clip
from sadvae.skeleton.layouts import load_layout

JOINTS = load_layout("kinect-v2").joints
CAMERA = Camera(160, 200)


def waving() -> np.ndarray:
    clips = generate_clip_set(
        subjects=1, repetitions=1, noise=0, dropped=0, view_degrees=0, actions=("wave the right hand",)
    )
    joints = clips.clips[0].joints[0]
    return joints[[int(joints[:, JOINTS.index("right wrist"), 1].argmax())]]


def hue(picture: np.ndarray, joints: np.ndarray, name: str) -> np.ndarray:
    """The colour of the pixel at a joint, its shade taken out."""
    column, row = CAMERA.pixels(joints[0][[JOINTS.index(name)]].astype(np.float64))[0].round().astype(int)
    colour = picture[row, column].astype(float)
    return colour / np.linalg.norm(colour)


def alike(found: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool(found @ (np.array(colour) / np.linalg.norm(colour)) > 0.995)


def test_parts_have_their_colours_where_the_joints_are() -> None:
    joints = waving()
    (picture,) = draw_clip(joints, CAMERA)
    assert picture.shape == (200, 160, 3)
    assert alike(hue(picture, joints, "right wrist"), SKIN)
    assert alike(hue(picture, joints, "left elbow"), SKIN)
    assert alike(hue(picture, joints, "middle of the spine"), SHIRT)


def test_the_right_hand_of_who_faces_the_camera_is_at_the_left_of_the_picture() -> None:
    joints = waving()[0].astype(np.float64)
    right, left = CAMERA.pixels(joints[[JOINTS.index("right wrist"), JOINTS.index("left wrist")]])
    assert right[0] < left[0]
    assert right[1] < left[1]


def test_near_balls_hide_far_ones_in_any_order() -> None:
    near, far = np.array([0.0, 0.0, 2.0]), np.array([0.0, 0.0, 3.0])
    colours = np.array([[255.0, 0, 0], [0, 255.0, 0]])
    for order in ([0, 1], [1, 0]):
        balls = Balls(np.stack([near, far])[order], np.array([0.1, 0.4])[order], colours[order])
        picture = _painted(np.zeros((200, 160, 3)), balls, CAMERA)
        assert picture[100, 80, 0] > 0
        assert picture[100, 80, 1] == 0
        assert picture[100, 100, 1] > 0
