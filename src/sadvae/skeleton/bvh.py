"""BVH motion capture: a tree of joints with offsets and channels, and one line of numbers a frame."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import read_bytes
from sadvae.skeleton.mocap import LAYOUT, bvh_joints, check_size, in_layout
from sadvae.skeleton.number_lines import LARGEST, parse_number_lines
from sadvae.skeleton.recording import RawFormat
from sadvae.skeleton.rotations import in_turn

MAX_BYTES = 64 * 2**20
MAX_HEADER = 2**20
MOST_JOINTS = 1000
_ROTATIONS = {"xrotation": 0, "yrotation": 1, "zrotation": 2}
_SHIFTS = {"xposition": 0, "yposition": 1, "zposition": 2}
# BVH names no unit. Metres, centimetres, inches, millimetres, and the unit of the CMU recordings (0.45 inches).
_UNITS = (1.0, 0.01, 0.0254, 0.001, 0.0254 / 0.45)
_LEG = 0.8


@dataclass
class Joint:
    """A joint or end site: its name, parent (-1 for the root), offset, channels and the first one's column."""

    name: str
    parent: int
    offset: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    channels: list[str] = field(default_factory=list)
    column: int = 0


def read_bvh_file(path: Path) -> np.ndarray:
    """The joints of one file in the layout mocap-29: float64 [1, frame, 29, 3], y up.

    Metres: of the units that BVH files are in, the one that makes the legs at rest nearest 0.8 m. Raises SadvaeError
    that says what is wrong with the file.
    """
    data = read_bytes(path, MAX_BYTES)
    header, found, motion = data.partition(b"MOTION")
    if not found or len(header) > MAX_HEADER:
        raise SadvaeError(f"{path} has no line MOTION; expected HIERARCHY, joints, MOTION, frames.")
    joints = read_hierarchy(header.decode("utf-8-sig", "replace").split(), str(path))
    values = _motion(motion, sum(len(joint.channels) for joint in joints), header.count(b"\n"), path)
    check_size(len(values), len(joints), path)
    names = bvh_joints({joint.name: place for place, joint in reversed(list(enumerate(joints)))})
    return in_layout(positions(joints, values) * _unit(joints, names), names, path)


def stated_rate(path: Path) -> float | None:
    """Frames a second by a BVH file's line Frame Time; None where that says none, and for anything but a BVH file.

    Raises SadvaeError as reading does.
    """
    if path.suffix.lower() != BVH.suffix or not path.is_file():
        return None
    found = re.search(
        rb"^[ \t]*Frame Time:[ \t]*([0-9.eE+-]{1,30})[ \t\r]*$", read_bytes(path, MAX_BYTES), re.MULTILINE
    )
    try:
        seconds = float(found[1]) if found else 0.0
    except ValueError:
        return None
    # Nobody records faster than a thousand frames a second, or slower than one in ten.
    return 1 / seconds if 1e-3 <= seconds <= 10 else None


def read_hierarchy(words: Sequence[str], where: str) -> list[Joint]:
    """The joints of a HIERARCHY, parents first, end sites included. Raises SadvaeError for anything else."""
    joints: list[Joint] = []
    inside: list[int] = []
    left = deque(words)
    if _next(left) != "HIERARCHY":
        raise SadvaeError(f"{where} does not begin with HIERARCHY; expected a BVH file.")
    while left:
        word = left.popleft()
        if word in ("ROOT", "JOINT", "End"):
            inside.append(_add_joint(joints, word, _next(left), inside[-1] if inside else -1, where))
            if _next(left) != "{":
                raise SadvaeError(f"{where}: joint {joints[-1].name[:40]!r} is not followed by a brace.")
        elif word == "}" and inside:
            inside.pop()
        elif word == "OFFSET" and inside:
            joints[inside[-1]].offset = [_number(_next(left), where) for _ in range(3)]
        elif word == "CHANNELS" and inside:
            joints[inside[-1]].channels = _channels(left, where)
        else:
            raise SadvaeError(f"{where}: {word[:40]!r} is not expected there in a HIERARCHY.")
    return _with_columns(joints, where)


def _next(words: deque[str]) -> str:
    return words.popleft() if words else ""


def _add_joint(joints: list[Joint], word: str, name: str, parent: int, where: str) -> int:
    """Add a joint below its parent; return its number."""
    if (word == "ROOT") != (parent < 0) or (parent < 0 and joints):
        raise SadvaeError(f"{where}: {word} {name[:40]!r} is out of place; expected one ROOT and joints within it.")
    if len(joints) >= MOST_JOINTS:
        raise SadvaeError(f"{where} has more than {MOST_JOINTS} joints.")
    joints.append(Joint(f"end {joints[parent].name}" if word == "End" else name, parent))
    return len(joints) - 1


def _channels(words: deque[str], where: str) -> list[str]:
    count = _next(words)
    if count not in ("0", "1", "2", "3", "4", "5", "6"):
        raise SadvaeError(f"{where}: CHANNELS {count[:20]!r}; expected 0 to 6.")
    found = [_next(words).lower() for _ in range(int(count))]
    unknown = [channel for channel in found if channel not in _ROTATIONS and channel not in _SHIFTS]
    if unknown:
        raise SadvaeError(
            f"{where}: unknown channel {unknown[0][:40]!r}; expected Xposition, Zrotation and their like."
        )
    return found


def _with_columns(joints: list[Joint], where: str) -> list[Joint]:
    if not joints:
        raise SadvaeError(f"{where} has no ROOT.")
    column = 0
    for joint in joints:
        joint.column = column
        column += len(joint.channels)
    return joints


def _number(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = np.inf
    if not abs(value) < LARGEST:
        raise SadvaeError(f"{where}: {word[:20]!r} is not a number; an OFFSET has three.")
    return value


def _motion(text: bytes, columns: int, before: int, path: Path) -> np.ndarray:
    """The numbers of all frames: float64 [frame, column]. before: lines of the file before the text."""
    lines = text.splitlines()
    numbered = [(line, before + place + 1) for place, line in enumerate(lines) if line.strip()]
    found = [line.split() for line, _ in numbered[:2]]
    if len(found) < 2 or found[0][:1] != [b"Frames:"] or found[1][:2] != [b"Frame", b"Time:"]:
        raise SadvaeError(f"{path} has no lines Frames: and Frame Time: after MOTION.")
    rows, claimed = numbered[2:], b" ".join(found[0][1:])
    if claimed == b"0" and not rows:
        raise SadvaeError(f"{path} holds no frame; give a recording.")
    if not rows or claimed != str(len(rows)).encode():
        shown = claimed[:20].decode("ascii", "replace")
        raise SadvaeError(f"{path} claims {shown!r} frames and holds {len(rows)}; it may be truncated.")
    if not columns:
        raise SadvaeError(f"{path} has no channels, so nothing moves.")
    return parse_number_lines([line for line, _ in rows], columns, columns, str(path), [n for _, n in rows])


def positions(joints: Sequence[Joint], values: np.ndarray) -> np.ndarray:
    """Where the joints are, by forward kinematics: float64 [frame, joint, 3], in the units of the file.

    values: [frame, column] of all channels. Rotations are applied in the order of the channels. Position channels
    move the root from its offset; those of another joint stand in place of its offset.
    """
    where = np.zeros((len(values), len(joints), 3))
    turned: list[np.ndarray] = []
    for place, joint in enumerate(joints):
        own = values[:, joint.column : joint.column + len(joint.channels)]
        local = _local_offset(joint, own)
        turn = _local_turn(joint, own)
        if joint.parent < 0:
            where[:, place] = local
        else:
            where[:, place] = where[:, joint.parent] + np.einsum("fij,fj->fi", turned[joint.parent], local)
            turn = turned[joint.parent] if turn is None else turned[joint.parent] @ turn
        turned.append(np.broadcast_to(np.eye(3), (len(values), 3, 3)) if turn is None else turn)
    return where


def _local_offset(joint: Joint, own: np.ndarray) -> np.ndarray:
    moved = np.tile(joint.offset, (len(own), 1))
    for place, channel in enumerate(joint.channels):
        if channel in _SHIFTS:
            axis = _SHIFTS[channel]
            moved[:, axis] = own[:, place] + (joint.offset[axis] if joint.parent < 0 else 0)
    return moved


def _local_turn(joint: Joint, own: np.ndarray) -> np.ndarray | None:
    turns = [(place, _ROTATIONS[name]) for place, name in enumerate(joint.channels) if name in _ROTATIONS]
    if not turns:
        return None
    places, axes = zip(*turns, strict=True)
    return in_turn(axes, np.radians(own[:, list(places)]))


def _unit(joints: Sequence[Joint], names: Mapping[str, int]) -> float:
    """Metres a unit of the file: the known unit that makes the legs nearest 0.8 m."""
    legs = [
        sum(float(np.linalg.norm(joints[names[f"{side} {part}"]].offset)) for part in ("knee", "ankle"))
        for side in ("left", "right")
        if f"{side} knee" in names and f"{side} ankle" in names
    ]
    length = max(legs, default=0.0)
    if not length > 0:
        return 0.01
    return min(_UNITS, key=lambda unit: abs(np.log(unit * length / _LEG)))


BVH = RawFormat(
    name="bvh",
    title="BVH",
    suffix=".bvh",
    pattern=r"(?:(?P<subject>\d{1,4})_\d{1,4}|(?!\.).+)\.bvh",
    classes=0,
    layout=LAYOUT,
    read=read_bvh_file,
)
