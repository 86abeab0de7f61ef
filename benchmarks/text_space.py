"""Does the preset `sadvae` lose accuracy by its narrow text side, or by larger batches? Held-out classes, five seeds.

    python benchmarks/text_space.py PACKS --out results/text_space.json

Trains on the calibration level of every pack and text of choose_sadvae.py and scores that level's held-out classes;
no test clip is looked at. All variants see equally many clips.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from choose_sadvae import calibration_tasks

from sadvae.evaluation.selection import zsl_accuracy
from sadvae.files import write_json
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import sadvae
from sadvae.task import ZeroShotTask

SEEDS = range(5)
VARIANTS: dict[str, dict[str, Any]] = {
    "full": {"text_space": "full"},
    "span": {},
    "span, batch 128": {"batch_size": 128, "iterations_per_epoch": 25},
}


def score(changes: dict[str, Any], tasks: dict[tuple[str, str], ZeroShotTask]) -> dict[str, Any]:
    """Accuracies in per cent: means by text and by seed, and of all; and processor seconds of one training."""
    started, method = time.process_time(), SADVAE(sadvae(**changes))
    found = {
        (text, pack, seed): 100 * zsl_accuracy(method.fit(task, seed), task)
        for (pack, text), task in tasks.items()
        for seed in SEEDS
    }
    texts = sorted({text for text, _, _ in found})
    return {
        "cpu_seconds": round((time.process_time() - started) / len(found), 2),
        "mean": round(float(np.mean(list(found.values()))), 2),
        "by_text": {text: round(float(np.mean([v for k, v in found.items() if k[0] == text])), 2) for text in texts},
        "by_seed": [round(float(np.mean([v for k, v in found.items() if k[2] == seed])), 2) for seed in SEEDS],
    }


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/text_space.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tasks = calibration_tasks(arguments.packs)
    report = {name: score(changes, tasks) for name, changes in VARIANTS.items()}
    write_json(arguments.out, {"seeds": list(SEEDS), "variants": report})
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
