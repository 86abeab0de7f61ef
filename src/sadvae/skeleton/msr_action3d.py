"""MSR-Action3D skeletons: one text file a recording, 20 lines a frame, each `x y z confidence` in metres."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import read_bytes
from sadvae.skeleton.number_lines import parse_number_lines
from sadvae.skeleton.recording import RawFormat

MAX_BYTES = 64 * 2**20
# For each joint of the layout kinect-v1, its line within a frame. The release names no joints; the lines follow from
# the bone lengths, and the sides from the actions that its authors had performed with the right arm or leg.
_LINES = (6, 3, 2, 19, 0, 7, 9, 11, 1, 8, 10, 12, 4, 13, 15, 17, 5, 14, 16, 18)


def read_msr_action3d_file(path: Path) -> np.ndarray:
    """The joints of one file: float64 [1, frame, 20, 3], metres, y up, x to the right of who faces the camera.

    A frame in which nobody was tracked is all zero. Raises SadvaeError that names the faulty line.
    """
    lines = read_bytes(path, MAX_BYTES).splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines or len(lines) % 20:
        raise SadvaeError(f"{path} has {len(lines)} lines; expected 20 for each frame, so it may be truncated.")
    return parse_number_lines(lines, 4, 4, str(path)).reshape(1, -1, 20, 4)[:, :, _LINES, :3]


MSR_ACTION3D = RawFormat(
    name="msr_action3d",
    title="MSR-Action3D",
    suffix=".txt",
    pattern=r"a(?P<action>0*[1-9]\d{0,3})_s(?P<subject>\d{1,4})_e\d{1,4}_skeleton3D\.txt",
    classes=20,
    layout="kinect-v1",
    read=read_msr_action3d_file,
)
