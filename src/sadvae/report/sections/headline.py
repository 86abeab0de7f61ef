"""The scores of the main method, and what they mean."""

from __future__ import annotations

from sadvae.evaluation.proportion import zero_shot_proportion
from sadvae.record import Evaluation, RunRecord
from sadvae.report.markup import Html, element, joined, note, paragraph
from sadvae.report.section import Section
from sadvae.report.words import ORACLE, counted, method_name, percent, rule_words


def headline(record: RunRecord) -> Section:
    """ZSL accuracy, S, U, H and chance as large numbers, with the selection rule."""
    main = record.evaluations[0]
    body = joined(_meaning(record), element("div", *_cards(record, main), class_="cards"), _selection(main))
    return Section("scores", "What was found", body)


def _meaning(record: RunRecord) -> Html:
    seen, unseen = counted(len(record.seen), "class"), counted(len(record.unseen), "class")
    return paragraph(
        f"The model was trained on clips of {seen} (the ",
        element("b", "seen"),
        f" ones). Of the other {unseen} (",
        element("b", "unseen"),
        ") it was given only words: no clip of them was trained on. All scores are of test clips.",
    )


def _cards(record: RunRecord, main: Evaluation) -> list[Html]:
    chance = f"Clips of unseen classes, choice among these {len(record.unseen)}; chance is {percent(main.chance)} %."
    cards = [_card("Zero-shot accuracy", main.zsl_accuracy, f"{chance}{_counts(main)}", "card main")]
    if main.harmonic_mean is None:
        return cards
    added = len(record.joined.added) if record.joined else 0
    everything = f"choice among all {len(record.seen) + added + len(record.unseen)} classes."
    return [
        *cards,
        _card("S", main.seen_accuracy, f"Generalised: clips of seen classes, {everything}"),
        _card("U", main.unseen_accuracy, f"Generalised: clips of unseen classes, {everything}"),
        _card("H", main.harmonic_mean, "The harmonic mean of S and U, the usual single number."),
    ]


def _counts(main: Evaluation) -> str:
    found = zero_shot_proportion(main)
    if found is None:
        return ""
    return f" {found.right} of {found.count} clips: 95 % interval {percent(found.low)} to {percent(found.high)} %."


def _card(name: str, value: float | None, meaning: str, class_: str = "card") -> Html:
    number = element("span", percent(value), element("small", " %"), class_="value")
    return element("div", element("span", name, class_="name"), number, element("span", meaning), class_=class_)


def _selection(main: Evaluation) -> Html:
    how = f"{method_name(main)}, epoch {main.epoch + 1}, picked by the rule “{rule_words(main.selection)}”"
    text = f"Weights: {how} ({main.selection})."
    gate = (
        " No gate could be calibrated here, so there are no generalised scores." if main.harmonic_mean is None else ""
    )
    if main.selection == ORACLE:
        warning = " The epoch was picked by looking at the test set: these numbers are an upper bound, not a result."
        return element("p", text, element("b", warning), gate, class_="warning")
    return note(text, " The test set was not looked at to pick it.", gate)
