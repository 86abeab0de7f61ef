"""Whether a recogniser's certainty holds on people and actions that it was not calibrated on.

    sadvae demo --out runs/demo
    python benchmarks/certainty.py runs/demo/seed-0 --out results/certainty.json

Temperatures and the threshold of none of these are fitted on the calibration level; this reads the test level of the
run, which nothing was fitted on: the expected calibration error of new and of trained names without and with the
temperature, and how often none of these is said of clips that a name fits (all unseen names given) and that none fits
(the clip's own name left out; clips of trained classes asked about unseen names).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from sadvae.evaluation.metrics import expected_calibration_error
from sadvae.features.folder import read_features
from sadvae.files import write_json
from sadvae.methods.calibration import fit_scores, logits_of, tempered
from sadvae.methods.protocol import class_vectors
from sadvae.recognition.folder import read_parts
from sadvae.text.embed import read_class_embeddings
from sadvae.types import IntArray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", type=Path, nargs="+", help="seed folders of runs")
    parser.add_argument("--out", type=Path, default=Path("results/certainty.json"))
    chosen = parser.parse_args()
    found = [measured(folder) for folder in chosen.runs]
    for one in found:
        print(one)
    write_json(chosen.out, found)


def measured(folder: Path) -> dict[str, Any]:
    """Errors and shares on the test level of one run."""
    parts = read_parts(folder / "recognizer")
    task = read_features(folder / "features").task(read_class_embeddings(folder.parent / "embeddings.npz"))
    known = parts.calibration
    if known is None or known.unseen is None or known.seen is None or known.fit is None:
        raise SystemExit(f"{folder} holds a recogniser that is not calibrated")
    unseen, seen = task.split.unseen, task.split.seen
    texts = class_vectors(parts.trained, task.classes, (*unseen, *seen))
    own = np.array([unseen.index(label) for label in task.test_unseen.labels.tolist()])
    trained = np.array([seen.index(label) for label in task.test_seen.labels.tolist()])
    raw = parts.trained.unseen_probabilities(task.test_unseen.features, texts[: len(unseen)])
    assert task.test_seen.seen_logits is not None
    new, old = (
        logits_of(parts.trained.unseen_probabilities(part.features, texts))
        for part in (task.test_unseen, task.test_seen)
    )
    names, k = new[:, : len(unseen)].copy(), len(unseen)
    fits = known.fit.probability(fit_scores(names, new[:, k:]))
    names[np.arange(len(own)), own] = -np.inf
    without = known.fit.probability(fit_scores(names, new[:, k:]))
    strangers = known.fit.probability(fit_scores(old[:, :k], old[:, k:]))
    return {
        "run": f"{folder.parent.name}/{folder.name}",
        "dataset": parts.config.dataset,
        "new_names": errors(logits_of(raw), own, known.unseen.value),
        "trained_names": errors(task.test_seen.seen_logits[:, list(seen)], trained, known.seen.value),
        "none_of_these": {
            "said_though_a_name_fits": round(float((fits < 0.5).mean()), 3),
            "said_where_the_name_is_left_out": round(float((without < 0.5).mean()), 3),
            "said_of_trained_classes": round(float((strangers < 0.5).mean()), 3),
        },
    }


def errors(logits: Any, columns: IntArray, temperature: float) -> dict[str, float]:
    """Expected calibration errors without and with a temperature, and the number of clips."""
    found: dict[str, float] = {"clips": len(columns)}
    for name, value in (("error_before", 1.0), ("error_after", temperature)):
        probabilities = tempered(logits, value)
        right = probabilities.argmax(axis=1) == columns
        found[name] = round(expected_calibration_error(probabilities.max(axis=1), right), 3)
    return found


if __name__ == "__main__":
    main()
