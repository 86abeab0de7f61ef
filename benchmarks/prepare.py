"""How fast NTU RGB+D files are read and prepared, and how much memory that takes.

    python benchmarks/prepare.py --out results/prepare.json

Writes generated recordings as `.skeleton` files of the usual size into a temporary folder: one or two people, bodies of
noise, and frames without anybody. Then it measures, over all files, reading their bytes alone, two plain line-by-line
parsers as published projects have them, our reader, the whole preparation in this process, and `sadvae prepare` with
one and two processes, which also starts up and writes a manifest. Rates of one core go by the processor time of the
process, so that other work on the machine disturbs them less; those of `prepare` go by the clock. Memory is the sum of
the resident memory of all processes of `prepare`, looked at twenty times a second.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from sadvae import __version__
from sadvae.files import write_json
from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.ntu import read_ntu_file
from sadvae.skeleton.parts import keep_freed_memory, make_plan
from sadvae.skeleton.recipe import recipe
from sadvae.skeleton.stream import run_plan

TURN = 100
LINE_END = "\r\n"
JOINT = "%.7g %.7g %.7g %.7g %.7g %.7g %.7g %.7g %.7g %.7g %.7g 2" + LINE_END
BODY = "%s 0 1 1 1 1 0 %.7g %.7g 2" + LINE_END + "25" + LINE_END + JOINT * 25


def write_files(folder: Path, count: int, frames: tuple[int, int], seed: int = 0) -> int:
    """Write `count` recordings; returns their bytes. A Kinect v2 guesses joints that it does not see: none is lost."""
    rng = np.random.default_rng(seed)
    repetitions = -(-count // (36 * 8))
    clips = generate_clip_set(subjects=8, repetitions=repetitions, frames=frames, seed=seed, dropped=0).clips[:count]
    total = 0
    for number, clip in enumerate(clips):
        bodies = {"72057594037931101": clip.joints[0]}
        if number % 5 == 0:
            other = clips[(number * 7 + 1) % count].joints[0] + np.array([1, 0, 0.3], np.float32)
            bodies["72057594037931102"] = other[: len(clip.joints[0])]
        if number % 4 == 0:
            wide = rng.uniform(-1, 1, (int(rng.integers(4, 16)), 25, 3)) * [1.5, 0.4, 0.3] + [0, 0, 3]
            bodies["72057594037931103"] = wide[: len(clip.joints[0])]
        gap = range(10, 10 + int(rng.integers(1, 8))) if number % 6 == 0 else range(0)
        place = (number // 1000 + 1, number % 3 + 1, int(clip.subject or 1), number % 1000, (clip.label or 0) + 1)
        text = recording(bodies, len(clip.joints[0]), gap, rng)
        total += (folder / "S{:03d}C{:03d}P{:03d}R{:03d}A{:03d}.skeleton".format(*place)).write_bytes(text)
    return total


def recording(bodies: dict[str, np.ndarray], frames: int, gap: range, rng: np.random.Generator) -> bytes:
    """The text of one recording, with the columns that nobody reads filled in plausibly."""
    lines = [f"{frames}{LINE_END}"]
    for frame in range(frames):
        there = {} if frame in gap else {body: joints for body, joints in bodies.items() if frame < len(joints)}
        lines.append(f"{len(there)}{LINE_END}")
        for body, joints in there.items():
            rest = rng.normal(size=(25, 8)) * [30, 30, 100, 100, 0.3, 0.3, 0.3, 0.3] + [256, 212, 960, 540, 0, 0, 0, 0]
            numbers = np.concatenate([joints[frame], rest], axis=1).ravel().tolist()
            lines.append(BODY % (body, *rng.normal(0, 0.1, 2).tolist(), *numbers))
    return "".join(lines).encode()


def plain_dictionaries(path: Path) -> list:
    """Line by line, a dictionary for each joint, every number converted: as ST-GCN and the projects after it read."""
    keys = ("x", "y", "z", "depthX", "depthY", "colorX", "colorY", "qw", "qx", "qy", "qz", "state")
    frames = []
    with path.open() as file:
        for _ in range(int(file.readline())):
            bodies = []
            for _ in range(int(file.readline())):
                header = file.readline().split()
                count = int(file.readline())
                joints = [
                    {key: float(word) for key, word in zip(keys, file.readline().split(), strict=True)}
                    for _ in range(count)
                ]
                bodies.append((header, joints))
            frames.append(bodies)
    return frames


def plain_arrays(path: Path) -> list:
    """Line by line, an array for each joint, every number converted: as CTR-GCN reads."""
    with path.open() as file:
        lines = file.readlines()
    at, joints = 1, []
    for _ in range(int(lines[0])):
        bodies = int(lines[at])
        at += 1
        for _ in range(bodies):
            count = int(lines[at + 1])
            at += 2
            joints.append([np.array(line.split(), dtype=np.float32)[:3] for line in lines[at : at + count]])
            at += count
    return joints


def rates(readers: dict[str, Callable[[Path], object]], paths: list[Path], size: int) -> dict[str, float]:
    """MB/s of processor time of each reader; they take turns of 100 files, so that all meet the same machine."""
    seconds = dict.fromkeys(readers, 0.0)
    for first in range(0, len(paths), TURN):
        for name, read in readers.items():
            start = time.process_time()
            for path in paths[first : first + TURN]:
                read(path)
            seconds[name] += time.process_time() - start
    return {name: round(size / spent / 1e6, 1) for name, spent in seconds.items()}


def prepare_here(source: Path, size: int) -> float:
    """MB/s of processor time of reading, hashing, preparing and writing in this process, without starting up."""
    plan = make_plan(source, recipe("sadvae"))
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        run_plan(plan, Path(folder) / "clips", 1)
        return round(size / (time.process_time() - start) / 1e6, 1)


def prepare(source: Path, size: int, files: int, processes: int) -> dict[str, float]:
    """`sadvae prepare` in a process of its own: rate by the clock and by processor time, and its memory."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sadvae.cli.main", "prepare", str(source), "--out", f"{folder}/clips"]
        before = os.times()
        start = time.perf_counter()
        process = subprocess.Popen([*command, "--processes", str(processes)], stdout=subprocess.DEVNULL)
        peaks: list[float] = [0.0]
        watcher = threading.Thread(target=watch, args=(process, peaks))
        watcher.start()
        code = process.wait()
        seconds = time.perf_counter() - start
        watcher.join()
        if code:
            raise SystemExit(f"sadvae prepare ended with code {code}")
        after = os.times()
        processor = after.children_user + after.children_system - before.children_user - before.children_system
    return {
        "processes": processes,
        "files": files,
        "seconds": round(seconds, 1),
        "mb_per_second": round(size / seconds / 1e6, 1),
        "files_per_second": round(files / seconds, 1),
        "processor_seconds": round(processor, 1),
        "mb_per_processor_second": round(size / processor / 1e6, 1),
        "peak_memory_mb": round(peaks[0], 1),
    }


def watch(process: subprocess.Popen, peaks: list[float]) -> None:
    """Keep the largest sum of the resident memory of a process and its children."""
    while process.poll() is None:
        peaks[0] = max(peaks[0], sum(map(resident, [process.pid, *children(process.pid)])))
        time.sleep(0.05)


def children(pid: int) -> Iterator[int]:
    """The processes that a process started."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if parent == pid:
                yield int(entry.name)


def resident(pid: int) -> float:
    """Resident memory in MiB, mapped files included."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    values = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    return (int(values.get("RssAnon", 0)) + int(values.get("RssFile", 0)) + int(values.get("RssShmem", 0))) / 1024


def machine() -> dict[str, object]:
    """What this ran on."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "sadvae": __version__,
        "load_at_start": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/prepare.json"))
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--frames", type=int, nargs=2, default=(40, 130))
    arguments = parser.parse_args()
    about = machine()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as scratch:
        source, quarter = Path(scratch) / "all", Path(scratch) / "quarter"
        source.mkdir()
        quarter.mkdir()
        size = write_files(source, arguments.files, tuple(arguments.frames))
        paths = sorted(source.iterdir())
        for path in paths[::4]:
            shutil.copy(path, quarter / path.name)
        few = sorted(quarter.iterdir())
        readers = {"bytes_alone": Path.read_bytes, "plain_dictionaries": plain_dictionaries,
                   "plain_arrays": plain_arrays, "ours": read_ntu_file}  # fmt: skip
        found = rates(readers, paths, size)
        found["whole_preparation"] = prepare_here(source, size)
        small = prepare(quarter, sum(path.stat().st_size for path in few), len(few), 2)
        runs = [prepare(source, size, len(paths), processes) for processes in (1, 2)]
    report = {
        "machine": about,
        "files": arguments.files,
        "mb": round(size / 1e6, 1),
        "mb_per_processor_second": found,
        "ours_to_plain_dictionaries": round(found["ours"] / found["plain_dictionaries"], 1),
        "ours_to_plain_arrays": round(found["ours"] / found["plain_arrays"], 1),
        "bytes_alone_to_ours": round(found["bytes_alone"] / found["ours"], 1),
        "prepare": runs,
        "prepare_a_quarter": small,
    }
    write_json(arguments.out, report)
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
