"""The lines of the overview's tables: means over splits and seeds as RESULTS.md has them, and every single run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sadvae.evaluation.statistics import Estimate
from sadvae.record import Evaluation, RunRecord
from sadvae.report.results_contents import clips_words
from sadvae.report.results_groups import Group, split_of
from sadvae.report.results_text import UNKNOWN, setting
from sadvae.report.scores import FEWEST, Method, Scores
from sadvae.report.words import ORACLE, counted, rule_words, title_of_all

SCORES = {
    "ZSL": "zsl_accuracy",
    "S": "seen_accuracy",
    "U": "unseen_accuracy",
    "H": "harmonic_mean",
    "Gate AUROC": "gate_auroc",
}


@dataclass(frozen=True)
class Score:
    """A mean as a fraction, its standard error, and its interval where there are enough runs to believe one."""

    mean: float
    error: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """One line: a method on an experiment under a rule.

    experiment: what the menu of experiments lists. shown: what stands below the method. split: its name, or how many
    splits. inputs: encoder and texts. counts: numbers of splits and runs, or the seed. scores by name.
    """

    method: str
    experiment: str
    shown: str
    dataset: str
    split: str
    inputs: str
    weights: str
    oracle: bool
    counts: Mapping[str, int]
    scores: Mapping[str, Score | None]


def mean_lines(every: Sequence[Scores]) -> list[Line]:
    """A line for each experiment, method and rule, over its splits and seeds."""
    return [
        _mean_line(scores, method, rule)
        for scores in every
        for method in scores.methods
        for rule in scores.rules(method)
    ]


def run_lines(every: Sequence[Scores]) -> list[Line]:
    """A line for each record, method and rule."""
    return [
        _run_line(scores, record, evaluation)
        for scores in every
        for record in scores.group.records
        for evaluation in record.evaluations
    ]


def experiment_name(group: Group) -> str:
    """The name of an experiment, or what its names have in common, and its settings' hash where others share it."""
    names = {record.name for record in group.records}
    name = min(names) if len(names) == 1 else title_of_all(group.records)
    return name if group.alone else f"{name} ({group.settings_hash})"


def input_words(group: Group) -> str:
    """What went in, as far as it is known: the data sets that trained, the encoder and the texts."""
    return ", ".join(filter(None, (clips_words(group.records[0]), _settings_words(group))))


def _settings_words(group: Group) -> str:
    first = group.records[0]
    found = {"encoder": setting(first, "encoder", "preset"), "texts": setting(first, "text", "mode")}
    return ", ".join(f"{name} {value}" for name, value in found.items() if value != UNKNOWN)


def _mean_line(scores: Scores, method: Method, rule: str) -> Line:
    group, cells = scores.group, scores.evaluations(method, rule)
    names = [scores.split_names[split] for split in cells]
    return Line(
        method.label,
        experiment_name(group),
        experiment_name(group),
        group.records[0].dataset,
        names[0] if len(names) == 1 else counted(len(names), "split"),
        _settings_words(group),
        rule_words(rule),
        rule == ORACLE,
        {"Splits": len(names), "Runs": sum(map(len, cells.values()))},
        {name: score_of(scores.mean(method, rule, field)) for name, field in SCORES.items()},
    )


def _run_line(scores: Scores, record: RunRecord, evaluation: Evaluation) -> Line:
    values = {name: getattr(evaluation, field) for name, field in SCORES.items()}
    return Line(
        scores.method_of(record, evaluation).label,
        experiment_name(scores.group),
        record.name,
        record.dataset,
        scores.split_names[split_of(record)],
        "",
        rule_words(evaluation.selection),
        evaluation.selection == ORACLE,
        {"Seed": record.seed},
        {name: None if value is None else Score(value) for name, value in values.items()},
    )


def score_of(estimate: Estimate | None) -> Score | None:
    """An estimate as the tables of RESULTS.md show it: the interval from as many runs on."""
    if estimate is None:
        return None
    if estimate.count < FEWEST:
        return Score(estimate.value, estimate.error)
    return Score(estimate.value, estimate.error, estimate.low, estimate.high)
