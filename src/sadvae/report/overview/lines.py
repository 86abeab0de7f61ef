"""The lines of the overview's tables: means over seeds with intervals, and every single run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sadvae.record import Evaluation, RunRecord
from sadvae.report.means import Mean, mean_of
from sadvae.report.results_groups import Group
from sadvae.report.words import ORACLE, method_name, rule_words

SCORES = {
    "ZSL": "zsl_accuracy",
    "S": "seen_accuracy",
    "U": "unseen_accuracy",
    "H": "harmonic_mean",
    "Gate AUROC": "gate_auroc",
}


@dataclass(frozen=True)
class Score:
    """A mean as a fraction, and its 95 % interval; without one low and high are the mean itself."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One line: a method on an experiment under a rule; seeds: how many, or which one. scores by name."""

    method: str
    experiment: str
    dataset: str
    split: str
    weights: str
    oracle: bool
    seeds: int
    scores: Mapping[str, Score | None]


def mean_lines(groups: Sequence[Group]) -> list[Line]:
    """A line for each experiment, method and rule, over its seeds."""
    lines = []
    for group in groups:
        found: dict[tuple[str, str], list[Evaluation]] = {}
        for record in group.records:
            for evaluation in record.evaluations:
                found.setdefault((method_name(evaluation), evaluation.selection), []).append(evaluation)
        lines += [_line(group.records[0], same, len(same), group) for same in found.values()]
    return lines


def run_lines(groups: Sequence[Group]) -> list[Line]:
    """A line for each record, method and rule."""
    return [
        _line(record, [evaluation], record.seed, group)
        for group in groups
        for record in group.records
        for evaluation in record.evaluations
    ]


def experiment_name(group: Group) -> str:
    """The name of an experiment, and its settings' hash where others share the name."""
    first = group.records[0]
    return first.name if group.alone else f"{first.name} ({group.settings_hash})"


def _line(record: RunRecord, same: Sequence[Evaluation], seeds: int, group: Group) -> Line:
    return Line(
        method_name(same[0]),
        experiment_name(group),
        record.dataset,
        record.split,
        rule_words(same[0].selection),
        same[0].selection == ORACLE,
        seeds,
        {name: score_of(mean_of([getattr(e, field) for e in same])) for name, field in SCORES.items()},
    )


def score_of(mean: Mean | None) -> Score | None:
    """A mean with its 95 % interval by Student's t over seeds, within 0 and 1."""
    if mean is None:
        return None
    if mean.error is None:
        return Score(mean.value, mean.value, mean.value)
    from scipy.stats import t

    half = float(t.ppf(0.975, mean.count - 1)) * mean.error
    return Score(mean.value, max(0.0, mean.value - half), min(1.0, mean.value + half))
