"""Writers of the raw formats, for tests: independent of the readers, after the formats' own documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import scipy.io

# Joint lists of the formats, by the names of our layouts.
UTD_JOINTS = """head; shoulder center; spine; hip center; left shoulder; left elbow; left wrist; left hand;
right shoulder; right elbow; right wrist; right hand; left hip; left knee; left ankle; left foot;
right hip; right knee; right ankle; right foot""".replace("\n", " ").split("; ")
MSR_JOINTS = """left shoulder; right shoulder; shoulder center; spine; left hip; right hip; hip center;
left elbow; right elbow; left wrist; right wrist; left hand; right hand;
left knee; right knee; left ankle; right ankle; left foot; right foot; head""".replace("\n", " ").split("; ")

Frames = Sequence[Mapping[int, np.ndarray]]


def write_utd(path: Path, joints: np.ndarray, *, compressed: bool = True, name: str = "d_skel") -> Path:
    """Joints [frame, 20, 3] in the order of UTD_JOINTS as a .mat file of SciPy's making."""
    scipy.io.savemat(path, {name: joints.transpose(1, 2, 0)}, do_compression=compressed)
    return path


def write_msr(path: Path, joints: np.ndarray) -> Path:
    """Joints [frame, 20, 3] in the order of MSR_JOINTS as text with a confidence of 1."""
    rows = (f"{x:.6f} {y:.6f} {z:.6f} 1.000000" for frame in joints for x, y, z in frame)
    path.write_text("\n".join(rows) + "\n")
    return path


def ntu_text(frames: Frames) -> str:
    """The text of a .skeleton file: per frame the joints [25, 3] of every body by its id."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for body, joints in bodies.items():
            lines += [f"{body} 0 1 1 0 0 0 0.1 -0.2 2", str(len(joints))]
            lines += [f"{x!r} {y!r} {z!r} 250.5 180.5 980.5 510.5 0.1 0.2 0.3 0.4 2" for x, y, z in joints.tolist()]
    return "\n".join(lines) + "\n"


def write_ntu(path: Path, frames: Frames) -> Path:
    """Frames as a .skeleton file."""
    path.write_text(ntu_text(frames))
    return path
