"""Choose the numbers of the baselines that their papers leave open, on held-out classes of the calibration level.

    python benchmarks/choose_baselines.py PACKS --out results/choose_baselines.json

As choose_sadvae.py: candidates name what they change of the defaults, are trained on the calibration level of
six packs and both texts, and scored on that level's held-out classes; no test clip is looked at. Neural candidates are
scored after some of their epochs. Methods that read verbs and nouns alone are trained for one kind of text.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from choose_sadvae import calibration_tasks, means
from feature_packs import with_parts

from sadvae.evaluation.selection import zsl_accuracy
from sadvae.files import read_json, write_json
from sadvae.methods.baselines import baseline
from sadvae.methods.protocol import needs_parts
from sadvae.task import ZeroShotTask

SEEDS = (0,)
# The other three packs repeat classes of these.
PACKS = ("utd_p5", "utd_p9", "utd_r5_0", "utd_r5_1", "msr_r5_0", "msr_r5_1")
EPOCHS = (2, 5, 10)
CANDIDATES: dict[str, tuple[dict, ...]] = {
    "cca": tuple({"ridge": ridge, "power": power} for ridge in (0.01, 0.1, 1.0, 10.0) for power in (0.0, 1.0, 2.0)),
    "devise": ({"learning_rate": 1e-3}, {"learning_rate": 1e-4}, {"learning_rate": 1e-2}),
    "synse": ({"cross_weight": 1.0}, {"cross_weight": 3.0}, {"learning_rate": 3e-4}),
    "cada_vae": ({"hidden": 256}, {"hidden": 0}),
    "smie": ({"learning_rate": 1e-3}, {"learning_rate": 1e-4}),
    "jpose": ({"margin": 0.2}, {"margin": 1.0}, {"margin": 0.2, "learning_rate": 1e-4}),
    "revise": ({"temperature": 0.1}, {"mmd_weight": 0.1}, {"temperature": 0.3}),
}


def score(name: str, changes: dict, tasks: dict[tuple[str, str], ZeroShotTask]) -> dict:
    """Accuracies of one candidate, in per cent, by epoch and kind of text, with the seconds of one training."""
    method = baseline(name, changes)
    found: dict[int, dict[str, list[float]]] = {}
    started = time.process_time()
    count = 0
    for (_, text), task in tasks.items():
        if needs_parts(method) and text != "lb":
            continue
        for seed in SEEDS:
            count += 1

            def watch(
                epoch: int, trained, _losses: dict[str, float], text: str = text, task: ZeroShotTask = task
            ) -> None:
                if epoch + 1 in EPOCHS or name == "cca":
                    found.setdefault(epoch + 1, {}).setdefault(text, []).append(100 * zsl_accuracy(trained, task))

            method.fit(task, seed, watch)
    seconds = (time.process_time() - started) / count
    return {"seconds": round(seconds, 1), "by_epoch": {str(epoch): means(scores) for epoch, scores in found.items()}}


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/choose_baselines.json"))
    parser.add_argument("--only", nargs="*", default=list(CANDIDATES))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tasks = {
        key: with_parts(task, "utd_mhad" if key[0].startswith("utd") else "msr_action3d")
        for key, task in calibration_tasks(arguments.packs).items()
        if key[0] in PACKS
    }
    report = read_json(arguments.out) if arguments.out.is_file() else {"seeds": list(SEEDS), "candidates": {}}
    for name in arguments.only:
        for changes in CANDIDATES[name]:
            entry = f"{name} {changes}"
            report["candidates"][entry] = score(name, changes, tasks)
            print(entry, report["candidates"][entry], flush=True)
            write_json(arguments.out, report)


if __name__ == "__main__":
    main()
