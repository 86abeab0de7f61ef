"""One plain sentence for each table of RESULTS.md, computed from its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from sadvae.evaluation.statistics import Estimate
from sadvae.report.scores import FEWEST, HELD_OUT, Method, Scores
from sadvae.report.tables import interval_words, signed
from sadvae.report.words import ORACLE, counted

ZSL, H = "zsl_accuracy", "harmonic_mean"


def best_answer(scores: Scores) -> str:
    """The method with the highest ZSL that is a result, and what the main one has.

    Methods on other splits than the main one's are named and not compared.
    """
    wanted = next((rule for rule in scores.main_rules if rule != ORACLE), None)
    if wanted is None:
        return ""
    found = [
        (mean.value, method.label)
        for method, rule in scores.comparable(wanted)
        if (mean := scores.mean(method, rule, ZSL))
    ]
    if not found:
        return ""
    chance = f"{100 * scores.chance.value:.1f}" if scores.chance else "unknown"
    best = max(found)
    text = f"Highest ZSL: {best[1]}, {100 * best[0]:.1f} % (chance {chance} %)"
    main = next((value for value, label in found if label == scores.main.label), None)
    if main is not None and best[1] != scores.main.label:
        text += f"; {scores.main.label}: {100 * main:.1f} %"
    others = ", ".join(method.label for method in scores.elsewhere(wanted))
    return f"{text}. On other splits, not compared: {others}." if others else f"{text}."


def differences_answer(scores: Scores, against: Method, others: Sequence[Method]) -> str:
    """Which others the method is shown to be above or below in ZSL, and where no difference is shown.

    Gates leave ZSL as it is; where no other differs in it, the answer is about H.
    """
    found, short = _gaps(scores, against, others, ZSL), "ZSL"
    if not any(gap.value for _, gap in found) and (in_h := _gaps(scores, against, others, H)):
        found, short = in_h, "H"
    if len(found) == 1:
        method, gap = found[0]
        return f"{against.label} minus {method.label}, {short}: {gap_words(gap)}."
    kinds: dict[str, list[str]] = {}
    for method, gap in found:
        kinds.setdefault(_kind(gap), []).append(method.label)
    order = ("above", "below", "no difference shown", f"too few pairs to tell (fewer than {FEWEST})")
    parts = [f"{kind}: {', '.join(kinds[kind])}" for kind in order if kind in kinds]
    return f"{short} of {against.label}, {'; '.join(parts)}." if parts else ""


def _gaps(scores: Scores, against: Method, others: Sequence[Method], score: str) -> list[tuple[Method, Estimate]]:
    return [(method, gap) for method in others if (gap := _gap(scores, against, method, score))]


def _gap(scores: Scores, left: Method, right: Method, score: str) -> Estimate | None:
    wanted = scores.main_rules[0]
    rules = scores.rule_of(left, wanted), scores.rule_of(right, wanted)
    return scores.difference((left, rules[0]), (right, rules[1]), score) if rules[0] and rules[1] else None


def _kind(gap: Estimate) -> str:
    if gap.count < FEWEST:
        return f"too few pairs to tell (fewer than {FEWEST})"
    return {1: "above", -1: "below", 0: "no difference shown"}[gap.direction]


def gap_words(gap: Estimate) -> str:
    """A difference, its interval, and what it shows."""
    points = f"{signed(gap.value)} points"
    if gap.count < FEWEST:
        return f"{points} in {counted(gap.count, 'pair')}: too few to tell"
    verdict = {1: "an increase", -1: "a decrease", 0: "no effect shown"}[gap.direction]
    return f"{points}, interval {interval_words(gap)}, {counted(gap.count, 'pair')}: {verdict}"


def gaps_answer(scores: Scores) -> str:
    """How much the test-set oracle adds to held-out selection: for the main method, and over all of them."""
    found = {m.label: g for m in scores.methods if (g := scores.difference((m, ORACLE), (m, HELD_OUT), ZSL))}
    if not found:
        return ""
    label = scores.main.label if scores.main.label in found else next(iter(found))
    text = f"{label}: {gap_words(found[label])}"
    if len(found) == 1:
        return f"{text}."
    values = [gap.value for gap in found.values()]
    return f"{text}. Over {len(found)} methods: {signed(min(values))} to {signed(max(values))} points."
