"""evaluate() against hand computation on a task of six clips."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from sadvae import stages
from sadvae.errors import SadvaeError
from sadvae.evaluation.evaluate import calibrate_gate, evaluate, gate_input
from sadvae.evaluation.selection import LastStep, train_levels
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.gate import MaxProbabilityGate
from sadvae.methods.ridge import RidgeNearestText
from sadvae.record import Evaluation
from sadvae.settings import PresetSettings
from sadvae.stages import fit_and_evaluate
from sadvae.task import ZeroShotTask
from sadvae.types import ClassEmbeddings, ClassSplit, EncoderTrace, FeatureSet, FloatArray

NAMES = ("walk", "run", "wave", "clap")
TRACE = EncoderTrace("none", (0, 1))


@dataclass(frozen=True)
class ByFirstFeature:
    """p(class 2) is the clip's first feature, p(class 3) the rest."""

    def unseen_probabilities(self, features: FloatArray, class_vectors: FloatArray) -> FloatArray:
        assert class_vectors.shape == (2, 2)
        return np.stack([features[:, 0], 1 - features[:, 0]], axis=1)

    def latents(self, features: FloatArray) -> None:
        return None

    def describe(self) -> dict[str, Any]:
        return {}

    def weights(self) -> dict[str, Any]:
        return {}


def part(prefix: str, labels: list[int], first: list[float], logits: list[list[float]] | None) -> FeatureSet:
    features = np.array([[value, i] for i, value in enumerate(first)], np.float32)
    names = tuple(f"{prefix}{i}" for i in range(len(labels)))
    raw = None if logits is None else np.array(logits, np.float32)
    return FeatureSet(features, np.array(labels), names, None, raw, TRACE)


def task(*, logits: bool = True) -> ZeroShotTask:
    """Seen classes 0, 1; unseen 2, 3. Columns 2 and 3 of the logits were never trained, and mislead."""
    seen = part("s", [0, 1, 1], [0.9, 0.8, 0.7], [[5, 0, 9, 9], [4, 0, 9, 9], [0, 0.5, 9, 9]] if logits else None)
    unseen = part("u", [2, 2, 3], [0.6, 0.1, 0.3], [[0, 0.2, 9, 9], [3, 0, 9, 9], [0, 0.1, 9, 9]] if logits else None)
    texts = ClassEmbeddings((0, 1, 2, 3), np.eye(4, 2, dtype=np.float32), "none", "none")
    return ZeroShotTask(ClassSplit("hand", (0, 1), (2, 3)), part("t", [0, 1], [0.5, 0.2], None), seen, unseen, texts)


# With two seen classes, the log-odds of the larger probability are the difference of the two logits: seen clips have
# 5, 4, 0.5; unseen ones 0.2, 3, 0.1. The gate calls a clip seen above 0.4.
GATE = MaxProbabilityGate(slope=1.0, offset=-0.4)


def scores(gate: MaxProbabilityGate | None, given: ZeroShotTask) -> Evaluation:
    return evaluate(ByFirstFeature(), gate, given, NAMES, method="by_hand", preset=None, selection="last_step", epoch=4)


def test_zero_shot_scores_by_hand() -> None:
    found = scores(None, task())
    # Unseen clips: 0.6 -> class 2, right; 0.1 -> class 3, wrong; 0.3 -> class 3, right.
    assert found.zsl_accuracy == pytest.approx(2 / 3)
    assert found.zsl_class_mean == pytest.approx((1 / 2 + 1) / 2)
    assert found.chance == 0.5
    assert (found.confusion_ids, found.confusion) == ([2, 3], [[1, 1], [0, 1]])
    # Confidences 0.6 (right), 0.9 (wrong), 0.7 (right), each in a bin of its own.
    assert found.calibration_error == pytest.approx((0.4 + 0.9 + 0.3) / 3, abs=1e-6)
    assert (found.harmonic_mean, found.seen_accuracy, found.curve) == (None, None, [])
    assert (found.method, found.preset, found.selection, found.epoch) == ("by_hand", None, "last_step", 4)


def test_generalised_scores_by_hand() -> None:
    found = scores(GATE, task())
    # Seen: all sent to the seen classes; 0 right, 0 for 1 wrong, 1 right. Unseen: the second is sent there too, wrong.
    assert found.seen_accuracy == pytest.approx(2 / 3)
    assert found.unseen_accuracy == pytest.approx(2 / 3)
    assert found.harmonic_mean == pytest.approx(2 / 3)
    assert found.seen_class_mean == pytest.approx((1 + 1 / 2) / 2)
    assert found.unseen_class_mean == pytest.approx((1 / 2 + 1) / 2)
    # Of nine pairs of a seen and an unseen clip, one is ranked wrongly (0.5 below 3).
    assert found.gate_auroc == pytest.approx(8 / 9)
    # By falling P(seen): 5 right, 4 wrong, 3 an unseen clip that was wrong anyway, 0.5 right, 0.2 and the last are
    # unseen clips lost. Only corners of the curve are kept: 2/3 of the unseen ones until both seen ones are gained.
    assert [tuple(point) for point in found.curve] == [
        (0, pytest.approx(2 / 3)),
        *[(pytest.approx(2 / 3),) * 2],
        (pytest.approx(2 / 3), 0),
    ]
    assert found.curve_area == pytest.approx(4 / 9)


def test_a_column_of_logits_is_a_class_id_whatever_ids_the_seen_classes_have() -> None:
    ids, plain = np.array([1, 3, 0, 2]), task()

    def renamed(part: FeatureSet) -> FeatureSet:
        logits = None if part.seen_logits is None else part.seen_logits[:, np.argsort(ids)]
        return replace(part, labels=ids[part.labels], seen_logits=logits, encoder=replace(TRACE, classes=(1, 3)))

    train, seen, unseen = map(renamed, plain.parts)
    other = ZeroShotTask(ClassSplit("hand", (1, 3), (0, 2)), train, seen, unseen, plain.classes)
    found, wanted = scores(GATE, other), scores(GATE, plain)
    assert (found.seen_accuracy, found.unseen_accuracy) == (wanted.seen_accuracy, wanted.unseen_accuracy)
    assert found.curve == wanted.curve


def test_results_by_class() -> None:
    found = {result.id: result for result in scores(GATE, task()).classes}
    assert [(r.name, r.seen, r.count) for r in found.values()] == [
        ("walk", True, 1),
        ("run", True, 2),
        ("wave", False, 2),
        ("clap", False, 1),
    ]
    assert [found[c].gzsl_accuracy for c in range(4)] == [1.0, 0.5, 0.5, 1.0]
    assert [found[c].zsl_accuracy for c in range(4)] == [None, None, 0.5, 1.0]


def test_without_logits_there_is_no_generalised_score() -> None:
    assert scores(GATE, task(logits=False)).harmonic_mean is None
    with pytest.raises(SadvaeError, match="carry no logits of the seen classifier"):
        gate_input(ByFirstFeature(), task(logits=False).test_seen, task())


def emptied(found: ZeroShotTask, name: str) -> ZeroShotTask:
    """The task without the clips of one of its test parts."""
    full: FeatureSet = getattr(found, name)
    logits = None if full.seen_logits is None else full.seen_logits[:0]
    return replace(found, **{name: FeatureSet(full.features[:0], full.labels[:0], (), None, logits, full.encoder)})


@pytest.mark.parametrize("name", ["test_seen", "test_unseen"])
def test_an_empty_test_part_is_refused_before_training(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At either level; it was an error of a library, or of writing the record, after hours."""
    whole, names = trivial_task(), tuple(f"action {i}" for i in range(20))
    assert whole.calibration is not None
    monkeypatch.setattr(stages, "train_under_rules", None)
    for found in (emptied(whole, name), replace(whole, calibration=emptied(whole.calibration, name))):
        with pytest.raises(SadvaeError, match=rf"no test features of its {name[5:]} classes \(action \d+, .*, \."):
            fit_and_evaluate(PresetSettings(preset="ridge"), found, names, "max_probability", "last_step", 0)


def test_what_has_no_clip_to_score_is_refused() -> None:
    with pytest.raises(SadvaeError, match=r"'hand' has no test features of its unseen classes \(wave, clap\)"):
        scores(None, emptied(task(), "test_unseen"))
    with pytest.raises(SadvaeError, match=r"'hand' has no test features of its seen classes \(walk, run\)"):
        scores(GATE, emptied(task(), "test_seen"))
    assert scores(None, emptied(task(), "test_seen")).seen_accuracy is None


def test_a_gate_of_the_calibration_level_serves_the_test_level() -> None:
    given = trivial_task()
    levels = train_levels(RidgeNearestText(), given, 0, LastStep())
    gate = calibrate_gate("max_probability", levels, given, 0)
    names = tuple(map(str, given.split.classes))
    found = evaluate(levels.trained, gate, given, names, method="ridge", preset=None, selection="last_step", epoch=0)
    assert found.seen_accuracy is not None
    assert found.harmonic_mean is not None
    assert found.harmonic_mean > 0.4
    assert found.curve_area is not None
    assert 0 <= found.curve_area <= 1
    whole = replace(given, calibration=None)
    again = evaluate(levels.trained, gate, whole, names, method="ridge", preset=None, selection="last_step", epoch=0)
    assert again == found


def test_the_gate_reads_no_column_of_a_held_out_class_where_it_is_fitted() -> None:
    given = trivial_task()
    lower = given.calibration
    assert lower is not None
    held_out = list(lower.split.unseen)
    levels = train_levels(RidgeNearestText(), given, 0, LastStep())

    def loud(part: FeatureSet) -> FeatureSet:
        assert part.seen_logits is not None
        logits = part.seen_logits.copy()
        logits[:, held_out] = 50
        return replace(part, seen_logits=logits)

    other = replace(lower, test_seen=loud(lower.test_seen), test_unseen=loud(lower.test_unseen))
    fits = [calibrate_gate("max_probability", levels, replace(given, calibration=c), 0) for c in (lower, other)]
    assert fits[0] == fits[1]
