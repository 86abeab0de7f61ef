"""The tables of one section of RESULTS.md, each a question and its answer."""

from __future__ import annotations

from collections.abc import Sequence

from sadvae.evaluation.statistics import Estimate
from sadvae.report.results_answers import best_answer, differences_answer, gaps_answer
from sadvae.report.scores import FEWEST, HELD_OUT, Method, Scores
from sadvae.report.tables import Cell, Number, Table
from sadvae.report.words import DASH, LAST, ORACLE, rule_words

SCORES = {
    "ZSL": "zsl_accuracy",
    "ZSL class mean": "zsl_class_mean",
    "S": "seen_accuracy",
    "U": "unseen_accuracy",
    "H": "harmonic_mean",
    "AUC": "curve_area",
    "Gate AUROC": "gate_auroc",
}
COMPARED = ("ZSL", "S", "U", "H")
# Scores whose intervals are shown; the CSV files have those of all.
WITH_INTERVAL = ("ZSL", "H")


def number(estimate: Estimate | None, score: str, *, signed: bool = False) -> Number:
    """A cell; an interval is shown where there are enough values to believe it."""
    enough = estimate is not None and estimate.count >= FEWEST
    return Number(estimate, signed, enough and score in WITH_INTERVAL)


def group_tables(scores: Scores, against: Method) -> list[Table]:
    """Every table of a group that has rows; against: the method that others are compared with."""
    asked = dict.fromkeys(method.question for method in scores.methods if method.question)
    tables = [
        methods_table(scores),
        differences_table(scores, against),
        *(question_table(scores, question, i) for i, question in enumerate(asked)),
        gaps_table(scores),
        splits_table(scores),
    ]
    return [table for table in tables if table.rows]


def methods_table(scores: Scores) -> Table:
    """Chance, and one row for each method that stands for itself, under the rule that counts."""
    chance = scores.chance
    count = str(chance.count) if chance else "0"
    rows: list[tuple[Cell, ...]] = [
        ("chance", DASH, count, Number(chance, error=False), *[DASH] * (len(SCORES) - 1)),
        *_score_rows(scores, scores.standing),
    ]
    head = ("Method", "Selection", "Runs", *SCORES)
    return Table("methods", "How good is each method?", best_answer(scores), head, tuple(rows), 2)


def _score_rows(scores: Scores, methods: Sequence[Method]) -> list[tuple[Cell, ...]]:
    rows = []
    for method, rule in scores.counting(methods):
        found = {name: scores.mean(method, rule, field) for name, field in SCORES.items()}
        zsl = found["ZSL"]
        cells = [number(estimate, name) for name, estimate in found.items()]
        rows.append((method.label, rule_words(rule), str(zsl.count if zsl else 0), *cells))
    return rows


def differences_table(scores: Scores, against: Method) -> Table:
    """One method minus each other that stands for itself, split by split and seed by seed."""
    others = [method for method in scores.standing if method != against]
    rows = _difference_rows(scores, against, others)
    question = f"Is {against.label} better than the others?"
    answer = differences_answer(scores, against, others)
    return Table("differences", question, answer, _difference_head(), rows, 2)


def _difference_head() -> tuple[str, ...]:
    return ("Paired difference, points", "Selection", "Pairs", *COMPARED)


def _difference_rows(scores: Scores, against: Method, others: Sequence[Method]) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = []
    for wanted in scores.main_rules:
        left = scores.rule_of(against, wanted)
        for method in others:
            right = scores.rule_of(method, wanted)
            if left is None or right is None:
                continue
            found = {s: scores.difference((against, left), (method, right), SCORES[s]) for s in COMPARED}
            zsl = found["ZSL"]
            if zsl is not None:
                cells = [number(estimate, name, signed=True) for name, estimate in found.items()]
                rows.append((f"{against.label} minus {method.label}", rule_words(wanted), str(zsl.count), *cells))
    return tuple(rows)


def question_table(scores: Scores, question: str, position: int) -> Table:
    """The main method minus each compare entry that answers a question."""
    entries = [method for method in scores.methods if method.question == question]
    rows = _difference_rows(scores, scores.main, entries)
    answer = differences_answer(scores, scores.main, entries)
    return Table(f"question-{position + 1}", question, answer, _difference_head(), rows, 2)


def gaps_table(scores: Scores) -> Table:
    """What a choice of the epoch on the test set adds, for every method that was scored under both rules."""
    rows: list[tuple[Cell, ...]] = []
    for method in scores.methods:
        gap = scores.difference((method, ORACLE), (method, HELD_OUT), SCORES["ZSL"])
        if gap is not None:
            means = [number(scores.mean(method, rule, SCORES["ZSL"]), "") for rule in (LAST, HELD_OUT, ORACLE)]
            rows.append((method.label, str(gap.count), *means, number(gap, "ZSL", signed=True)))
    question = "By how much does a choice of the epoch on the test set inflate ZSL?"
    words = [rule_words(rule) for rule in (LAST, HELD_OUT, ORACLE)]
    head = ("Method", "Pairs", *(word[0].upper() + word[1:] for word in words), "Oracle minus held-out")
    return Table("selection-gap", question, gaps_answer(scores), head, tuple(rows), 1)


def splits_table(scores: Scores) -> Table:
    """ZSL by split, where there are several."""
    splits = scores.by_split(SCORES["ZSL"]) if len(scores.split_names) > 1 else {}
    labels = list(dict.fromkeys(label for found in splits.values() for label in found))
    rows = [
        (scores.split_names[split], *(Number(found[label]) if label in found else DASH for label in labels))
        for split, found in splits.items()
    ]
    question = "How much does it depend on the split? (ZSL)"
    return Table("splits", question, "", ("Split", *labels), tuple(rows), 1)
