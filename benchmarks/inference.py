"""How long a recogniser takes to answer on a CPU, from joints to names.

    sadvae demo --out runs/demo
    python benchmarks/inference.py runs/demo/seed-0/recognizer --out results/inference.json

Cold: a new process imports sadvae, loads the recogniser and answers its first clip. Warm: one raw clip after the
other, names known, preparation and everything else included. Adding a name: the same clip is asked about the names
before and one more, which was never embedded; what it costs beside the same question again. Batch: many clips in one
call. Names: embedding new ones, and one clip asked about many that are known (random vectors stand in for theirs, whose
embedding would take minutes). One thread is used. Times are those of the clock, which other work on the machine slows,
so processor time stands beside them (cpu) and the load is noted. Clips are generated.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from sadvae import __version__
from sadvae.files import write_json
from sadvae.recognition.memory import Memory
from sadvae.recognizer import Recognizer
from sadvae.skeleton.generated import GeneratedSettings, generate_clip_set
from sadvae.types import FloatArray, SkeletonClip

NAMES = ["wave the left hand", "squat", "kick sideways", "fall down", "bow"]
COLD = """
import sys, time
start = time.perf_counter()
import numpy as np
from sadvae.recognizer import Recognizer
from sadvae.skeleton.layouts import load_layout
from sadvae.types import SkeletonClip
imported = time.perf_counter()
recognizer = Recognizer.load(sys.argv[1])
loaded = time.perf_counter()
clip = SkeletonClip(np.load(sys.argv[2]), load_layout(sys.argv[3]), "clip")
recognizer.predict(clip, sys.argv[4:])
print(imported - start, loaded - imported, time.perf_counter() - loaded, time.process_time())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("recognizer", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/inference.json"))
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--names", type=int, default=10_000)
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    raw = generate_clip_set(settings=GeneratedSettings(subjects=2, repetitions=1)).clips
    found: dict[str, Any] = {"cold_seconds": cold(chosen.recognizer, raw[0], chosen.out.with_suffix(".npy"))}
    print(found, flush=True)
    recognizer = Recognizer.load(chosen.recognizer)
    recognizer.predict(raw[0], NAMES)
    ask, count = recognizer.predict, chosen.repeats
    steps: dict[str, Callable[[], Any]] = {
        "one_clip_ms": lambda: repeated(lambda i: ask(raw[i % len(raw)], NAMES), count),
        "one_clip_gzsl_ms": lambda: repeated(lambda i: ask(raw[i % len(raw)], NAMES, mode="gzsl"), count),
        "explain_one_clip_ms": lambda: repeated(lambda i: recognizer.explain(raw[i % len(raw)], NAMES), 20),
        "add_a_name_ms": lambda: add_a_name(recognizer, raw[0], min(count, 50)),
        "batch": lambda: batch(recognizer, raw, chosen.clips),
        "names": lambda: many_names(recognizer, raw[0], chosen.names),
    }
    for name, step in steps.items():
        found[name] = step()
        print(name, found[name], flush=True)
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "sadvae": __version__,
        "load_at_start": round(load, 2),
        "load_at_end": round(os.getloadavg()[0], 2),
    }
    encoder = recognizer.encoder
    about = {
        "architecture": encoder.settings.architecture,
        "widths": list(encoder.settings.widths),
        "frames": encoder.settings.frames,
        "joints": len(encoder.layout.joints),
        "method": recognizer.trained.describe()["method"],
        "text_encoder": recognizer.config.text_encoder,
        "frames_of_clips": [int(min(c.joints.shape[1] for c in raw)), int(max(c.joints.shape[1] for c in raw))],
        "folder_bytes": sum(path.stat().st_size for path in chosen.recognizer.iterdir()),
    }
    write_json(chosen.out, {"machine": machine, "recognizer": about, **found})


@dataclass(frozen=True)
class Taken:
    """Milliseconds of a call, by the clock and of the processor."""

    clock: float
    cpu: float


def timed(run: Callable[[], object]) -> Taken:
    """Run once."""
    clock, cpu = time.perf_counter(), time.process_time()
    run()
    return Taken(1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - cpu))


def percentiles(taken: list[Taken]) -> dict[str, float]:
    """Median and 99th percentile of the clock and of processor time, and the number of times."""
    values = {"": [one.clock for one in taken], "cpu_": [one.cpu for one in taken]}
    found = {f"{of}p{q}": round(float(np.percentile(v, q)), 2) for of, v in values.items() for q in (50, 99)}
    return {**found, "count": len(taken)}


def repeated(ask: Callable[[int], object], count: int) -> dict[str, float]:
    """Percentiles of a question asked again and again; it hears its number."""
    return percentiles([timed(lambda i=i: ask(i)) for i in range(count)])


def cold(folder: Path, clip: SkeletonClip, scratch: Path) -> dict[str, float]:
    """Seconds of a new process: imports, loading, and the first answer, which loads the text encoder."""
    np.save(scratch, clip.joints)
    try:
        words = [sys.executable, "-c", COLD, str(folder), str(scratch), clip.layout.name, *NAMES]
        shown = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    finally:
        scratch.unlink()
    parts = [round(float(value), 3) for value in shown.split()]
    names = ("imports", "load", "first_answer", "cpu_whole")
    return {**dict(zip(names, parts, strict=True)), "whole": round(sum(parts[:3]), 3)}


def add_a_name(recognizer: Recognizer, clip: SkeletonClip, repeats: int) -> dict[str, float]:
    """Milliseconds that a question takes longer when one of its names was never embedded."""
    taken = []
    for i in range(repeats):
        names = [*NAMES, f"lift box number {i} onto a shelf"]
        new, again = (timed(lambda names=names: recognizer.predict(clip, names)) for _ in range(2))
        taken.append(Taken(new.clock - again.clock, new.cpu - again.cpu))
    return percentiles(taken)


def batch(recognizer: Recognizer, raw: tuple[SkeletonClip, ...], count: int) -> dict[str, float]:
    """Seconds of one call with many raw clips."""
    clips = [SkeletonClip(raw[i % len(raw)].joints, raw[0].layout, str(i)) for i in range(count)]
    taken = timed(lambda: recognizer.predict(clips, NAMES))
    rates = {"clips_per_second": 1000 * count / taken.clock, "clips_per_cpu_second": 1000 * count / taken.cpu}
    seconds = {"seconds": taken.clock / 1000, "cpu_seconds": taken.cpu / 1000}
    return {"clips": count, **{name: round(value, 1) for name, value in (seconds | rates).items()}}


class RandomVectors:
    """A text encoder that costs nothing."""

    name, model_hash = "random", ""

    def __init__(self, width: int) -> None:
        self.width, self.random = width, np.random.default_rng(0)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        return self.random.normal(size=(len(texts), self.width)).astype(np.float32)


def many_names(recognizer: Recognizer, clip: SkeletonClip, count: int, embedded: int = 200) -> dict[str, Any]:
    """Milliseconds a name of embedding new ones, and of one question about many known ones."""
    verbs = ("lift", "push", "carry", "turn", "throw", "wipe", "open", "close", "shake", "kick")
    names = [f"{verbs[i % 10]} object number {i // 10}" for i in range(count)]
    taken = timed(lambda: recognizer.embed(names[:embedded]))
    free = replace(recognizer, text_encoder=RandomVectors(recognizer.embed(NAMES[:1]).shape[1]), memory=Memory())
    free.predict(clip, names)
    return {
        "embed_ms_per_name": round(taken.clock / embedded, 2),
        "embed_cpu_ms_per_name": round(taken.cpu / embedded, 2),
        "embedded": embedded,
        "asked_about": count,
        "ask_ms": repeated(lambda i: free.predict(clip, names, top_k=5), 20),
    }


def processor() -> str:
    """The name of the processor, where the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
