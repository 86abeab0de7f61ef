"""UTD-MHAD skeletons: one MATLAB file a recording, `aA_sS_tT_skeleton.mat` with d_skel [20, 3, frame] in metres."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import read_bytes
from sadvae.mat_file import read_mat_array
from sadvae.skeleton.recording import RawFormat

MAX_BYTES = 64 * 2**20
# For each joint of the layout kinect-v1, its row in d_skel (the order that the data set's own joint list gives).
_ROWS = (3, 2, 1, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)


def read_utd_mhad_file(path: Path) -> np.ndarray:
    """The joints of one file: float64 [1, frame, 20, 3], metres, y up, x to the right of who faces the camera.

    Raises SadvaeError if the file is not a level-5 .mat file of such an array.
    """
    array = read_mat_array(read_bytes(path, MAX_BYTES), "d_skel", str(path), MAX_BYTES)
    if array.ndim != 3 or array.shape[:2] != (20, 3) or array.shape[2] == 0:
        raise SadvaeError(f"{path}: d_skel has shape {array.shape}; expected (20, 3, frames).")
    return array.transpose(2, 0, 1)[None][:, :, _ROWS]


UTD_MHAD = RawFormat(
    name="utd_mhad",
    title="UTD-MHAD",
    suffix=".mat",
    pattern=r"a(?P<action>0*[1-9]\d{0,3})_s(?P<subject>\d{1,4})_t\d{1,4}_skeleton\.mat",
    classes=27,
    layout="kinect-v1",
    read=read_utd_mhad_file,
)
