"""Preparation in parts: a plan names the source files of every part, and each part becomes one clips file by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from sadvae import __version__
from sadvae.errors import SadvaeError
from sadvae.files import read_json, sha256_of, write_json
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.find import RAW_FORMATS, find_files
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.preprocess import Dropped, prepare_clip
from sadvae.skeleton.read import action_names, check_dataset, check_layout, dataset_of
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.skeleton.recording import RawFormat
from sadvae.skeleton.store import PLAN, part_name
from sadvae.types import ClipSet, Layout, SkeletonClip, duplicates

# A store has a file open for each part, so parts are large; they are smaller where a set would have few of them.
MOST_FILES, FEWEST_FILES, PARTS = 1024, 64, 16
DAMAGED = "its file is damaged: "


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Plan(_Frozen):
    """What is prepared from which files; a worker needs nothing else.

    source: the folder that files (relative, in order) are in. sizes: bytes of each. state: hash of sizes and times of
    change. excluded: clips to leave out, from the list `excluded_by`. damaged: whether damaged files stop the work.
    """

    version: str = __version__
    source: str
    raw_format: str
    files: list[str]
    sizes: list[int]
    state: str
    dataset: str
    class_names: list[str]
    settings: PrepareSettings
    excluded: list[str] = []
    excluded_by: str = ""
    skip_damaged: bool = False
    files_per_part: int

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return -(-len(self.files) // self.files_per_part)

    def of_part(self, number: int) -> slice:
        """Which files a part is made of."""
        return slice(number * self.files_per_part, (number + 1) * self.files_per_part)


class PartReport(_Frozen):
    """What became of a part: sha256 and name of each source file, clips kept, and (clip, reason) of the others."""

    sources: list[tuple[str, str]]
    kept: int
    dropped: list[tuple[str, str]]


def make_plan(
    source: Path,
    settings: PrepareSettings,
    *,
    layout: str | Path | None = None,
    dataset: str | None = None,
    class_names: Sequence[str] | None = None,
    exclude: Path | None = None,
    skip_damaged: bool = False,
    files_per_part: int | None = None,
) -> Plan:
    """Plan the preparation of a folder or file of raw recordings (not of clips files). Raises SadvaeError."""
    raw_format, paths = find_files(source)
    if not isinstance(raw_format, RawFormat):
        raise SadvaeError(f"{source} holds many clips in one file; recordings, one a file, were expected.")
    check_dataset(raw_format, dataset, source)
    check_layout(raw_format, layout, source)
    labels = [raw_format.label_and_subject(path)[0] for path in paths]
    name = dataset or dataset_of(raw_format, labels)
    twice = duplicates(path.stem for path in paths)
    if twice:
        raise SadvaeError(f"{name} holds clip {twice[0]!r} more than once; give each clip one name of its own.")
    states = [path.stat() for path in paths]
    base = source if source.is_dir() else source.parent
    return Plan(
        source=str(base.resolve()),
        raw_format=raw_format.name,
        files=[path.relative_to(base).as_posix() for path in paths],
        sizes=[state.st_size for state in states],
        state=hashlib.sha256(str([(s.st_size, s.st_mtime_ns) for s in states]).encode()).hexdigest(),
        dataset=name,
        class_names=list(class_names or action_names(raw_format, name, labels)),
        settings=settings,
        excluded=sorted(read_clip_list(exclude)) if exclude else [],
        excluded_by=exclude.name if exclude else "",
        skip_damaged=skip_damaged,
        files_per_part=files_per_part or min(MOST_FILES, max(FEWEST_FILES, -(-len(paths) // PARTS))),
    )


def read_clip_list(path: Path) -> frozenset[str]:
    """Names of clips, one a line, with or without a file's ending; other lines of prose do no harm.

    Raises SadvaeError if the file cannot be read or names nothing.
    """
    try:
        words = [line.split() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise SadvaeError(f"{path} is not a readable list of clip names: {error}.") from error
    names = frozenset(line[0].removesuffix(".skeleton") for line in words if len(line) == 1)
    if not names:
        raise SadvaeError(f"{path} names no clip; expected one name a line, such as S001C002P005R002A008.")
    return names


def read_plan(folder: Path) -> Plan | None:
    """The plan of a folder; None where there is none that this version can read."""
    try:
        return Plan.model_validate(read_json(folder / PLAN)) if (folder / PLAN).is_file() else None
    except (SadvaeError, ValidationError):
        return None


def read_report(folder: Path, number: int) -> PartReport | None:
    """The report of a finished part; None where it is not finished."""
    path = (folder / part_name(number)).with_suffix(".json")
    if not path.is_file() or not (folder / part_name(number)).is_file():
        return None
    try:
        return PartReport.model_validate(read_json(path))
    except (SadvaeError, ValidationError):
        return None


def do_part(plan: Plan, folder: Path, number: int) -> PartReport:
    """Read, prepare and write one part; its report is written last. Raises SadvaeError for a damaged file."""
    keep_freed_memory()
    raw_format = next(one for one in RAW_FORMATS if one.name == plan.raw_format)
    layout, excluded = load_layout(raw_format.layout), frozenset(plan.excluded)
    clips: list[SkeletonClip] = []
    dropped: list[Dropped] = []
    files = plan.files[plan.of_part(number)]
    for name in files:
        path = Path(plan.source, name)
        if path.stem in excluded:
            made: SkeletonClip | Dropped = Dropped(path.stem, f"it is in the list {plan.excluded_by}")
        else:
            made = _prepared(path, raw_format, layout, plan)
        if isinstance(made, Dropped):
            dropped.append(made)
        else:
            clips.append(made)
    part = ClipSet(plan.dataset, layout, tuple(clips), tuple(plan.class_names), plan.settings.steps)
    write_clips_file(folder / part_name(number), part)
    sources = [(sha256_of(Path(plan.source, name)), name) for name in files]
    report = PartReport(sources=sources, kept=len(clips), dropped=[(item.clip_id, item.reason) for item in dropped])
    write_json((folder / part_name(number)).with_suffix(".json"), report.model_dump(mode="json"))
    return report


def _prepared(path: Path, raw_format: RawFormat, layout: Layout, plan: Plan) -> SkeletonClip | Dropped:
    try:
        clip = raw_format.read_clip(path, layout, all_bodies=plan.settings.all_bodies)
    except SadvaeError as error:
        if not plan.skip_damaged:
            raise
        return Dropped(path.stem, f"{DAMAGED}{error}")
    return prepare_clip(clip, plan.settings)


def keep_freed_memory() -> None:
    """Have glibc keep the memory that arrays of one file took for those of the next one.

    It gives freed blocks back to the system until a larger one was freed. Getting the pages anew for every file takes a
    third of the time of reading it.
    """
    block = np.empty(31 * 2**20, np.uint8)
    del block
