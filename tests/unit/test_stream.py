"""Preparation in a stream: stores, manifests, several processes, and going on after a real kill."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sadvae import preparing, stages
from sadvae.encoders.bodies import Bodies
from sadvae.errors import SadvaeError
from sadvae.preparing import Preparation, default_target, prepare_once, prepare_to
from sadvae.settings import DataSettings
from sadvae.skeleton.clips_file import read_clips_file, write_clips_file
from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.manifest import facts, read_manifest
from sadvae.skeleton.parts import PartReport, make_plan, read_clip_list, read_report
from sadvae.skeleton.read import source_digest
from sadvae.skeleton.recipe import PrepareSettings, recipe
from sadvae.skeleton.store import part_name, read_clip_store, read_prepared
from sadvae.skeleton.stream import run_plan
from sadvae.stages import Prepared
from sadvae.types import ClipSet, SkeletonClip
from tests.conftest import make_clips
from tests.unit.raw_files import write_ntu

RAW = generate_clip_set(actions=("squat", "jump"), subjects=1, repetitions=2, frames=(20, 30)).clips
NTU60 = DataSettings(dataset="ntu60")


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve NTU files of two folders: one is empty; cameras 1 to 3, setups 1 and 2, subjects 1 and 3."""
    folder = tmp_path_factory.mktemp("recordings")
    for number in range(12):
        name = f"S{number % 2 + 1:03d}C{number % 3 + 1:03d}P{1 + 2 * (number > 5):03d}R001A{number + 1:03d}.skeleton"
        place = folder / f"part{number % 2}"
        place.mkdir(exist_ok=True)
        joints = RAW[number % len(RAW)].joints[0].astype(float).round(6)
        write_ntu(place / name, [{1: frame} for frame in joints] if number != 4 else [{}, {}])
    return folder


def same_clips(one: ClipSet, other: ClipSet) -> None:
    for a, b in zip(one.clips, other.clips, strict=True):
        assert (a.clip_id, a.label, a.subject) == (b.clip_id, b.label, b.subject)
        np.testing.assert_array_equal(a.joints, b.joints)
    assert (one.dataset, one.class_names, one.steps) == (other.dataset, other.class_names, other.steps)


@pytest.mark.parametrize("target", ["clips.npz", "clips"])
def test_processes_with_one_target_take_turns(
    target: str, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever begins removes half-written files, which may be those of another one; here the first is in the middle."""
    began, go_on = threading.Semaphore(0), threading.Event()

    def slow(*given: Any) -> list[PartReport]:
        began.release()
        assert go_on.wait(60)
        return run_plan(*given)

    def prepare() -> Prepared:
        return prepare_to(tmp_path / target, NTU60, PrepareSettings(), recordings, Preparation(1))

    monkeypatch.setattr(preparing, "run_plan", slow)
    with ThreadPoolExecutor(2) as both:
        found = [both.submit(prepare) for _ in range(2)]
        assert began.acquire(timeout=60)
        both_began = began.acquire(timeout=0.5)
        go_on.set()
        assert not both_began
        same_clips(*(one.result().clips for one in found))


def test_what_is_prepared_once_is_so_for_two_processes(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def counted(*given: Any) -> list[PartReport]:
        calls.append(1)
        time.sleep(0.5)
        return run_plan(*given)

    monkeypatch.setattr(preparing, "run_plan", counted)
    with ThreadPoolExecutor(2) as both:
        given = (tmp_path, NTU60, PrepareSettings(), recordings, lambda *_: None)
        found = [both.submit(prepare_once, *given) for _ in range(2)]
        assert {one.result() for one in found} == {tmp_path / "clips.npz"}
    assert len(calls) == 1


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("processes", [1, 2])
def test_a_store_holds_what_preparation_in_memory_gives(processes: int, recordings: Path, tmp_path: Path) -> None:
    whole = stages.prepare(NTU60, PrepareSettings(), recordings)
    heard: list[tuple[int, int]] = []
    plan = make_plan(recordings, PrepareSettings(), class_names=whole.clips.class_names, files_per_part=3)
    run_plan(plan, tmp_path / "parts", processes, lambda done, total, note: heard.append((done, total)))
    assert sorted(heard) == [(3, 12), (6, 12), (9, 12), (12, 12)]
    ready = prepare_to(tmp_path / "clips", NTU60, PrepareSettings(), recordings, Preparation(processes))
    same_clips(ready.clips, whole.clips)
    assert all(isinstance(clip.joints, np.memmap) for clip in ready.clips.clips)
    assert ready.manifest.model_copy(update={"parts": []}) == whole.manifest
    assert read_manifest(tmp_path / "clips" / "manifest.json") == ready.manifest
    single = prepare_to(tmp_path / "clips.npz", NTU60, PrepareSettings(), recordings, Preparation(processes))
    same_clips(single.clips, whole.clips)
    assert single.manifest == whole.manifest
    assert {path.name for path in tmp_path.iterdir()} == {
        "clips", "clips.npz", "clips.manifest.json", "clips.sha256", "parts"
    }  # fmt: skip


def test_the_manifest_says_what_was_read_kept_and_dropped(recordings: Path, tmp_path: Path) -> None:
    names = tmp_path / "bad.txt"
    names.write_text("The following have faults\n\nS001C001P003R001A007\nS009C001P001R001A001.skeleton\n")
    how = Preparation(exclude=names)
    manifest = prepare_to(tmp_path / "clips", NTU60, PrepareSettings(), recordings, how).manifest
    assert (manifest.clips_read, manifest.clips_kept) == (12, 10)
    reasons = {item.clip: item.reason for item in manifest.dropped}
    assert reasons == {
        "S001C002P001R001A005": "it holds no body: every joint of every frame is (0, 0, 0)",
        "S001C001P003R001A007": "it is in the list bad.txt",
    }
    assert manifest.source_sha256 == source_digest(recordings)
    found = manifest.facts
    assert found.clips_per_subject == {"1": 5, "3": 5}
    assert found.clips_per_setup == {"1": 4, "2": 6}
    assert found.clips_per_camera == {"1": 3, "2": 3, "3": 4}
    assert {name: (sides.train, sides.test) for name, sides in found.protocols.items()} == {
        "ntu60-xsub": (5, 5),
        "ntu-xview": (7, 3),
    }
    assert sum(found.clips_per_class.values()) == 10
    # The sums are those that any other tool makes of the files.
    for line in (tmp_path / "clips" / "sources.sha256").read_text().splitlines():
        digest, name = line.split("  ")
        assert digest == hashlib.sha256((recordings / name).read_bytes()).hexdigest()


def named(dataset: str, names: list[str]) -> ClipSet:
    base = generate_clip_set(actions=("squat",), subjects=1, repetitions=1).clips[0]
    joints = np.broadcast_to(base.joints[:, :1], (1, 1, 25, 3))
    clips = tuple(
        SkeletonClip(np.ascontiguousarray(joints), base.layout, name, int(name[17:20]) - 1, str(int(name[9:12])))
        for name in names
    )
    return ClipSet(dataset, base.layout, clips, tuple(f"action {i}" for i in range(120)))


def test_counts_are_compared_with_the_published_ones_for_a_whole_data_set() -> None:
    names = [f"S{s:03d}C{c:03d}P{p:03d}R001A001" for s in (1, 2) for c in (1, 2, 3) for p in (1, 3)]
    small = facts(named("ntu60", names)).protocols
    assert all(sides.published is None for sides in small.values())
    whole = facts(named("ntu60", names), read=56_880).protocols
    assert whole["ntu60-xsub"].published == (40_091, 16_487)
    assert not whole["ntu60-xsub"].as_published
    assert whole["ntu60-xsub"].model_copy(update={"train": 40_091, "test": 16_487}).as_published
    larger = facts(named("ntu120", names), read=114_480).protocols
    assert {rule: sides.published for rule, sides in larger.items()} == {
        "ntu120-xsub": (63_026, 50_919),
        "ntu-xview": None,
        "ntu120-xset": (54_468, 59_477),
    }
    assert (larger["ntu120-xset"].train, larger["ntu-xview"].train) == (6, 8)


# Stopping and going on.


def many_recordings(folder: Path, count: int) -> Path:
    folder.mkdir()
    paths = [folder / f"S001C001P001R{number:03d}A001.skeleton" for number in range(count)]
    for path, clip in zip(paths, RAW, strict=False):
        write_ntu(path, [{1: frame} for frame in clip.joints[0].astype(float).round(4)])
    for number, path in enumerate(paths[len(RAW) :]):
        shutil.copyfile(paths[number % len(RAW)], path)
    return folder


@pytest.mark.parametrize("processes", [1, 2])
def test_a_killed_preparation_goes_on_without_redoing_finished_parts(processes: int, tmp_path: Path) -> None:
    source = many_recordings(tmp_path / "source", 800)
    out = tmp_path / "clips"
    words = ["prepare", str(source), "--out", str(out), "--dataset", "ntu60", "--processes", str(processes)]
    command = [sys.executable, "-m", "sadvae.cli.main", *words]
    first = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while read_report(out, 2) is None and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    time.sleep(0.5)
    assert not (out / "manifest.json").exists()
    with pytest.raises(SadvaeError, match="is not finished"):
        read_clip_store(out)
    done = {path.name: path.stat().st_mtime_ns for path in out.glob("part-*")}
    finished = [name for name in done if name.endswith(".json")]
    assert 3 <= len(finished) < 13
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    for name in finished:
        for path in (out / name, (out / name).with_suffix(".npz")):
            assert path.stat().st_mtime_ns == done[path.name]
    prepare_to(tmp_path / "unbroken", NTU60, PrepareSettings(), source, Preparation(1))
    assert contents(out) == contents(tmp_path / "unbroken")


def test_a_damaged_file_stops_the_work_and_the_rest_is_done_later(recordings: Path, tmp_path: Path) -> None:
    source = many_recordings(tmp_path / "source", 130)
    broken = source / "S001C001P001R100A001.skeleton"
    good = broken.read_bytes()
    broken.write_bytes(good[: len(good) // 2])
    for processes in (1, 2):
        with pytest.raises(SadvaeError, match=r"R100A001\.skeleton ends after line|R100A001\.skeleton, line"):
            prepare_to(tmp_path / "clips", NTU60, PrepareSettings(), source, Preparation(processes))
    skipping = prepare_to(tmp_path / "other", NTU60, PrepareSettings(), source, Preparation(2, skip_damaged=True))
    (item,) = skipping.manifest.dropped
    assert item.clip == "S001C001P001R100A001"
    assert item.reason.startswith("its file is damaged: ")
    assert skipping.manifest.clips_kept == 129
    broken.write_bytes(good)
    assert prepare_to(tmp_path / "clips", NTU60, PrepareSettings(), source).manifest.clips_kept == 130


def test_another_recipe_starts_afresh_and_the_same_one_does_nothing_again(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "clips"
    first = prepare_to(out, NTU60, PrepareSettings(), recordings)
    before = (out / part_name(0)).stat().st_mtime_ns
    prepare_to(out, NTU60, PrepareSettings(), recordings)
    assert (out / part_name(0)).stat().st_mtime_ns == before
    other = prepare_to(out, NTU60, recipe("ctrgcn"), recordings)
    assert other.clips.steps == recipe("ctrgcn").steps != first.clips.steps
    assert (out / part_name(0)).stat().st_mtime_ns != before


def test_a_folder_of_something_else_is_left_alone(recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    for target in (tmp_path / "mine", tmp_path / "mine" / "thesis.txt"):
        with pytest.raises(SadvaeError, match="is not a store of clips"):
            prepare_to(target, NTU60, PrepareSettings(), recordings)
    prepare_to(tmp_path / "clips", NTU60, PrepareSettings(), recordings)
    (tmp_path / "clips" / "notes.txt").write_text("kept")
    prepare_to(tmp_path / "clips", NTU60, recipe("aimclr"), recordings)
    assert (tmp_path / "clips" / "notes.txt").read_text() == "kept"


def test_where_no_clip_is_left_nothing_is_left(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    write_ntu(source / "S001C001P001R001A001.skeleton", [{}])
    for target in ("clips", "clips.npz"):
        with pytest.raises(SadvaeError, match=r"no clip of .* is left after preparation; the first: it holds no body"):
            prepare_to(tmp_path / target, NTU60, PrepareSettings(), source)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_lists_of_clips(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("Three lines of prose\nS001C002P005R002A008\nS001C002P005R002A009.skeleton\n\n")
    assert read_clip_list(path) == {"S001C002P005R002A008", "S001C002P005R002A009"}
    path.write_text("nothing but words here\n")
    with pytest.raises(SadvaeError, match="names no clip"):
        read_clip_list(path)
    with pytest.raises(SadvaeError, match="not a readable list"):
        read_clip_list(tmp_path / "none.txt")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SadvaeError, match="not a readable list"):
        read_clip_list(path)


def test_one_name_in_two_folders_is_refused_before_any_work(recordings: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "source" / folder).mkdir(parents=True)
        write_ntu(tmp_path / "source" / folder / "S001C001P001R001A001.skeleton", [{}])
    with pytest.raises(SadvaeError, match="more than once"):
        prepare_to(tmp_path / "clips", NTU60, PrepareSettings(), tmp_path / "source")
    assert not (tmp_path / "clips").exists()


def test_the_default_target_is_one_file_for_few_recordings(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_target(None) == default_target(recordings) == "clips.npz"
    monkeypatch.setattr("sadvae.preparing.MANY", 11)
    assert default_target(recordings) == "clips"


# Stores of clips that were in memory, and faulty stores.


def test_clips_in_memory_become_a_store_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sadvae.skeleton.store.CLIPS_PER_PART", 5)
    write_clips_file(tmp_path / "raw.npz", make_clips())
    data = DataSettings(dataset="sticks")
    ready = prepare_to(tmp_path / "clips", data, PrepareSettings(), tmp_path / "raw.npz")
    same_clips(ready.clips, stages.prepare(data, PrepareSettings(), tmp_path / "raw.npz").clips)
    assert len(ready.manifest.parts) == 7
    assert ready.manifest.facts.protocols["odd"].train == 16
    same_clips(read_prepared(tmp_path / "clips"), ready.clips)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write_clips_file(tmp_path / "raw.npz", make_clips())
    prepare_to(tmp_path / "clips", DataSettings(dataset="sticks"), PrepareSettings(), tmp_path / "raw.npz")
    return tmp_path / "clips"


def test_a_store_is_opened_without_reading_the_clips(store: Path) -> None:
    found = read_clip_store(store)
    assert found.source == store
    assert found.where([True] * len(found.clips)).source is None
    for clip in found.clips:
        assert not clip.joints.flags.writeable
    assert not any(isinstance(clip.joints, np.memmap) for clip in read_clip_store(store, mapped=False).clips)


def test_numbers_that_are_not_finite_are_found_when_they_are_used(store: Path) -> None:
    whole = read_clips_file(store / part_name(0))
    bad = whole.clips[3].joints.copy()
    bad[0, 2, 1, 0] = np.nan
    raw = bytearray((store / part_name(0)).read_bytes())
    place = raw.find(whole.clips[3].joints.tobytes())
    raw[place : place + bad.nbytes] = bad.tobytes()
    (store / part_name(0)).write_bytes(raw)
    found = read_clip_store(store)
    with pytest.raises(SadvaeError, match=f"clip '{whole.clips[3].clip_id}' holds a number that is not finite"):
        Bodies.of(found.clips)
    assert len(Bodies.of(found.clips[4:]).lengths) == len(found.clips) - 4


@pytest.mark.parametrize(
    ("parts", "said"), [([], r"part '\(none\)'"), (["../raw.npz"], "part '../raw.npz'"), (["part-00009.npz"], "exist")]
)
def test_a_manifest_with_other_parts_is_refused(parts: list[str], said: str, store: Path) -> None:
    text = json.loads((store / "manifest.json").read_text())
    (store / "manifest.json").write_text(json.dumps(text | {"parts": parts}))
    with pytest.raises(SadvaeError, match=said):
        read_clip_store(store)


def fault(store: Path) -> str | None:
    try:
        for clip in read_clip_store(store).clips:
            np.isfinite(clip.joints).all()
    except SadvaeError as error:
        return str(error)
    return None


def test_damaged_parts_never_give_a_traceback(store: Path) -> None:
    good = (store / part_name(0)).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(150):
        data = bytearray(good[: int(rng.integers(0, len(good)))] if rng.random() < 0.5 else good)
        for place in rng.integers(0, max(len(data), 1), 6).tolist() if data else []:
            data[place] = int(rng.integers(256))
        (store / part_name(0)).write_bytes(data)
        said = fault(store)
        assert said is None or ("clips" in said and "\n" not in said)


def test_a_compressed_part_is_read(store: Path) -> None:
    with np.load(store / part_name(0)) as arrays:
        np.savez_compressed(store / "packed.npz", **arrays)
    expected = read_clips_file(store / part_name(0))
    os.replace(store / "packed.npz", store / part_name(0))
    same_clips(replace(read_clip_store(store), source=None), expected)
