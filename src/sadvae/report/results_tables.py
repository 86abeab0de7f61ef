"""The tables of one section of RESULTS.md."""

from __future__ import annotations

from collections.abc import Sequence

from sadvae.record import Evaluation, RunRecord
from sadvae.report.means import Mean, mean_of, paired_difference
from sadvae.report.published import published_results
from sadvae.report.results_groups import Group
from sadvae.report.results_text import cell
from sadvae.report.words import DASH, method_name, rule_words, stated

SCORES = {
    "ZSL": "zsl_accuracy",
    "ZSL class mean": "zsl_class_mean",
    "S": "seen_accuracy",
    "U": "unseen_accuracy",
    "H": "harmonic_mean",
    "Gate AUROC": "gate_auroc",
}
COMPARED = ("ZSL", "S", "U", "H")

# A row of a table over seeds: method as shown, selection rule.
_Row = tuple[str, str]


def scores_table(group: Group) -> str:
    """Chance, and one row for each method, preset and selection rule."""
    chance = mean_of([record.evaluations[0].chance for record in group.records])
    rows = [["chance", DASH, str(len(group.records)), shown(chance, error=False), *[DASH] * (len(SCORES) - 1)]]
    for (name, rule), found in _rows(group).items():
        scores = [shown(mean_of([getattr(e, field) for e in found])) for field in SCORES.values()]
        rows.append([name, rule_words(rule), str(len(found)), *scores])
    return markdown_table(("Method", "Selection", "Seeds", *SCORES), rows, words=2)


def _rows(group: Group) -> dict[_Row, list[Evaluation]]:
    """Evaluations by row: the main method first, baselines in the order of the records, oracles last."""
    found: dict[_Row, list[Evaluation]] = {}
    for records in group.by_selection().values():
        for record in records:
            for evaluation in record.evaluations:
                found.setdefault((method_name(evaluation), evaluation.selection), []).append(evaluation)
    return found


def differences_table(group: Group) -> str:
    """The main method minus each baseline, seed by seed; empty without baselines."""
    rows = []
    for rule, records in group.by_selection().items():
        main = method_name(records[0].evaluations[0])
        for baseline in dict.fromkeys(method_name(e) for record in records for e in record.evaluations[1:]):
            pairs = [pair for record in records if (pair := _pair(record, baseline))]
            shown = [_difference(pairs, SCORES[score]) for score in COMPARED]
            rows.append([f"{main} minus {baseline}", rule_words(rule), str(len(pairs)), *shown])
    if not rows:
        return ""
    text = "Paired differences over seeds, in percentage points:"
    return f"{text}\n\n{markdown_table(('Difference', 'Selection', 'Seeds', *COMPARED), rows, words=2)}"


def _pair(record: RunRecord, baseline: str) -> tuple[Evaluation, Evaluation] | None:
    other = next((e for e in record.evaluations[1:] if method_name(e) == baseline), None)
    return (record.evaluations[0], other) if other else None


def _difference(pairs: Sequence[tuple[Evaluation, Evaluation]], field: str) -> str:
    left, right = ([getattr(e, field) for e in side] for side in zip(*pairs, strict=True))
    return shown(paired_difference(left, right), sign="+")


def published_table(group: Group) -> str:
    """What publications state for this protocol, with their sources; empty where the experiment names none."""
    found = dict.fromkeys(result for record in group.records for result in published_results(record))
    if not found:
        return ""
    rows = [
        [p.method, rule_words(p.selection), *(stated(v) for v in (p.zsl, p.seen, p.unseen, p.harmonic_mean)), p.source]
        for p in found
    ]
    text = "As published (not measured here):"
    return f"{text}\n\n{markdown_table(('Method', 'Selection', *COMPARED, 'Source'), rows, words=2)}"


def shown(mean: Mean | None, *, sign: str = "", error: bool = True) -> str:
    """A mean of fractions in percent ± its standard error; a dash for None."""
    if mean is None:
        return DASH
    value = f"{100 * mean.value:{sign}.1f}"
    return value if mean.error is None or not error else f"{value} ± {100 * mean.error:.1f}"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, words: int) -> str:
    """A Markdown table; the first `words` columns stand on the left, the others on the right."""
    rule = ["---" if i < words or name == "Source" else "---:" for i, name in enumerate(head)]
    return "\n".join(f"| {' | '.join(cell(value) for value in row)} |" for row in (head, rule, *rows))
