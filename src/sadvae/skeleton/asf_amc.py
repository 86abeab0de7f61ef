"""ASF/AMC motion capture (Acclaim; CMU, HDM05): a skeleton file of bones, and a file of bone angles by frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import read_bytes
from sadvae.skeleton.mocap import LAYOUT, asf_joints, check_size, in_layout
from sadvae.skeleton.number_lines import LARGEST
from sadvae.skeleton.recording import RawFormat
from sadvae.skeleton.rotations import in_turn

MAX_ASF_BYTES = 2**20
MAX_AMC_BYTES = 64 * 2**20
MOST_BONES = 500
_AXES = {"x": 0, "y": 1, "z": 2}
_DEGREES_OF_FREEDOM = ("tx", "ty", "tz", "rx", "ry", "rz", "l")


@dataclass
class Bone:
    """A bone: its unit direction and length at rest, the frame of its angles, and which of them are free."""

    name: str
    direction: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    length: float = 0.0
    axis: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    order: str = "xyz"
    free: list[str] = field(default_factory=list)
    parent: int = -1


@dataclass
class Body:
    """An ASF skeleton: bones, parents first, the root at place 0; metres a unit; and whether angles are degrees."""

    bones: list[Bone]
    unit: float
    degrees: bool
    start: list[float]


def read_amc_file(path: Path) -> np.ndarray:
    """The joints of one .amc and its .asf in the layout mocap-29: float64 [1, frame, 29, 3], metres, y up.

    The skeleton is the .asf file beside it whose name begins the .amc's name, or the only one there. Raises
    SadvaeError that names the faulty file and line.
    """
    skeleton = _skeleton_of(path)
    body = read_asf(read_bytes(skeleton, MAX_ASF_BYTES), str(skeleton))
    angles = read_amc(read_bytes(path, MAX_AMC_BYTES), body, path)
    names = {bone.name: place for place, bone in reversed(list(enumerate(body.bones)))}
    return in_layout(ends(body, angles) * body.unit, asf_joints(names), path)


def _skeleton_of(path: Path) -> Path:
    near = sorted(p for p in path.parent.iterdir() if p.suffix.lower() == ".asf")
    named = [p for p in near if path.stem.startswith(p.stem)]
    if not named and len(near) != 1:
        raise SadvaeError(f"{path} needs its skeleton: expected {path.stem}.asf (or the start of that name) beside it.")
    return max(named, key=lambda p: len(p.stem)) if named else near[0]


def read_asf(data: bytes, where: str) -> Body:
    """The skeleton of an ASF file. Raises SadvaeError that names the faulty line."""
    body = Body([Bone("root", free=["tx", "ty", "tz", "rx", "ry", "rz"])], 1.0, True, [0.0, 0.0, 0.0])
    section, bone = "", body.bones[0]
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        words = line.split("#")[0].split()
        if not words:
            continue
        place = f"{where}, line {number}"
        if words[0].startswith(":"):
            section, words = words[0].lower(), words[1:]
        elif section == ":units":
            _read_unit(body, words, place)
        elif section == ":root":
            _read_root(body, words, place)
        elif section == ":bonedata":
            bone = _read_bone(body, bone, words, place)
        elif section == ":hierarchy":
            _read_children(body, words, place)
    if len(body.bones) < 2 or any(b.parent < 0 for b in body.bones[1:]):
        raise SadvaeError(f"{where} does not join all of its bones to a root; expected :bonedata and :hierarchy.")
    return _parents_first(body, where)


def _read_unit(body: Body, words: list[str], place: str) -> None:
    if words[0] == "length":
        length = _numbers(words[1:2], 1, place)[0]
        if not 1e-6 < length < 1e6:
            raise SadvaeError(f"{place}: the unit of length is {length}; expected a positive number.")
        # Lengths are inches, divided by this number (as the CMU and HDM05 recordings are read by their owners).
        body.unit = 0.0254 / length
    elif words[0] == "angle":
        body.degrees = words[1:2] != ["rad"]


def _read_root(body: Body, words: list[str], place: str) -> None:
    root = body.bones[0]
    if words[0] == "order":
        root.free = _free(words[1:], place)
    elif words[0] == "axis":
        root.order = _order(words[1:2], place)
    elif words[0] == "position":
        body.start = _numbers(words[1:4], 3, place)
    elif words[0] == "orientation":
        root.axis = _numbers(words[1:4], 3, place)


def _read_bone(body: Body, bone: Bone, words: list[str], place: str) -> Bone:
    if words[0] == "begin":
        if len(body.bones) > MOST_BONES:
            raise SadvaeError(f"{place}: more than {MOST_BONES} bones.")
        body.bones.append(Bone(""))
        return body.bones[-1]
    if words[0] == "name":
        bone.name = words[-1]
    elif words[0] == "direction":
        bone.direction = _numbers(words[1:4], 3, place)
    elif words[0] == "length":
        bone.length = _numbers(words[1:2], 1, place)[0]
    elif words[0] == "axis":
        bone.axis, bone.order = _numbers(words[1:4], 3, place), _order(words[4:5], place)
    elif words[0] == "dof":
        bone.free = _free(words[1:], place)
    return bone


def _read_children(body: Body, words: list[str], place: str) -> None:
    places = {bone.name: number for number, bone in enumerate(body.bones)}
    if words in (["begin"], ["end"]):
        return
    unknown = [word for word in words if word not in places]
    if unknown:
        raise SadvaeError(f"{place}: {unknown[0][:40]!r} is not one of the bones.")
    for child in words[1:]:
        bone = body.bones[places[child]]
        if bone.parent >= 0 or places[child] == 0:
            raise SadvaeError(f"{place}: bone {child[:40]!r} has two parents.")
        bone.parent = places[words[0]]


def _parents_first(body: Body, where: str) -> Body:
    order, below = [0], {place: [] for place in range(len(body.bones))}
    for place, bone in enumerate(body.bones[1:], start=1):
        below[bone.parent].append(place)
    for place in order:
        order.extend(below[place])
    if len(order) != len(body.bones):
        raise SadvaeError(f"{where}: its bones hang on each other in a ring.")
    new = {place: number for number, place in enumerate(order)}
    bones = [body.bones[place] for place in order]
    for bone in bones[1:]:
        bone.parent = new[bone.parent]
    return Body(bones, body.unit, body.degrees, body.start)


def read_amc(data: bytes, body: Body, path: Path) -> list[Mapping[str, list[float]]]:
    """The angles of an AMC file: for each frame the numbers of each bone. Raises SadvaeError with the faulty line."""
    free = {bone.name: len(bone.free) for bone in body.bones}
    frames: list[Mapping[str, list[float]]] = []
    current: dict[str, list[float]] = {}
    for number, line in enumerate(data.splitlines(), start=1):
        words = line.split(b"#")[0].split()
        if not words or words[0].startswith(b":"):
            continue
        if len(words) == 1 and words[0].isdigit():
            current = {}
            frames.append(current)
            check_size(len(frames), len(body.bones), path)
            continue
        name = words[0].decode("utf-8", "replace")
        if not frames or name not in free or name in current or len(words) != 1 + free[name]:
            raise SadvaeError(f"{path}, line {number}: {name[:40]!r} with {len(words) - 1} numbers is not expected.")
        current[name] = _numbers(
            [word.decode("utf-8", "replace") for word in words[1:]], free[name], f"{path}, line {number}"
        )
    if not frames:
        raise SadvaeError(f"{path} holds no frame; expected numbered frames of bone angles.")
    return frames


def ends(body: Body, frames: list[Mapping[str, list[float]]]) -> np.ndarray:
    """Where the root is and every bone ends, by forward kinematics: float64 [frame, bone, 3], units of the file.

    A bone turns by its angles about the fixed axes of its own frame, x first; a bone that a frame lacks does not turn.
    """
    where = np.zeros((len(frames), len(body.bones), 3))
    turned: list[np.ndarray] = []
    for place, bone in enumerate(body.bones):
        values = np.array([frame.get(bone.name) or [0.0] * len(bone.free) for frame in frames])
        shift, turn = _motion(body, bone, values.reshape(len(frames), -1))
        if place == 0:
            where[:, 0] = np.array(body.start) + shift
        else:
            turn = turned[bone.parent] @ turn
            along = np.array(bone.direction) * bone.length
            where[:, place] = where[:, bone.parent] + turn @ along
        turned.append(turn)
    return where


def _motion(body: Body, bone: Bone, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The shift [frame, 3] and rotation [frame, 3, 3] of one bone."""
    scale = np.pi / 180 if body.degrees else 1.0
    shift = np.zeros((len(values), 3))
    turns = []
    for place, name in enumerate(bone.free):
        if name[0] == "t":
            shift[:, _AXES[name[1]]] = values[:, place]
        elif name[0] == "r":
            turns.append((place, _AXES[name[1]]))
    frame = _fixed([_AXES[letter] for letter in bone.order], np.array([bone.axis]) * scale)[0]
    # In the order of the list of freedoms, about fixed axes.
    turn = _fixed([axis for _, axis in turns], values[:, [place for place, _ in turns]] * scale)
    return shift, frame @ turn @ frame.T


def _fixed(axes: list[int], angles: np.ndarray) -> np.ndarray:
    """Rotations about fixed axes in turn: the first is applied first."""
    return in_turn(axes[::-1], angles[:, ::-1])


def _numbers(words: list[str], count: int, place: str) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = []
    if len(values) != count or not all(abs(value) < LARGEST for value in values):
        raise SadvaeError(f"{place}: {' '.join(words)[:40]!r}; expected {count} numbers.")
    return values


def _free(words: list[str], place: str) -> list[str]:
    found = [word.lower() for word in words]
    if len(set(found)) != len(found) or not set(found) <= set(_DEGREES_OF_FREEDOM):
        raise SadvaeError(f"{place}: {' '.join(words)[:40]!r}; expected some of {' '.join(_DEGREES_OF_FREEDOM)}.")
    return found


def _order(words: list[str], place: str) -> str:
    order = words[0].lower() if words else ""
    if sorted(order) != ["x", "y", "z"]:
        raise SadvaeError(f"{place}: {order[:20]!r} is not an order of axes; expected XYZ or its like.")
    return order


AMC = RawFormat(
    name="amc",
    title="ASF/AMC",
    suffix=".amc",
    pattern=r"(?:(?:HDM_)?(?P<subject>\d{1,4}|(?<=HDM_)[a-z]{2})_.+|(?!\.).+)\.amc",
    classes=0,
    layout=LAYOUT,
    read=read_amc_file,
    beside=lambda path: [_skeleton_of(path)],
)
