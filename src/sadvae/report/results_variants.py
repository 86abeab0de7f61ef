"""Groups of one data set whose settings differ (encoder, preparation, texts): their main methods beside each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sadvae.evaluation.statistics import Estimate, paired_difference
from sadvae.report.results_answers import gap_words
from sadvae.report.results_groups import Group, compared_settings
from sadvae.report.results_tables import SCORES, number
from sadvae.report.scores import Scores
from sadvae.report.tables import Cell, Table
from sadvae.report.words import rule_words


def variants_tables(groups: Sequence[Group]) -> list[tuple[str, Table]]:
    """A title and a table for each data set and number of classes that has several groups."""
    kinds: dict[tuple[str, int, int], list[Group]] = {}
    for group in groups:
        first = group.records[0]
        kinds.setdefault((first.dataset, len(first.seen), len(first.unseen)), []).append(group)
    several = {kind: found for kind, found in kinds.items() if len(found) > 1}
    return [
        (f"{dataset}, {seen} seen and {unseen} unseen classes: settings", _table(found))
        for (dataset, seen, unseen), found in several.items()
    ]


def _table(groups: Sequence[Group]) -> Table:
    """The group that most others are one change away from is what they are compared with.

    It has a row for each rule under which another group is compared with it.
    """
    base, *others = _in_order([Scores(group) for group in groups])
    rows: list[tuple[Cell, ...]] = []
    answers, against = [], [_rule(base)]
    for scores in others:
        changes, rule = ", ".join(_changes(scores.group, base.group)), _rule(scores)
        theirs = base.rule_of(base.main, rule)
        gap = _difference((scores, rule), (base, theirs)) if theirs else None
        rows.append(_row(changes, scores, rule, gap))
        if theirs is not None and gap is not None:
            against.append(theirs)
            answers.append(f"{changes}: {gap_words(gap)}")
    compared = f"what the others are compared with ({base.group.settings_hash})"
    first = [_row(compared, base, rule, None) for rule in dict.fromkeys(against)]
    head = ("Settings", "Method", "Selection", "Runs", "ZSL", "H", "Pairs", "ZSL minus what it is compared with")
    answer = f"{'; '.join(answers)}." if answers else ""
    return Table("settings", "Do other settings matter?", answer, head, (*first, *rows), 3)


def _rule(scores: Scores) -> str:
    """The rule that a group's main method is shown under: the first of those that count."""
    return scores.rule_of(scores.main, scores.main_rules[0]) or scores.main_rules[0]


def _row(changes: str, scores: Scores, rule: str, gap: Estimate | None) -> tuple[Cell, ...]:
    means = {name: scores.mean(scores.main, rule, SCORES[name]) for name in ("ZSL", "H")}
    zsl = means["ZSL"]
    runs, pairs = str(zsl.count if zsl else 0), str(gap.count) if gap else ""
    cells = [number(mean, name) for name, mean in means.items()]
    return (changes, scores.main.label, rule_words(rule), runs, *cells, pairs, number(gap, "ZSL", signed=True))


def _in_order(every: Sequence[Scores]) -> list[Scores]:
    """Most records first, but before all the one whose settings most others change in one place."""
    ordered = sorted(every, key=_place)
    base = max(ordered, key=lambda scores: _near(scores, ordered))
    return [base, *(scores for scores in ordered if scores is not base)]


def _near(base: Scores, every: Sequence[Scores]) -> int:
    """How many others are one change away; none of what trained on several data sets, which is a change itself."""
    if _more(compared_settings(base.group.records[0])):
        return 0
    return sum(len(_changes(other.group, base.group)) == 1 for other in every if other is not base)


def _place(scores: Scores) -> tuple[int, int, str]:
    """Most records first; of as many, those of the fewest data sets."""
    first = scores.group.records[0]
    return -len(scores.group.records), len(_more(compared_settings(first))), scores.group.settings_hash


def _more(settings: dict[str, Any]) -> list[str]:
    """The data sets that trained beside the one that tested."""
    return [str(part["dataset"]) for part in settings.get("data", {}).get("more", [])]


def _difference(left: tuple[Scores, str], right: tuple[Scores, str]) -> Estimate | None:
    ours, theirs = (scores.values(scores.main, rule, SCORES["ZSL"]) for scores, rule in (left, right))
    return paired_difference(ours, theirs) if ours and theirs else None


def _changes(group: Group, base: Group) -> list[str]:
    """The settings in which a group differs from another; those that one of them does not know are not compared."""
    ours, theirs = (_flat(compared_settings(g.records[0])) for g in (group, base))
    found = [
        f"{name} = {json.dumps(value)}"
        for name, value in sorted(ours.items())
        if name in theirs and theirs[name] != value and name != "data.more"
    ]
    more = _more(compared_settings(group.records[0]))
    found = [f"trained with {' and '.join(more)} too"] * bool(more) + found
    added = [
        f"{name} = {json.dumps(ours[name])}" for name in sorted(ours.keys() - theirs.keys()) if ".changes." in name
    ]
    taken = [f"without {name}" for name in sorted(theirs.keys() - ours.keys()) if ".changes." in name]
    return [*found, *added, *taken] or [f"other clips, features or texts ({group.settings_hash})"]


def _flat(settings: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found
