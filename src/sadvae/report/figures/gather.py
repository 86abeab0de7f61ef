"""From the scores of a group to the plain data of its figures: means over splits and seeds, class by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sadvae.evaluation.statistics import Estimate, estimate
from sadvae.record import Evaluation
from sadvae.report.figures.probe_bars import ProbeGroup
from sadvae.report.figures.seen_unseen import MethodCurve
from sadvae.report.scores import Cells, Scores, by_place
from sadvae.report.words import ORACLE, rule_words

T = TypeVar("T")
HELD_OUT = "accuracy, held out (%)"
_TERMS = {
    "reconstruction_skeleton": "reconstruction, skeleton",
    "reconstruction_text": "reconstruction, text",
    "kl_skeleton": "KL, skeleton",
    "kl_text": "KL, text",
    "cross": "cross alignment",
}


@dataclass(frozen=True)
class UnseenClass:
    """A class, and in how many of the splits it is unseen."""

    name: str
    splits: int


def bracketed(found: UnseenClass, splits: int) -> str:
    """What stands behind the name of a class: of several splits the number of those in which it is unseen."""
    return f" ({found.splits})" if splits > 1 else ""


def shown_methods(scores: Scores) -> dict[str, Cells[Evaluation]]:
    """Evaluations that keep their classes, by method, split and seed, the main one first.

    Methods that stand for themselves, under the rules that count; oracles only where there is nothing else.
    """
    pairs = scores.counting(scores.standing) or [(m, rule) for m in scores.standing for rule in scores.rules(m)]
    every = {pair: cells for pair in pairs if (cells := _with_classes(scores.evaluations(*pair)))}
    kept = {pair: cells for pair, cells in every.items() if pair[1] != ORACLE} or every
    rules = {rule for _, rule in kept}
    named = len(rules) > 1 or ORACLE in rules
    return {f"{m.label}, {rule_words(rule)}" if named else m.label: cells for (m, rule), cells in kept.items()}


def _with_classes(cells: Cells[Evaluation]) -> Cells[Evaluation]:
    found = {split: {seed: e for seed, e in seeds.items() if e.classes} for split, seeds in cells.items()}
    return {split: seeds for split, seeds in found.items() if seeds}


def class_means(methods: Mapping[str, Cells[Evaluation]]) -> tuple[list[UnseenClass], dict[str, list[Estimate | None]]]:
    """Unseen classes, the easiest for the first method first, and the means of each method in that order.

    A mean is over the splits in which the class is unseen, and None for a method that has no value there.
    """
    every = [(split, e) for cells in methods.values() for split, seeds in cells.items() for e in seeds.values()]
    names = {c.id: c.name for _, e in every for c in e.classes if not c.seen}
    splits = {i: {split for split, e in every if any(c.id == i and not c.seen for c in e.classes)} for i in names}
    means = {method: {i: _class_mean(cells, i) for i in names} for method, cells in methods.items()}
    first = next(iter(means.values()))
    order = sorted(names, key=lambda i: (-(found.value if (found := first[i]) else -1), i))
    classes = [UnseenClass(names[i], len(splits[i])) for i in order]
    return classes, {method: [found[i] for i in order] for method, found in means.items()}


def _class_mean(cells: Cells[Evaluation], class_id: int) -> Estimate | None:
    every = {split: {seed: _zsl(e, class_id) for seed, e in seeds.items()} for split, seeds in cells.items()}
    known = {split: {s: v for s, v in seeds.items() if v is not None} for split, seeds in every.items()}
    return estimate(known, draws=0)


def _zsl(evaluation: Evaluation, class_id: int) -> float | None:
    return next((c.zsl_accuracy for c in evaluation.classes if c.id == class_id), None)


def training_of(scores: Scores) -> tuple[dict[str, NDArray[np.float64]], list[int]]:
    """Loss terms [run, epoch] by name and accuracy on held-out classes, over the epochs that all runs have."""
    curves: dict[str, list[list[float]]] = {}
    records = scores.group.records
    for record in _values(by_place((record, record) for record in records)):
        for term in dict.fromkeys(name for entry in record.history for name in entry if name != "epoch"):
            shown = _TERMS.get(term, term.replace("_", " "))
            curves.setdefault(shown, []).append([entry[term] for entry in record.history if term in entry])
        if len(record.selection_curve) > 1:
            curves.setdefault(HELD_OUT, []).append([100 * value for value in record.selection_curve])
    cut = {name: np.array([row[: min(map(len, rows))] for row in rows]) for name, rows in curves.items()}
    return cut, [record.evaluations[0].epoch + 1 for record in records]


def _values(cells: Cells[T]) -> list[T]:
    return [value for seeds in cells.values() for value in seeds.values()]


def curves_of(methods: Mapping[str, Cells[Evaluation]]) -> list[MethodCurve]:
    """Seen-unseen curves of the methods that have gates."""
    return [
        MethodCurve(
            method,
            [[e.curve for e in seeds.values()] for seeds in cells.values()],
            _gate(cells, "seen_accuracy"),
            _gate(cells, "unseen_accuracy"),
        )
        for method, cells in methods.items()
        if all(e.curve for e in _values(cells))
    ]


def _gate(cells: Cells[Evaluation], field: str) -> Estimate | None:
    found = {split: {seed: getattr(e, field) for seed, e in seeds.items()} for split, seeds in cells.items()}
    return None if None in _values(found) else estimate(found, draws=0)


def probes_of(scores: Scores) -> list[ProbeGroup]:
    """Probes over splits and seeds, what is read first by class, then by subject; empty for records without probes."""
    titles = {"class": "reading the action", "subject": "reading the person"}
    groups = []
    for what, title in titles.items():
        found = [(record, p) for record in scores.group.records for p in record.probes if p.what == what]
        sources = dict.fromkeys(p.read_from for _, p in found)
        cells = {s: by_place((record, p.accuracy) for record, p in found if p.read_from == s) for s in sources}
        means = {source: mean for source, values in cells.items() if (mean := estimate(values, draws=0))}
        if means:
            groups.append(ProbeGroup(title, means, float(np.mean([p.chance for _, p in found]))))
    return groups
