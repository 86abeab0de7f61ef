"""Read raw clips from any supported file or folder, and say which data set they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from sadvae.errors import SadvaeError, located
from sadvae.files import sha256_of
from sadvae.skeleton.clips_file import clips_file_dataset, read_clips_file
from sadvae.skeleton.collection import Collection, ManyFormat
from sadvae.skeleton.find import find_files
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.msr_action3d import MSR_ACTION3D
from sadvae.skeleton.ntu import NTU
from sadvae.skeleton.pku_mmd import PKU_MMD
from sadvae.skeleton.recording import RawFormat
from sadvae.skeleton.utd_mhad import UTD_MHAD
from sadvae.types import ClipSet, Layout, SkeletonClip

NTU60_CLASSES = 60
# Data sets that are published in a format of their own.
PUBLISHED: Mapping[str, RawFormat | ManyFormat] = {
    "utd_mhad": UTD_MHAD,
    "msr_action3d": MSR_ACTION3D,
    "ntu60": NTU,
    "ntu120": NTU,
    "pku51": PKU_MMD,
}
Progress = Callable[[int, int], None]
Item = TypeVar("Item")


def guess_dataset(source: str | Path) -> str:
    """The name of the data set in a file or folder: utd_mhad, msr_action3d, ntu60, ntu120, pku51, or the file's own.

    Raises SadvaeError where there is no supported file, or files of several data sets.
    """
    raw_format, paths = find_files(Path(source))
    if isinstance(raw_format, ManyFormat):
        return raw_format.open(paths, None).dataset
    return clips_file_dataset(paths[0]) if raw_format is None else dataset_of(raw_format, _labels(raw_format, paths))


def read_clip_set(
    source: str | Path,
    *,
    layout: str | Path | None = None,
    dataset: str | None = None,
    class_names: Sequence[str] | None = None,
    progress: Progress | None = None,
    all_bodies: bool = False,
) -> ClipSet:
    """All clips of a file, or of a folder and the folders in it.

    layout: of files that name none. dataset: the name to give (default: found from the files). class_names: the
    name of each class id (default: those of the clips file, or "action 1", "action 2" and so on). progress is called
    with (files read, files in all). all_bodies: every body that a sensor reported, where reading would choose.
    Raises SadvaeError that names the file and what is wrong with it.
    """
    raw_format, paths = find_files(Path(source))
    if isinstance(raw_format, ManyFormat):
        opened = raw_format.open(paths, None if layout is None else load_layout(layout))
        return _collected(opened, dataset, class_names, progress)
    files = _counted(paths, progress)
    if raw_format is None:
        return merged([read_clips_file(p, layout, dataset=dataset, class_names=class_names) for p in files], source)
    check_dataset(raw_format, dataset, source)
    own = check_layout(raw_format, layout, source)
    clips = tuple(raw_format.read_clip(path, own, all_bodies=all_bodies) for path in files)
    labels = [clip.label for clip in clips]
    name = dataset or dataset_of(raw_format, labels)
    return ClipSet(name, own, clips, tuple(class_names or action_names(raw_format, name, labels)))


def check_layout(raw_format: RawFormat, layout: str | Path | None, source: str | Path) -> Layout:
    """The layout of a raw format. Raises SadvaeError where another one is asked for."""
    own = load_layout(raw_format.layout)
    if layout is not None and load_layout(layout).joints != own.joints:
        raise SadvaeError(f"{source} holds {raw_format.title} files, whose layout is {own.name}, not {layout}.")
    return own


def check_dataset(raw_format: RawFormat, dataset: str | None, source: str | Path) -> None:
    """Refuse recordings of one published data set under the name of another: labels would mean other classes.

    dataset: the name that was given; None and names that are not published fit any files. Raises SadvaeError.
    """
    own = PUBLISHED.get(dataset or "", raw_format)
    if own is not raw_format:
        raise SadvaeError(
            f"{source} holds {raw_format.title} files, where those of {dataset} were expected ({own.title}); give "
            "their folder, or name the data set that these are of."
        )


def read_clips(path: str | Path, *, all_bodies: bool = False, layout: str | Path | None = None) -> list[SkeletonClip]:
    """The raw clips of one file of any supported format (or of a folder); label and subject where they are known.

    layout: of files that name none. Raises SadvaeError for a damaged file, and for a clips file that was already
    prepared.
    """
    found = read_clip_set(path, all_bodies=all_bodies, layout=layout)
    if found.steps:
        raise SadvaeError(
            f"{path} holds prepared clips ({', '.join(found.steps)}); give the raw recordings that it was made of."
        )
    return list(found.clips)


def source_digest(path: str | Path) -> str:
    """A sha256, in hexadecimal, over the names (relative, sorted) and contents of the files that would be read,
    and of those that belong to them (labels, shared skeletons).
    """
    source = Path(path)
    digest = hashlib.sha256()
    raw_format, paths = find_files(source)
    beside = {other for path in paths for other in raw_format.beside(path)} if raw_format else set()
    for found in [*paths, *sorted(beside)]:
        inside = source.is_dir() and found.is_relative_to(source)
        name = found.relative_to(source).as_posix() if inside else found.name
        # The bytes of the name, which need not be UTF-8.
        digest.update(f"{sha256_of(found)} {name}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _counted(items: Sequence[Item], progress: Progress | None) -> Iterator[Item]:
    for done, item in enumerate(items):
        yield item
        if progress is not None:
            progress(done + 1, len(items))


def _collected(
    opened: Collection, dataset: str | None, class_names: Sequence[str] | None, progress: Progress | None
) -> ClipSet:
    clips = tuple(opened.clip(place) for place in _counted(range(opened.count), progress))
    most = max((clip.label + 1 for clip in clips if clip.label is not None), default=0)
    most = max(most, {"ntu60": NTU60_CLASSES, "ntu120": NTU.classes}.get(opened.dataset, 0))
    names = class_names or opened.class_names or [f"action {i + 1}" for i in range(most)]
    return ClipSet(dataset or opened.dataset, opened.layout, clips, tuple(names))


def _labels(raw_format: RawFormat, paths: Sequence[Path]) -> list[int | None]:
    return [raw_format.label_and_subject(path)[0] for path in paths]


def dataset_of(raw_format: RawFormat, labels: Sequence[int | None]) -> str:
    """The name of the data set that files of a raw format with these labels are of."""
    if raw_format is not NTU:
        return raw_format.name
    return "ntu60" if all(label is None or label < NTU60_CLASSES for label in labels) else "ntu120"


def action_names(raw_format: RawFormat, dataset: str, labels: Sequence[int | None]) -> list[str]:
    """Names of classes where nobody gives any: "action 1" and so on, for all that there are."""
    published = NTU60_CLASSES if dataset == "ntu60" else raw_format.classes
    most = max((label + 1 for label in labels if label is not None), default=0)
    return [f"action {i + 1}" for i in range(max(published, most))]


def merged(sets: Sequence[ClipSet], source: str | Path) -> ClipSet:
    """The clips of several clips files as one set; they must agree in layout, preparation and class names.

    A file that names only the first of the classes agrees with one that names more.
    """
    first, names = sets[0], max((one.class_names for one in sets), key=len)
    for other in sets:
        agreed = {
            "layout": other.layout == first.layout,
            "preparation": other.steps == first.steps,
            "class names": other.class_names == names[: len(other.class_names)],
        }
        wrong = [what for what, same in agreed.items() if not same]
        if wrong:
            raise SadvaeError(f"{source} holds clips files that differ in their {wrong[0]}; read them one by one.")
    with located(source):
        return replace(first, clips=tuple(clip for one in sets for clip in one.clips), class_names=names)
