"""Reproduce a recorded gate of the published code: `python tests/reference/replay_gate.py FILE.npz`.

Prints threshold, temperature, validation accuracy, S, U and H beside the recorded ones; exit code 1 if any differs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from sadvae.evaluation.metrics import accuracy, harmonic_mean
from sadvae.files import read_arrays
from sadvae.methods.fusion import hard_decision
from sadvae.methods.published_gate import PublishedGate, fit_published_gate

SEED = 5


def replay_gate(path: Path) -> tuple[dict[str, float], dict[str, float], PublishedGate]:
    """The numbers found, the numbers recorded, and the gate."""
    a = read_arrays(path)
    names = ("val_unseen_zs", "val_seen_zs", "val_unseen_logits", "val_seen_logits")
    gate = fit_published_gate(*(a[name] for name in names), seed=SEED)
    seen_ids, unseen_ids, labels = a["seen_classes"], a["unseen_classes"], a["test_labels"]
    is_seen = gate.is_seen(a["test_zs"], a["test_logits"])
    decided = hard_decision(a["test_logits"][:, seen_ids], a["test_zs"], is_seen, seen_ids, unseen_ids)
    truly_seen = np.isin(labels, seen_ids)
    s, u = (accuracy(labels[side], decided[side]) for side in (truly_seen, ~truly_seen))
    found = {
        "threshold": gate.threshold,
        "temperature": gate.temperature,
        "validation_accuracy": gate.validation_accuracy,
        "seen_accuracy": round(100 * s, 2),
        "unseen_accuracy": round(100 * u, 2),
        "h_mean": round(100 * harmonic_mean(s, u), 2),
    }
    return found, json.loads(str(a["result"])), gate


def main() -> int:
    found, recorded, _ = replay_gate(Path(sys.argv[1]))
    different = 0
    for name, value in recorded.items():
        same = name in found and abs(found[name] - value) < 1e-9
        different += not same
        print(f"{name}: {found.get(name)} (recorded {value}) {'equal' if same else 'DIFFERS'}")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
