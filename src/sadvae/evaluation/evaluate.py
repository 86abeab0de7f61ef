"""Score a trained method on its task: ZSL, and GZSL through a gate that was fitted on the calibration level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sadvae.errors import SadvaeError
from sadvae.evaluation import metrics
from sadvae.evaluation.needed import check_level, has_logits
from sadvae.evaluation.selection import TrainedLevels
from sadvae.methods.fusion import hard_decision
from sadvae.methods.gate import Gate, GateInput, fit_gate
from sadvae.methods.protocol import Trained, class_vectors
from sadvae.record import ClassResult, Evaluation
from sadvae.task import ZeroShotTask
from sadvae.types import FeatureSet, FloatArray, IntArray


def gate_input(trained: Trained, part: FeatureSet, task: ZeroShotTask) -> GateInput:
    """What the gate reads of some clips: p(unseen class | clip) and the seen classifier's logits."""
    if part.seen_logits is None:
        raise SadvaeError("the features carry no logits of the seen classifier; generalised recognition needs them.")
    texts = class_vectors(trained, task.classes, task.split.unseen)
    return GateInput(trained.unseen_probabilities(part.features, texts), part.seen_logits)


def calibrate_gate(kind: str, levels: TrainedLevels, task: ZeroShotTask, seed: int) -> Gate | None:
    """Fit a gate on the calibration level alone; None where the task has none or carries no logits."""
    lower = task.calibration
    if (
        lower is None
        or levels.calibration is None
        or lower.test_seen.seen_logits is None
        or lower.test_unseen.seen_logits is None
    ):
        return None
    unseen = gate_input(levels.calibration, lower.test_unseen, lower)
    seen = gate_input(levels.calibration, lower.test_seen, lower)
    return fit_gate(kind, unseen, seen, seed=seed, seen_ids=lower.split.seen)


@dataclass(frozen=True, eq=False)
class _Generalised:
    """GZSL decisions on all test clips, seen ones first."""

    labels: IntArray
    predictions: IntArray
    is_seen: NDArray[np.bool_]
    seen_probability: FloatArray
    curve: list[tuple[float, float]]


def evaluate(
    trained: Trained,
    gate: Gate | None,
    task: ZeroShotTask,
    class_names: tuple[str, ...],
    *,
    method: str,
    preset: str | None,
    selection: str,
    epoch: int,
) -> Evaluation:
    """All scores of a trained method on its task's test clips, as fractions (see Evaluation).

    class_names: of all classes, in the order of their ids. Raises SadvaeError where a class of the task has none, and
    where there is no clip to score.
    """
    gated = gate is not None and has_logits(task)
    check_level(task, class_names, gated=gated)
    unseen_ids = np.asarray(task.split.unseen)
    labels = task.test_unseen.labels
    texts = class_vectors(trained, task.classes, task.split.unseen)
    probabilities = trained.unseen_probabilities(task.test_unseen.features, texts)
    predictions = unseen_ids[probabilities.argmax(axis=1)]
    decided = _generalise(trained, gate, task) if gate is not None and gated else None
    return Evaluation(
        method=method,
        preset=preset,
        selection=selection,
        epoch=epoch,
        zsl_accuracy=metrics.accuracy(labels, predictions),
        zsl_class_mean=metrics.class_mean_accuracy(labels, predictions),
        chance=1 / len(unseen_ids),
        calibration_error=metrics.expected_calibration_error(probabilities.max(axis=1), labels == predictions),
        classes=_class_results(task, labels, predictions, decided, class_names),
        confusion_ids=list(task.split.unseen),
        confusion=metrics.confusion(labels, predictions, task.split.unseen),
        **(_generalised_scores(decided) if decided else {}),
    )


def _generalise(trained: Trained, gate: Gate, task: ZeroShotTask) -> _Generalised:
    inputs = [gate_input(trained, part, task) for part in (task.test_seen, task.test_unseen)]
    both = GateInput(
        np.concatenate([i.unseen_probabilities for i in inputs]), np.concatenate([i.seen_logits for i in inputs])
    )
    labels = np.concatenate([task.test_seen.labels, task.test_unseen.labels])
    seen_ids, unseen_ids = np.asarray(task.split.seen), np.asarray(task.split.unseen)
    seen_scores, to_seen = both.seen_logits[:, seen_ids], gate.is_seen(both, task.split.seen)
    if_seen, if_unseen = seen_ids[seen_scores.argmax(axis=1)], unseen_ids[both.unseen_probabilities.argmax(axis=1)]
    predictions = hard_decision(seen_scores, both.unseen_probabilities, to_seen, seen_ids, unseen_ids)
    probability = gate.seen_probability(both, task.split.seen)
    is_seen = np.arange(len(labels)) < len(task.test_seen.labels)
    curve = metrics.seen_unseen_curve(probability, is_seen, if_seen == labels, if_unseen == labels)
    return _Generalised(labels, predictions, is_seen, probability, curve)


def _generalised_scores(decided: _Generalised) -> dict[str, Any]:
    seen = decided.labels[decided.is_seen], decided.predictions[decided.is_seen]
    unseen = decided.labels[~decided.is_seen], decided.predictions[~decided.is_seen]
    s, u = metrics.accuracy(*seen), metrics.accuracy(*unseen)
    s_mean, u_mean = metrics.class_mean_accuracy(*seen), metrics.class_mean_accuracy(*unseen)
    return {
        "seen_accuracy": s,
        "unseen_accuracy": u,
        "harmonic_mean": metrics.harmonic_mean(s, u),
        "seen_class_mean": s_mean,
        "unseen_class_mean": u_mean,
        "harmonic_class_mean": metrics.harmonic_mean(s_mean, u_mean),
        "gate_auroc": metrics.gate_auroc(decided.seen_probability, decided.is_seen),
        "curve_area": metrics.curve_area(decided.curve),
        "curve": metrics.corners(decided.curve),
    }


def _class_results(
    task: ZeroShotTask,
    labels: IntArray,
    predictions: IntArray,
    decided: _Generalised | None,
    class_names: tuple[str, ...],
) -> list[ClassResult]:
    zsl = metrics.class_accuracies(labels, predictions)
    gzsl = metrics.class_accuracies(decided.labels, decided.predictions) if decided else {}
    every = np.concatenate([task.test_seen.labels, task.test_unseen.labels])
    return [
        ClassResult(
            id=class_id,
            name=class_names[class_id],
            seen=class_id in set(task.split.seen),
            count=int((every == class_id).sum()),
            zsl_accuracy=zsl.get(class_id),
            gzsl_accuracy=gzsl.get(class_id),
        )
        for class_id in task.split.classes
    ]
