"""Prepare any source into a clips file or a store of clips: recordings in a stream, everything else in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sadvae import __version__, stages
from sadvae.cores import core_count
from sadvae.files import check_apart, read_json, sha256_of, write_json
from sadvae.joined_clips import prepare_joined
from sadvae.locks import locked
from sadvae.settings import DataSettings
from sadvae.skeleton.clips_file import read_clips_file, write_clips_file
from sadvae.skeleton.find import CLIPS_SUFFIX, find_files
from sadvae.skeleton.manifest import Manifest
from sadvae.skeleton.parts import Plan, make_plan
from sadvae.skeleton.read import source_digest
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.skeleton.recording import RawFormat
from sadvae.skeleton.store import MANIFEST, clear_folder, read_clip_store, write_clip_store
from sadvae.skeleton.stream import StreamProgress, end_store, finish, run_plan, write_sources
from sadvae.sources import Source, places, single
from sadvae.stages import Prepared

# From so many files on, clips go to a store by default, and all cores are used.
MANY = 4096
# Hears how far a stage is: its name, steps done, steps in all, and a note.
StageProgress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Preparation:
    """How files are gone through.

    processes: None takes one for a few files and every core for many. exclude: a list of names of clips to leave out.
    skip_damaged: leave damaged files out, with the reason in the manifest, in place of stopping at them.
    """

    processes: int | None = None
    exclude: Path | None = None
    skip_damaged: bool = False


def default_target(source: Source) -> str:
    """The name of what a source is prepared into by default: clips.npz, or the store clips for many recordings."""
    found, paths = find_files(source) if isinstance(source, Path) else (None, [])
    return "clips" if isinstance(found, RawFormat) and len(paths) > MANY else "clips.npz"


def manifest_path(target: Path) -> Path:
    """Where the manifest of a clips file or a store is."""
    return target.with_suffix(".manifest.json") if target.suffix == CLIPS_SUFFIX else target / MANIFEST


def prepare_to(
    target: Path,
    data: DataSettings,
    settings: PrepareSettings,
    source: Source,
    how: Preparation | None = None,
    progress: StreamProgress | None = None,
) -> Prepared:
    """Prepare a source into `target`, a clips file (.npz) or the folder of a store, and write its manifest.

    Recordings, one a file, are read, prepared and written in parts; a stopped run goes on with the parts that are
    missing. A clips file is put together from them in the end, which takes the memory it needs; a store takes none.
    Several data sets are joined in memory (joined_clips.py).
    progress is called with (done, in all, a note on the rate). Of two processes with one target, the second waits until
    the first has written it. Raises SadvaeError.
    """
    how = how or Preparation()
    check_apart(target, *places(source))
    if data.more:
        return _written(target, prepare_joined(data, settings, source, progress))
    source = single(source)
    if source is not None and isinstance(find_files(source)[0], RawFormat):
        return _streamed(target, data, settings, source, how, progress)
    say = None if progress is None else (lambda done, total: progress(done, total, ""))
    return _written(target, stages.prepare(data, settings, source, say, how.exclude))


def _alone(target: Path) -> AbstractContextManager[None]:
    # Beside the lock of the folder, which a stage that prepares holds already, and which nobody may take twice.
    place = target.resolve()
    return locked(place.with_name(f".{place.name}.lock"), leave=False)


def _written(target: Path, ready: Prepared) -> Prepared:
    with _alone(target):
        if target.suffix == CLIPS_SUFFIX:
            write_clips_file(target, ready.clips)
            _write_manifest(target, ready.manifest)
            return ready
        manifest = write_clip_store(target, ready.clips, ready.manifest)
    return Prepared(read_clip_store(target), manifest)


def prepare_once(
    out: Path, data: DataSettings, settings: PrepareSettings, source: Path | None, say: StageProgress
) -> Path:
    """Prepare a source into the folder `out` unless that is done under the same settings; returns where the clips are.

    say is called with ("prepare", done, in all, a note). Raises SadvaeError.
    """
    target, stamp = out / default_target(source), out / "clips.key"
    origin = source_digest(source) if source else "generated"
    names = [sha256_of(part.classes) for part in data.parts if part.classes]
    chosen = [data.model_dump_json(), settings.model_dump_json(), origin, __version__, *names]
    key = {"key": hashlib.sha256("\n".join(chosen).encode()).hexdigest()}
    say("prepare", 0, 0, "")
    with locked(out / ".lock"):
        if not (target.exists() and stamp.is_file() and read_json(stamp) == key):
            stamp.unlink(missing_ok=True)
            prepare_to(target, data, settings, source, progress=partial(say, "prepare"))
            write_json(stamp, key)
    say("prepare", 1, 1, "")
    return target


def _streamed(
    target: Path,
    data: DataSettings,
    settings: PrepareSettings,
    source: Path,
    how: Preparation,
    progress: StreamProgress | None,
) -> Prepared:
    plan = make_plan(
        source,
        settings,
        layout=data.layout,
        dataset=data.dataset,
        class_names=stages.known_names(data),
        exclude=how.exclude,
        skip_damaged=how.skip_damaged,
    )
    # Whoever begins with a folder of parts clears half files away, which may be those of another process.
    with _alone(target):
        return _in_parts(target, plan, how, progress)


def _in_parts(target: Path, plan: Plan, how: Preparation, progress: StreamProgress | None) -> Prepared:
    processes = how.processes or (core_count() if len(plan.files) > MANY else 1)
    single = target.suffix == CLIPS_SUFFIX
    folder = target.with_name(f".{target.name}.parts") if single else target
    reports = run_plan(plan, folder, processes, progress)
    clips, manifest = finish(plan, folder, reports)
    if not single:
        end_store(folder, manifest, reports)
        return Prepared(read_clip_store(target), manifest)
    write_clips_file(target, clips)
    write_sources(target.with_suffix(".sha256"), reports)
    manifest = manifest.model_copy(update={"parts": []})
    _write_manifest(target, manifest)
    clear_folder(folder)
    return Prepared(read_clips_file(target), manifest)


def _write_manifest(target: Path, manifest: Manifest) -> None:
    write_json(manifest_path(target), manifest.model_dump(mode="json"))
