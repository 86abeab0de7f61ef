"""A small made-up run record and scene, for tests of reports."""

from __future__ import annotations

from typing import Any

import numpy as np

from sadvae.record import ClassResult, Evaluation, RunRecord
from sadvae.report.scene import ReportScene, SceneClip

SEEN, UNSEEN = [0, 1, 2, 5], [3, 4]
NAMES = ["walk", "sit", "wave", "kick", "jump high", "bow"]
BONES = ((0, 2), (1, 2), (2, 3), (2, 4))
TERMS = ("reconstruction_skeleton", "kl_text", "total")


def make_evaluation(method: str = "sa_dvae", preset: str | None = "sadvae", **changes: Any) -> Evaluation:
    """Scores with a gate; changes: fields to set."""
    names = changes.pop("names", NAMES)
    classes = [
        ClassResult(
            id=i,
            name=name,
            seen=i in SEEN,
            count=10 + i,
            zsl_accuracy=None if i in SEEN else 0.75,
            gzsl_accuracy=i / 10,
        )
        for i, name in enumerate(names)
    ]
    fields: dict[str, Any] = {
        "method": method,
        "preset": preset,
        "selection": "last_step",
        "epoch": 2,
        "zsl_accuracy": 0.731,
        "zsl_class_mean": 0.702,
        "chance": 0.5,
        "seen_accuracy": 0.614,
        "unseen_accuracy": 0.423,
        "harmonic_mean": 0.501,
        "gate_auroc": 0.808,
        "curve_area": 0.4,
        "calibration_error": 0.11,
        "curve": [(0.0, 0.73), (0.3, 0.6), (0.614, 0.423), (0.9, 0.0)],
        "classes": classes,
        "confusion_ids": UNSEEN,
        "confusion": [[9, 3], [2, 6]],
    }
    return Evaluation(**(fields | changes))


def without_gate(evaluation: Evaluation) -> Evaluation:
    """The same evaluation as it is where no gate could be calibrated."""
    fields = ("seen_accuracy", "unseen_accuracy", "harmonic_mean", "gate_auroc", "curve_area")
    classes = [c.model_copy(update={"gzsl_accuracy": None}) for c in evaluation.classes]
    return evaluation.model_copy(update={**dict.fromkeys(fields), "curve": [], "classes": classes})


def make_record(**changes: Any) -> RunRecord:
    """A record of three epochs with two baselines; changes: fields to set."""
    fields: dict[str, Any] = {
        "name": "trial",
        "dataset": "sticks",
        "split": "four-two",
        "seed": 0,
        "selection": "last_step",
        "seen": SEEN,
        "unseen": UNSEEN,
        "validation_unseen": [5],
        "class_names": NAMES,
        "settings": {"title": "Sticks", "text": {"encoder": "minilm", "mode": "names"}, "encoder": {"preset": "demo"}},
        "evaluations": [
            make_evaluation(),
            make_evaluation("ridge", None, zsl_accuracy=0.6),
            make_evaluation("eszsl", None, zsl_accuracy=0.55),
        ],
        "history": [{"epoch": float(e), **{t: (i + 1) / (e + 1) for i, t in enumerate(TERMS)}} for e in range(3)],
        "selection_curve": [0.2, 0.4, 0.5],
        "data_hashes": {"clips": "c0ffee", "texts": "decade"},
        "versions": {"sadvae": "0.1.0", "torch": "2.6"},
        "git_revision": "abc123",
        "seconds": {"prepare": 1.5, "train": 100.0},
        "peak_memory_mb": 321.4,
        "allow": ["calibration: shared_subjects"],
        "counts": {"test.train": 40, "test.test_unseen": 20},
    }
    return RunRecord(**(fields | changes))


def make_scene(names: list[str] = NAMES, count: int = 24) -> ReportScene:
    """Random latents of `count` test clips, and a right and a wrong clip of a five-joint body."""
    rng = np.random.default_rng(0)
    labels = np.tile([*SEEN, *UNSEEN], count)[:count].astype(np.int64)
    joints = rng.normal(size=(60, 5, 3)).astype(np.float32)
    right = SceneClip(joints, BONES, names[3], ((names[3], 0.8), (names[4], 0.2)))
    wrong = SceneClip(joints[:1], BONES, names[4], ((names[3], 0.6), (names[4], 0.4)))
    semantic, style = (rng.normal(size=(count, width)).astype(np.float32) for width in (6, 3))
    return ReportScene(semantic, style, labels, np.isin(labels, SEEN), (right, wrong))
