"""From the records of one experiment to the plain data of its figures: means over seeds, class by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sadvae.record import Evaluation, RunRecord
from sadvae.report.figures.probe_bars import ProbeGroup
from sadvae.report.figures.seen_unseen import MethodCurve
from sadvae.report.means import Mean, mean_of
from sadvae.report.words import ORACLE, method_name, rule_words

HELD_OUT = "accuracy, held out (%)"
_TERMS = {
    "reconstruction_skeleton": "reconstruction, skeleton",
    "reconstruction_text": "reconstruction, text",
    "kl_skeleton": "KL, skeleton",
    "kl_text": "KL, text",
    "cross": "cross alignment",
}


def by_method(records: Sequence[RunRecord]) -> dict[str, list[Evaluation]]:
    """Evaluations that keep their classes, by method, the main one first; oracles only where there is nothing else."""
    every = [e for record in records for e in record.evaluations if e.classes]
    kept = [e for e in every if e.selection != ORACLE] or every
    several = len({e.selection for e in kept}) > 1 or any(e.selection == ORACLE for e in kept)
    found: dict[str, list[Evaluation]] = {}
    for evaluation in kept:
        rule = f", {rule_words(evaluation.selection)}" if several else ""
        found.setdefault(method_name(evaluation) + rule, []).append(evaluation)
    return found


def class_means(records: Sequence[RunRecord]) -> tuple[list[str], dict[str, list[Mean | None]]]:
    """Names of unseen classes, the easiest for the main method first, and the means of each method in that order."""
    methods = by_method(records)
    main = next(iter(methods.values()))
    names = {c.id: c.name for c in main[0].classes if not c.seen}
    means = {method: {i: mean_of([_zsl(e, i) for e in found]) for i in names} for method, found in methods.items()}
    first = next(iter(means.values()))
    order = sorted(names, key=lambda i: (-(found.value if (found := first[i]) else 0), i))
    return [names[i] for i in order], {method: [found[i] for i in order] for method, found in means.items()}


def _zsl(evaluation: Evaluation, class_id: int) -> float | None:
    return next((c.zsl_accuracy for c in evaluation.classes if c.id == class_id), None)


def confusion_of(records: Sequence[RunRecord]) -> tuple[list[str], NDArray[np.int64], str]:
    """Names, summed counts over seeds, and the name of the main method."""
    method, found = next(iter(by_method(records).items()))
    names = {c.id: c.name for c in found[0].classes}
    return (
        [names.get(i, f"class {i}") for i in found[0].confusion_ids],
        np.sum([e.confusion for e in found], axis=0),
        method,
    )


def training_of(records: Sequence[RunRecord]) -> tuple[dict[str, NDArray[np.float64]], list[int]]:
    """Loss terms [seed, epoch] by name and accuracy on held-out classes, over the epochs that all seeds have."""
    curves: dict[str, list[list[float]]] = {}
    for record in records:
        for term in dict.fromkeys(name for entry in record.history for name in entry if name != "epoch"):
            shown = _TERMS.get(term, term.replace("_", " "))
            curves.setdefault(shown, []).append([entry[term] for entry in record.history if term in entry])
        if len(record.selection_curve) > 1:
            curves.setdefault(HELD_OUT, []).append([100 * value for value in record.selection_curve])
    cut = {name: np.array([row[: min(map(len, rows))] for row in rows]) for name, rows in curves.items()}
    return cut, [record.evaluations[0].epoch + 1 for record in records]


def curves_of(records: Sequence[RunRecord]) -> list[MethodCurve]:
    """Seen-unseen curves of the methods that have gates."""
    return [
        MethodCurve(
            method,
            [e.curve for e in found],
            mean_of([e.seen_accuracy for e in found]),
            mean_of([e.unseen_accuracy for e in found]),
        )
        for method, found in by_method(records).items()
        if all(e.curve for e in found)
    ]


def probes_of(records: Sequence[RunRecord]) -> list[ProbeGroup]:
    """Probes over seeds, what is read first by class, then by subject; empty for records without probes."""
    titles = {"class": "reading the action", "subject": "reading the person"}
    groups = []
    for what, title in titles.items():
        found = [p for record in records for p in record.probes if p.what == what]
        values: dict[str, list[float | None]] = {}
        for probe in found:
            values.setdefault(probe.read_from, []).append(probe.accuracy)
        means = {source: mean for source, row in values.items() if (mean := mean_of(row))}
        if means:
            groups.append(ProbeGroup(title, means, float(np.mean([p.chance for p in found]))))
    return groups
