"""Compare gates on held-out seen classes of real feature packs; test classes and test clips are never looked at.

    python benchmarks/choose_gate.py PACKS --out results/choose_gate.json

Everything is of the calibration level. Its held-out classes play the unseen ones, and each in turn is left out: the
gate is fitted on the clips of the other held-out classes and on one half of the clips of seen classes, and judges the
clips of the class that was left out and the other half. S, U and H count those judgements over all turns.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from text_modes import calibration_task

from sadvae.evaluation.evaluate import gate_input
from sadvae.evaluation.metrics import gate_auroc, harmonic_mean
from sadvae.files import write_json
from sadvae.methods.cca import CCA
from sadvae.methods.eszsl import ESZSL
from sadvae.methods.gate import GATES, GateInput, fit_gate
from sadvae.methods.protocol import Method, Trained
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import sadvae
from sadvae.task import ZeroShotTask
from sadvae.text.encoders import load_text_encoder

METHODS: dict[str, Method] = {
    "sadvae": SADVAE(sadvae()),
    "ridge": RidgeNearestText(),
    "eszsl": ESZSL(),
    "cca": CCA(),
}


def part_of(clips: GateInput, chosen: NDArray[np.bool_]) -> GateInput:
    """The chosen clips of a gate's input."""
    return GateInput(clips.unseen_probabilities[chosen], clips.seen_logits[chosen])


def turns(task: ZeroShotTask) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """For each held-out class: which unseen and which seen clips the gate is fitted on; the others are judged."""
    half = np.arange(len(task.test_seen.labels)) % 2 == 0
    for turn, left_out in enumerate(task.split.unseen):
        yield task.test_unseen.labels != left_out, half if turn % 2 == 0 else ~half


def judge(kind: str, trained: Trained, task: ZeroShotTask, seed: int) -> dict[str, float]:
    """S, U, H and the gate's AUROC over all turns, as fractions."""
    unseen, seen = gate_input(trained, task.test_unseen, task), gate_input(trained, task.test_seen, task)
    seen_ids, unseen_ids = np.asarray(task.split.seen), np.asarray(task.split.unseen)
    right_if_seen = seen_ids[seen.seen_logits[:, seen_ids].argmax(axis=1)] == task.test_seen.labels
    right_if_unseen = unseen_ids[unseen.unseen_probabilities.argmax(axis=1)] == task.test_unseen.labels
    s, u, probabilities, truth = [], [], [], []
    for fit_unseen, fit_seen in turns(task):
        fitted = part_of(unseen, fit_unseen), part_of(seen, fit_seen)
        gate = fit_gate(kind, *fitted, seed=seed, seen_ids=task.split.seen)
        judged = part_of(unseen, ~fit_unseen), part_of(seen, ~fit_seen)
        u.append(right_if_unseen[~fit_unseen] & ~gate.is_seen(judged[0], task.split.seen))
        s.append(right_if_seen[~fit_seen] & gate.is_seen(judged[1], task.split.seen))
        probabilities += [gate.seen_probability(clips, task.split.seen) for clips in judged]
        truth += [np.full(len(clips.seen_logits), value) for clips, value in zip(judged, (False, True), strict=True)]
    seen_accuracy, unseen_accuracy = (float(np.concatenate(side).mean()) for side in (s, u))
    return {
        "S": seen_accuracy,
        "U": unseen_accuracy,
        "H": harmonic_mean(seen_accuracy, unseen_accuracy),
        "auroc": gate_auroc(np.concatenate(probabilities), np.concatenate(truth)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/choose_gate.json"))
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    encoder, rows = load_text_encoder("minilm"), []
    for pack in sorted(path for path in arguments.packs.iterdir() if path.is_dir()):
        task = calibration_task(pack, encoder, "descriptions", None)
        for name, method in METHODS.items():
            for seed in range(arguments.seeds):
                trained = method.fit(task, seed)
                for kind in GATES:
                    scores = {key: round(100 * value, 2) for key, value in judge(kind, trained, task, seed).items()}
                    rows.append({"pack": pack.name, "method": name, "seed": seed, "gate": kind, **scores})
    write_json(arguments.out, {"level": "calibration", "rows": rows})
    print_table(rows)


def print_table(rows: list[dict]) -> None:
    """Means over packs and seeds of each gate and method, and the paired difference in H over packs."""
    for name in METHODS:
        means = {}
        for kind in GATES:
            found = [row for row in rows if (row["method"], row["gate"]) == (name, kind)]
            means[kind] = {p: np.mean([r["H"] for r in found if r["pack"] == p]) for p in {r["pack"] for r in found}}
            cells = "  ".join(f"{key} {np.mean([row[key] for row in found]):.1f}" for key in ("S", "U", "H", "auroc"))
            print(f"{name:8} {kind:16} {cells}")
        gaps = np.array([means[GATES[0]][pack] - means[GATES[1]][pack] for pack in means[GATES[0]]])
        error = np.std(gaps, ddof=1) / np.sqrt(len(gaps))
        print(f"{name:8} H, {GATES[0]} minus {GATES[1]}: {gaps.mean():+.1f} (standard error {error:.1f})")


if __name__ == "__main__":
    main()
