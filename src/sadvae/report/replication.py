"""Published results beside ours: the same protocol, the selection rule said on both sides."""

from __future__ import annotations

from collections.abc import Hashable

from sadvae.record import RunRecord
from sadvae.report.published import published_results
from sadvae.report.results_groups import Group, split_of
from sadvae.report.results_tables import COMPARED, SCORES
from sadvae.report.scores import Method, Scores, plain
from sadvae.report.tables import Cell, Number, Table
from sadvae.report.words import DASH, ORACLE, rule_words, stated
from sadvae.settings import PublishedResult

# In which order our presets of a method stand beside a published number.
_CLOSEST = ("published", "paper")


def replication_table(group: Group) -> Table:
    """One row for each published result and score; empty where the experiments name none."""
    rows: list[tuple[Cell, ...]] = []
    names, parts = group.split_names, dict[tuple[str, Hashable], list[RunRecord]]()
    for record in group.records:
        parts.setdefault((record.name, split_of(record)), []).append(record)
    for (_, split), own in parts.items():
        scores = Scores(Group(tuple(own), group.settings_hash, group.alone))
        for result in dict.fromkeys(result for record in own for result in published_results(record)):
            rows += _rows(names[split], result, scores)
    question = "Are published results met?"
    head = (
        "Split",
        "Method",
        "Score",
        "Published",
        "Picked by",
        "Ours",
        "Picked by (ours)",
        "Ours minus published",
        "Source",
    )
    return Table("replication", question, _answer(rows), head, tuple(rows), 3)


def _rows(split: str, result: PublishedResult, scores: Scores) -> list[tuple[Cell, ...]]:
    stated_scores = dict(zip(COMPARED, (result.zsl, result.seen, result.unseen, result.harmonic_mean), strict=True))
    method = _ours(result.method, scores)
    rule = _rule(method, result.selection, scores) if method else None
    rows: list[tuple[Cell, ...]] = []
    for score, value in stated_scores.items():
        if value is None:
            continue
        mean = scores.mean(method, rule, SCORES[score]) if method and rule else None
        gap = DASH if mean is None else f"{100 * mean.value - value:+.1f}"
        shown = (f"{result.method}", score, stated(value), rule_words(result.selection))
        picked = rule_words(rule) if rule and mean else "not run"
        rows.append((split, *shown, Number(mean), picked, gap, result.source))
    return rows


def _ours(name: str, scores: Scores) -> Method | None:
    """Our method of that name; of several presets the one that is closest to the publication."""
    wanted = plain(name.split(" (")[0])
    found = [m for m in scores.methods if plain(m.label.split(" (")[0]) == wanted]
    close = [m for preset in _CLOSEST for m in found if f"({preset})" in m.label]
    return next(iter([*close, *found]), None)


def _rule(method: Method, published: str, scores: Scores) -> str:
    """The rule that the publication used if we have it, else one that is a result."""
    known = scores.rules(method)
    return published if published in known else next((rule for rule in known if rule != ORACLE), known[0])


def _answer(rows: list[tuple[Cell, ...]]) -> str:
    gaps = [float(row[7]) for row in rows if row[2] == "ZSL" and isinstance(row[7], str) and row[7] != DASH]
    if not gaps:
        return "No method that publications report here was run." if rows else ""
    below = sum(gap < 0 for gap in gaps)
    return (
        f"ZSL of ours is below the published number in {below} of {len(gaps)} cases; the differences are "
        f"{min(gaps):+.1f} to {max(gaps):+.1f} points. Published numbers are single runs, on features of their own."
    )
