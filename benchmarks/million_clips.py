"""A million clips of 256 features, generated on the disk, train within 2 GB of memory.

    python benchmarks/million_clips.py --out results/million_clips.json

60 classes, 55 of them seen; a million training clips and 20,000 test clips, written as a features folder a block at a
time. A process of its own reads the folder, builds the task with all its checks, trains SA-DVAE for one pass over all
clips, and scores the unseen test clips; what it took at most in memory is what the system says (getrusage), pages of
the mapped file included. The folder takes 1.1 GB and is removed in the end (while it is written, twice that). Another
process writes it: Linux counts the memory of whoever starts a process as the new one's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from encoders import Machine, described

from sadvae.evaluation.selection import zsl_accuracy
from sadvae.features.folder import FeatureLevel, Features, read_features, write_features
from sadvae.features.rows import map_rows, row_file
from sadvae.files import write_json
from sadvae.methods.sa_dvae import SADVAE, sadvae
from sadvae.types import ClassEmbeddings, ClassSplit, FeatureSet, FloatArray

CLASSES, UNSEEN, WIDTH, TEXT_WIDTH, TEST_CLIPS, SUBJECTS, BLOCK = 60, 5, 256, 384, 20_000, 100, 10_000
LIMIT_BYTES = 2 * 10**9
SPLIT = ClassSplit("generated", tuple(range(CLASSES - UNSEEN)), tuple(range(CLASSES - UNSEEN, CLASSES)))


def embeddings() -> ClassEmbeddings:
    """Random unit vectors of all classes."""
    vectors = np.random.default_rng(0).standard_normal((CLASSES, TEXT_WIDTH), np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return ClassEmbeddings(tuple(range(CLASSES)), unit, "generated", "generated")


def part(folder: Path, name: str, classes: tuple[int, ...], count: int, first_subject: int) -> FeatureSet:
    """Clips of these classes in turn: a linear image of their text and noise, written and then mapped."""
    centres = _centres()
    labels = np.resize(np.array(classes, np.int64), count)
    rng = np.random.default_rng([count, *map(ord, name)])
    with row_file(folder / f"{name}.npy", (count, WIDTH)) as file:
        for begin in range(0, count, BLOCK):
            some = labels[begin : begin + BLOCK]
            file.write(np.maximum(centres[some] + rng.standard_normal((len(some), WIDTH), np.float32), 0))
    ids = tuple(f"{name}{i}" for i in range(count))
    subjects = tuple(f"P{first_subject + i % SUBJECTS:03d}" for i in range(count))
    features = map_rows(folder / f"{name}.npy", (count, WIDTH))
    return FeatureSet(features, labels, ids, subjects, None, None, "generated")


def _centres() -> FloatArray:
    texts = embeddings().vectors
    image = np.random.default_rng(1).standard_normal((TEXT_WIDTH, WIDTH), np.float32)
    return 1 + texts @ image


def write(folder: Path, clips: int) -> None:
    """The features folder."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        parts = (
            part(Path(scratch), "train", SPLIT.seen, clips, 0),
            part(Path(scratch), "seen", SPLIT.seen, TEST_CLIPS // 2, SUBJECTS),
            part(Path(scratch), "unseen", SPLIT.unseen, TEST_CLIPS // 2, SUBJECTS),
        )
        level = FeatureLevel(SPLIT, *parts, allow=("unknown_encoder",))
        write_features(folder, Features("generated", tuple(f"class {i}" for i in range(CLASSES)), level))


def train(folder: Path) -> dict[str, Any]:
    """Read, check, train one pass, score; seconds of each and the peak so far, in MB of a million bytes."""
    torch.set_num_threads(1)
    steps: dict[str, Any] = {"libraries": {"seconds": 0.0, "peak_mb": peak_mb()}}
    start = time.perf_counter()

    def done(name: str) -> None:
        nonlocal start
        steps[name] = {"seconds": round(time.perf_counter() - start, 1), "peak_mb": peak_mb()}
        start = time.perf_counter()

    features = read_features(folder)
    done("read")
    task = features.task(embeddings())
    done("check")
    method = SADVAE(sadvae(epochs=1, iterations_per_epoch=None))
    losses: list[float] = []
    trained = method.fit(task, 0, lambda epoch, snapshot, terms: losses.append(terms["total"]))
    done("train")
    accuracy = zsl_accuracy(trained, task)
    done("score")
    return {"steps": steps, "loss": round(losses[-1], 4), "zsl_accuracy": round(accuracy, 4)}


def peak_mb() -> float:
    """The largest resident memory of this process so far, in a million bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/million_clips.json"))
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument(
        "--folder", type=Path, help="where the features are written for the time (default: a temporary one)"
    )
    for step in ("--write", "--train"):
        parser.add_argument(step, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments.write, arguments.clips)
    elif arguments.train:
        print(json.dumps(train(arguments.train)))
    else:
        report(arguments.out, arguments.clips, arguments.folder)


def report(out: Path, clips: int, where: Path | None) -> None:
    """Write and train in processes of their own, and say what they took. Exits with 1 where it was too much."""
    about = described(Machine(torch.device("cpu"), 0.0, {}))
    with tempfile.TemporaryDirectory(dir=where) as scratch:
        folder = Path(scratch) / "features"
        this = [sys.executable, __file__, "--clips", str(clips)]
        subprocess.run([*this, "--write", str(folder)], check=True)
        size = sum(file.stat().st_size for file in folder.iterdir())
        done = subprocess.run([*this, "--train", str(folder)], check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout)
    peak = found["steps"]["score"]["peak_mb"]
    whole = {"machine": about, "clips": clips, "folder_mb": round(size / 1e6, 1), "peak_mb": peak, **found}
    write_json(out, whole)
    print(json.dumps(whole, indent=1))
    if peak * 1e6 > LIMIT_BYTES:
        raise SystemExit(f"the process took {peak:.0f} MB, more than {LIMIT_BYTES / 1e6:.0f}")


if __name__ == "__main__":
    main()
