"""Reproduce recorded gates of the published code: `python tests/reference/replay_gate.py FILE.npz`.

Fits sadvae's published gate on the recorded arrays, applies it, and prints threshold, temperature, validation accuracy,
S, U and H beside the recorded ones, and how far the regression's weights are off. Exit code 0: all numbers are equal as
printed and the weights are within 1e-4; 1: they are not; 2: the file is no such recording.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.evaluation.metrics import accuracy, harmonic_mean
from sadvae.files import read_arrays
from sadvae.methods.fusion import hard_decision
from sadvae.methods.published_gate import PublishedGate, fit_published_gate

SEED = 5
TOLERANCE = 1e-4
FITTED_ON = ("val_unseen_zs", "val_seen_zs", "val_unseen_logits", "val_seen_logits")
NEEDED = (*FITTED_ON, "test_zs", "test_logits", "test_labels", "unseen_classes", "seen_classes", "result")


def read_recording(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """A recording's arrays and its recorded results. Raises SadvaeError where the file is not one."""
    arrays = read_arrays(path)
    missing = [name for name in NEEDED if name not in arrays]
    if missing:
        raise SadvaeError(f"{path} is no recording of a gate: it lacks {missing[0]!r}; see the golden README.")
    try:
        result = json.loads(str(arrays["result"]))
        numbers = {name: float(value) for name, value in result.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise SadvaeError(f"{path}: result is not a JSON object of numbers ({error}).") from error
    rows = [(len(arrays[f"{part}_zs"]), len(arrays[f"{part}_logits"])) for part in ("val_unseen", "val_seen", "test")]
    if any(zs != logits for zs, logits in rows) or len(arrays["test_labels"]) != rows[-1][0]:
        raise SadvaeError(f"{path}: rows of probabilities and logits differ: {rows}; expected one of each a clip.")
    return arrays, numbers


def fit(arrays: dict[str, np.ndarray]) -> PublishedGate:
    """sadvae's published gate on the recorded calibration arrays."""
    return fit_published_gate(*(arrays[name] for name in FITTED_ON), seed=SEED)


def replay_gate(path: Path) -> tuple[dict[str, float], dict[str, float], float | None]:
    """The numbers found, the numbers recorded, and the relative deviation of the weights where they are recorded."""
    a, recorded = read_recording(path)
    gate = fit(a)
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
    return found, recorded, weight_deviation(gate, a)


def weight_deviation(gate: PublishedGate, arrays: dict[str, np.ndarray]) -> float | None:
    """The relative deviation of the regression's weights; None where they are not recorded."""
    if "gate_coefficients" not in arrays or "gate_intercept" not in arrays:
        return None
    recorded = np.concatenate([arrays["gate_coefficients"].ravel(), arrays["gate_intercept"].ravel()])
    found = np.array([*gate.coefficients, gate.intercept])
    if found.shape != recorded.shape:
        return float("inf")
    return float(np.abs(found - recorded).max() / np.abs(recorded).max())


def equal(found: float, recorded: float) -> bool:
    """Whether two numbers are equal as printed; S or U of an empty side is no number in both."""
    return abs(found - recorded) < 1e-9 or (math.isnan(found) and math.isnan(recorded))


def report(path: Path) -> bool:
    """Replay a file, print what came out, and say whether it holds."""
    found, recorded, weights = replay_gate(path)
    holds = weights is None or weights <= TOLERANCE
    for name, value in recorded.items():
        same = name in found and equal(found[name], value)
        holds &= same
        print(f"{name}: {found.get(name)} (recorded {value:g}) {'equal' if same else 'DIFFERS'}")
    if weights is not None:
        print(f"weights: largest relative deviation {weights:.3g}")
    print(f"{path}: {'holds' if holds else 'DOES NOT HOLD'}")
    return holds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.npz", help="a recording of the published gate")
    try:
        return 0 if all([report(path) for path in parser.parse_args().files]) else 1
    except (SadvaeError, ValueError, IndexError) as error:
        # NumPy and scikit-learn say with ValueError and IndexError that classes or columns do not fit.
        print(f"error: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
