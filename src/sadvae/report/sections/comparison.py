"""The main method beside the baselines, chance, and what publications state."""

from __future__ import annotations

from collections.abc import Sequence

from sadvae.record import Evaluation, RunRecord
from sadvae.report.markup import Html, element, joined, note, table
from sadvae.report.published import published_results
from sadvae.report.section import Section
from sadvae.report.words import ORACLE, method_name, percent, rule_words, stated
from sadvae.settings import PublishedResult

HEAD = ("Method", "ZSL", "S", "U", "H", "ZSL class mean", "Gate AUROC", "Curve area", "Calibration error", "Weights")


def comparison(record: RunRecord) -> Section:
    """One row a method, in percent."""
    rows = [_row(evaluation) for evaluation in record.evaluations]
    rows.append(("chance", percent(record.evaluations[0].chance), *[""] * 8))
    text = note(
        "In percent. All methods get the same features and texts. Class mean: the mean of the accuracies of classes. "
        "Gate AUROC: how well the gate tells seen from unseen clips (50 is chance). Curve area: under the seen-unseen "
        "curve below. Calibration error: the mean gap between stated probability and accuracy; smaller is better."
    )
    return Section(
        "methods",
        "Beside simpler methods",
        joined(table(HEAD, rows, words=(0, 9), class_="scores"), text, published_table(published_results(record))),
    )


def _row(evaluation: Evaluation) -> tuple[object, ...]:
    rule = rule_words(evaluation.selection)
    shown = element("b", rule) if evaluation.selection == ORACLE else rule
    numbers = (
        evaluation.zsl_accuracy,
        evaluation.seen_accuracy,
        evaluation.unseen_accuracy,
        evaluation.harmonic_mean,
        evaluation.zsl_class_mean,
        evaluation.gate_auroc,
        evaluation.curve_area,
        evaluation.calibration_error,
    )
    return method_name(evaluation), *(percent(number) for number in numbers), shown


def published_table(found: Sequence[PublishedResult]) -> Html | str:
    """What publications state for a protocol, under a heading of its own; empty where they state nothing."""
    if not found:
        return ""
    rows = [
        (p.method, *(stated(v) for v in (p.zsl, p.seen, p.unseen, p.harmonic_mean)), rule_words(p.selection), p.source)
        for p in found
    ]
    return joined(
        element("h3", "As published"),
        table(("Method", "ZSL", "S", "U", "H", "Weights", "Source"), rows, words=(0, 5, 6)),
        note("Numbers that publications state for this protocol; they were not measured here."),
    )
