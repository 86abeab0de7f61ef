"""Pictures of a generated body, as a camera takes them: shaded balls in front of a wall and a floor.

For tests and measurements of what estimates poses from videos, where no recording of a person is at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sadvae.skeleton.cleaning import fill_lost_joints
from sadvae.skeleton.generated.balls import Balls, body_balls
from sadvae.skeleton.generated.rotation import Array, unit
from sadvae.skeleton.layouts import load_layout
from sadvae.types import FloatArray

Image = NDArray[np.uint8]
_LIGHT = unit(np.array([0.35, 0.75, -0.6]))


@dataclass(frozen=True)
class Camera:
    """A pinhole camera at the origin that looks along +z, y up, x to its left: the axes of our clips.

    width, height: of its pictures, in pixels. focal: focal length in picture heights.
    """

    width: int = 480
    height: int = 480
    focal: float = 0.85

    def pixels(self, points: Array) -> Array:
        """Where points [n, 3] in metres before the camera are in the picture: [n, 2], x to the right, y down."""
        scale = self.focal * self.height / points[:, 2:]
        return np.array([self.width / 2, self.height / 2]) - scale * points[:, :2]


def draw_clip(joints: FloatArray, camera: Camera | None = None) -> list[Image]:
    """One picture, uint8 [height, width, 3] red, green, blue, of each frame of a body [frame, 25, 3] (kinect-v2).

    Lost joints are put where they were before or will be.
    """
    seen_by = camera or Camera()
    whole = fill_lost_joints(joints[None], load_layout("kinect-v2"))[0]
    background = _room(seen_by, float(whole[..., 1].min()))
    return [_painted(background, body_balls(frame.astype(np.float64)), seen_by) for frame in whole]


def _room(camera: Camera, floor: float, wall: float = 6.0) -> Array:
    """A light wall, darker towards its edges, and a floor that ends at it: float64 [height, width, 3]."""
    rows = (camera.height / 2 - np.arange(camera.height)) / (camera.focal * camera.height)
    columns = np.linspace(-1, 1, camera.width)
    light = 1 - 0.12 * columns[None, :] ** 2 - 0.15 * rows[:, None] ** 2
    is_floor = (rows < floor / wall)[:, None]
    room = np.where(is_floor[..., None], np.array([150.0, 120.0, 92.0]), np.array([206.0, 208.0, 200.0]))
    return room * light[..., None]


def _painted(background: Array, balls: Balls, camera: Camera) -> Image:
    picture = background.copy()
    depth = np.full(picture.shape[:2], np.inf)
    middles = camera.pixels(balls.centres)
    sizes = camera.focal * camera.height * balls.radii / balls.centres[:, 2]
    for place, (middle, size) in enumerate(zip(middles, sizes, strict=True)):
        _paint_ball(picture, depth, middle, size, balls.centres[place, 2], balls.radii[place], balls.colours[place])
    return np.clip(picture, 0, 255).astype(np.uint8)


def _paint_ball(
    picture: Array, depth: Array, middle: Array, size: float, away: float, radius: float, colour: Array
) -> None:
    """Paint one ball where nothing is before it. size: its radius in pixels."""
    (left, top), (right, bottom) = np.floor(middle - size).astype(int), np.ceil(middle + size).astype(int) + 1
    left, right = np.clip([left, right], 0, picture.shape[1])
    top, bottom = np.clip([top, bottom], 0, picture.shape[0])
    if left >= right or top >= bottom:
        return
    x = (middle[0] - np.arange(left, right))[None, :] / size
    y = (middle[1] - np.arange(top, bottom))[:, None] / size
    square = x * x + y * y
    towards = np.sqrt(np.maximum(0, 1 - square))
    surface = away - radius * towards
    near = (square < 1) & (surface < depth[top:bottom, left:right])
    depth[top:bottom, left:right][near] = surface[near]
    shade = 0.45 + 0.6 * np.maximum(0, _LIGHT[0] * x + _LIGHT[1] * y - _LIGHT[2] * towards)
    picture[top:bottom, left:right][near] = shade[near][:, None] * colour
