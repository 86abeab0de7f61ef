"""Find the skeleton files of a folder, and tell by their names which format they have."""

from __future__ import annotations

import os
from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.skeleton.asf_amc import AMC
from sadvae.skeleton.bvh import BVH
from sadvae.skeleton.collection import ManyFormat
from sadvae.skeleton.estimators import ESTIMATES
from sadvae.skeleton.gcn_arrays import CTR_NPZ, NPY_CLIPS
from sadvae.skeleton.msr_action3d import MSR_ACTION3D
from sadvae.skeleton.ntu import NTU
from sadvae.skeleton.pku_mmd import PKU_MMD
from sadvae.skeleton.pyskl import PYSKL
from sadvae.skeleton.recording import RawFormat
from sadvae.skeleton.utd_mhad import UTD_MHAD

RAW_FORMATS: tuple[RawFormat, ...] = (UTD_MHAD, MSR_ACTION3D, NTU, BVH, AMC)
MANY_FORMATS: tuple[ManyFormat, ...] = (PKU_MMD, PYSKL, NPY_CLIPS, CTR_NPZ, ESTIMATES)
CLIPS_SUFFIX = ".npz"
_EXPECTED = (
    "expected UTD-MHAD (aA_sS_tT_skeleton.mat), MSR-Action3D (aA_sS_eE_skeleton3D.txt), NTU RGB+D "
    "(SsssCcccPpppRrrrAaaa.skeleton), PKU-MMD (0002-L.txt), pyskl (.pkl), ST-GCN or SMIE (train_data.npy), CTR-GCN or "
    "clips files (.npz), pose estimators (.json), BVH or ASF/AMC; arrays of your own: docs/clips.md; videos go "
    "through `sadvae poses` first"
)

Found = RawFormat | ManyFormat | None


def find_files(source: Path) -> tuple[Found, list[Path]]:
    """The format (None: clips files) and the files, sorted, of a file or of a folder and the folders in it.

    In a folder only names that a data set or a clips file has count, so lists and notes beside them do no harm; a file
    that is named by itself may have any name. Raises SadvaeError if there is none, or several formats at once.
    """
    if source.is_file():
        return _format_of_file(source), [source]
    if not source.is_dir():
        found = "is neither a file nor a folder" if source.exists() else "does not exist"
        raise SadvaeError(f"{source} {found}; check the path.")
    by_format: dict[Found, list[Path]] = {}
    for path in _all_files(source):
        for found in _formats_in_folder(path):
            by_format.setdefault(found, []).append(path)
    if not by_format:
        raise SadvaeError(f"{source} holds no skeleton file; {_EXPECTED}.")
    if len(by_format) > 1:
        found = " and ".join(f"{len(paths)} of {_title(kind)}" for kind, paths in by_format.items())
        raise SadvaeError(f"{source} holds files of several formats, {found}; name a folder with one of them.")
    return next(iter(by_format.items()))


def _formats_in_folder(path: Path) -> list[Found]:
    """The format that a file of a folder has, if any: many-clip ones are told by name and first bytes."""
    if path.name.startswith("."):
        return []
    suffix = path.suffix.lower()
    many = [form for form in MANY_FORMATS if suffix in form.suffixes and form.matches(path)]
    raw = [form for form in RAW_FORMATS if form.names_action(path)]
    return [*many, *raw] or ([None] if path.suffix == CLIPS_SUFFIX else [])


def _title(raw_format: Found) -> str:
    return "clips (.npz)" if raw_format is None else raw_format.title


def _format_of_file(path: Path) -> Found:
    suffix = path.suffix.lower()
    for form in MANY_FORMATS:
        if suffix in form.suffixes and form.matches(path):
            return form
    if suffix == CLIPS_SUFFIX:
        return None
    for raw_format in RAW_FORMATS:
        if suffix == raw_format.suffix:
            return raw_format
    raise SadvaeError(f"{path} is not a skeleton file by its name; {_EXPECTED}.")


def _all_files(folder: Path) -> list[Path]:
    """All files, without devices and pipes, and with links that lead nowhere: a recording is missing there."""
    paths = (os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)
    return sorted(Path(path) for path in paths if os.path.isfile(path) or not os.path.exists(path))
