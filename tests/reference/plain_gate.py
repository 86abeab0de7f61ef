"""The published gate and its gated evaluation once more, written plainly and apart from sadvae, as a second oracle.

`record` draws calibration and test arrays at random and writes down what the published procedure makes of them, in the
format of the golden recordings; `fit_and_score` repeats it on any such recording.

    python tests/reference/plain_gate.py OUT.npz --val-unseen 90 --val-seen 200 --seed 3
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Config:
    """The sizes of a gate recording."""

    seen: int = 12
    unseen: int = 4
    val_unseen: int = 120
    val_seen: int = 150
    test: int = 200
    sharpness: float = 3.0
    seed: int = 0


def features(zs: np.ndarray, logits: np.ndarray, temperature: int, k: int) -> np.ndarray:
    softened = softmax((logits + 1e-12) / temperature, axis=1)
    return np.hstack([-np.sort(-zs, axis=1)[:, :k], -np.sort(-softened, axis=1)[:, :k]]).astype(np.float32)


def fit_and_score(a: Arrays) -> Arrays:
    """gate_coefficients, gate_intercept, gate_classes and result of a recording's arrays."""
    rng = np.random.RandomState(5)
    k = len(a["unseen_classes"])
    n_u = len(a["val_unseen_zs"])
    chosen = rng.choice(len(a["val_seen_zs"]), min(n_u, len(a["val_seen_zs"])), replace=False)
    seen_zs, seen_logits = a["val_seen_zs"][chosen], a["val_seen_logits"][chosen]
    best, kept = {"accuracy": -1.0}, LogisticRegression()
    for temperature in range(1, 10):
        unseen = features(a["val_unseen_zs"], a["val_unseen_logits"], temperature, k)
        seen = features(seen_zs, seen_logits, temperature, k)
        held_u = rng.choice(len(unseen), min(300, len(unseen) // 6), replace=False)
        held_s = rng.choice(len(seen), min(300, len(seen) // 6), replace=False)
        x = np.vstack([np.delete(unseen, held_u, 0), np.delete(seen, held_s, 0)])
        y = np.array([0] * (len(unseen) - len(held_u)) + [1] * (len(seen) - len(held_s)))
        order = list(range(len(y)))
        rng.shuffle(order)
        model = LogisticRegression(C=1, solver="lbfgs", max_iter=50000, random_state=0).fit(x[order], y[order])
        p = model.predict_proba(np.vstack([unseen[held_u], seen[held_s]]))[:, 0]
        truth = np.array([0] * len(held_u) + [1] * len(held_s))
        for hundredths in range(25, 75):
            accuracy = np.mean((p <= hundredths / 100) == truth)
            if accuracy > best["accuracy"]:
                best = {"accuracy": float(accuracy), "threshold": hundredths / 100, "temperature": temperature}
                kept = model
    return scores(a, kept, best, k)


def scores(a: Arrays, model: LogisticRegression, best: dict[str, float], k: int) -> Arrays:
    p_unseen = model.predict_proba(features(a["test_zs"], a["test_logits"], int(best["temperature"]), k))[:, 0]
    answers = []
    for i in range(len(p_unseen)):
        if 1 - p_unseen[i] > best["threshold"]:
            answers.append(max(a["seen_classes"], key=lambda c, i=i: a["test_logits"][i, c]))
        else:
            answers.append(a["unseen_classes"][a["test_zs"][i].argmax()])
    right = np.array(answers) == a["test_labels"]
    is_seen = np.isin(a["test_labels"], a["seen_classes"])
    s, u = right[is_seen].mean(), right[~is_seen].mean()
    result = {
        "threshold": best["threshold"],
        "temperature": best["temperature"],
        "validation_accuracy": best["accuracy"],
        "seen_accuracy": round(100 * s, 2),
        "unseen_accuracy": round(100 * u, 2),
        "h_mean": round(100 * 2 * s * u / (s + u), 2),
    }
    return {
        "gate_coefficients": np.asarray(model.coef_),
        "gate_intercept": np.asarray(model.intercept_),
        "gate_classes": np.array([0, 1]),
        "result": np.array(json.dumps(result)),
    }


def record(c: Config) -> Arrays:
    """A recording of those sizes on random arrays whose seen clips are the more confident ones."""
    rng = np.random.default_rng(c.seed)
    total = c.seen + c.unseen
    seen_ids, unseen_ids = np.arange(c.seen), np.arange(c.seen, total)

    def zs(count: int, sharp: float) -> np.ndarray:
        return softmax(sharp * rng.normal(size=(count, c.unseen)), axis=1).astype(np.float32)

    def logits(labels: np.ndarray) -> np.ndarray:
        raised = rng.normal(size=(len(labels), total)) + c.sharpness * (labels[:, None] == np.arange(total))
        raised[:, c.seen :] -= 4
        return raised.astype(np.float32)

    labels = rng.integers(0, total, c.test)
    arrays: Arrays = {
        "unseen_classes": unseen_ids,
        "seen_classes": seen_ids,
        "val_unseen_zs": zs(c.val_unseen, 2),
        "val_seen_zs": zs(c.val_seen, 1),
        "val_unseen_logits": logits(rng.choice(unseen_ids, c.val_unseen)),
        "val_seen_logits": logits(rng.choice(seen_ids, c.val_seen)),
        "test_zs": zs(c.test, 1.5),
        "test_logits": logits(labels),
        "test_labels": labels,
    }
    return arrays | fit_and_score(arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name, default in asdict(Config()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    given = vars(parser.parse_args())
    out = given.pop("out")
    np.savez_compressed(out, **record(Config(**given)))  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
