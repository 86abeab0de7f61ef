"""Why linear decoders, standardised features and early alignment hurt the published setting; held-out classes alone.

    python benchmarks/published_levers.py PACKS --out results/published_levers.json

Each lever is pulled alone and with others, at a third, once and three times the learning rate for as many steps, and
at a third for three times as many. Trained on the calibration level of every pack and text, scored on its held-out
classes under the published rule (a classifier on drawn latents) and under `both`, which draws nothing. No test clip is
looked at.
"""

from __future__ import annotations

import argparse
import os
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from choose_sadvae import calibration_tasks, under_rule
from feature_packs import PACK_SETTING

from sadvae.evaluation.selection import zsl_accuracy
from sadvae.files import write_json
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import published
from sadvae.task import ZeroShotTask

LINEAR, STANDARD, EARLY = {"decoder_output": "linear"}, {"standardise": True}, {"schedule": "constant"}
LEVERS: dict[str, dict[str, Any]] = {
    "published": {},
    "linear decoders": LINEAR,
    "standardised": STANDARD,
    "early alignment": EARLY,
    "linear and standardised": LINEAR | STANDARD,
    "all three": LINEAR | STANDARD | EARLY,
}
# How many times the steps, and the learning rate.
TRAININGS = ((1, 1 / 3), (1, 1.0), (1, 3.0), (3, 1 / 3))


def scores(settings: dict[str, Any], task: ZeroShotTask, seed: int) -> tuple[float, float]:
    """Accuracy on held-out classes under the published rule and under `both`, of one training."""
    trained = SADVAE(published(**settings)).fit(task, seed)
    return zsl_accuracy(trained, task), zsl_accuracy(under_rule(trained, "both"), task)


def main() -> None:
    """Measure all levers, rates and steps; print and write a row of each."""
    parser = argparse.ArgumentParser(description="Why three levers hurt the published setting.")
    parser.add_argument("packs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/published_levers.json"))
    parser.add_argument("--seeds", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    tasks, rows = calibration_tasks(chosen.packs), []
    for (steps, rate), (name, changes) in product(TRAININGS, LEVERS.items()):
        settings: dict[str, Any] = PACK_SETTING | changes
        settings |= {"learning_rate": rate * settings["learning_rate"]}
        settings |= {"iterations_per_epoch": steps * settings["iterations_per_epoch"]}
        found = [scores(settings, task, seed) for task in tasks.values() for seed in range(chosen.seeds)]
        means, errors = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / len(found) ** 0.5
        rows.append(
            {
                "lever": name,
                "learning_rate": settings["learning_rate"],
                "steps": settings["iterations_per_epoch"] * settings["epochs"],
                "zsl": round(100 * float(means[0]), 1),
                "error": round(100 * float(errors[0]), 1),
                "zsl_both": round(100 * float(means[1]), 1),
                "error_both": round(100 * float(errors[1]), 1),
            }
        )
        print(rows[-1], flush=True)
        write_json(chosen.out, {"level": "calibration", "seeds": chosen.seeds, "tasks": len(tasks), "rows": rows})


if __name__ == "__main__":
    main()
