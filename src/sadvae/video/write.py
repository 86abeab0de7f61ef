"""Write pictures as a video file, by OpenCV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import atomic
from sadvae.video.estimator import Image
from sadvae.video.extra import load_opencv, quiet_stderr


def write_video(path: Path, pictures: Sequence[Image], rate: float = 30.0) -> None:
    """Write pictures, uint8 [height, width, 3] red, green, blue, as an .mp4 file of `rate` frames a second, atomically.

    Raises SadvaeError for no pictures, another ending than .mp4, and where OpenCV cannot write videos.
    """
    if not pictures or path.suffix.lower() != ".mp4":
        raise SadvaeError(f"{path}: expected pictures, and a name that ends in .mp4.")
    cv2 = load_opencv()
    height, width = pictures[0].shape[:2]
    with atomic(path) as new:
        # OpenCV goes by the ending of the name.
        video = new.with_name(f"{new.name}.mp4")
        with quiet_stderr():
            writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"mp4v"), rate, (width, height))
            for picture in pictures:
                writer.write(np.ascontiguousarray(picture[..., ::-1]))
            writer.release()
        if not video.is_file() or not video.stat().st_size:
            raise SadvaeError(f"{path} could not be written: OpenCV cannot write .mp4 files here.")
        video.replace(new)
