"""Accuracy class by class, as bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sadvae.record import ClassResult, RunRecord
from sadvae.report.markup import Html, details, element, joined, note, table
from sadvae.report.section import Section
from sadvae.report.words import percent

# More seen classes than this are shown on a click, so that they do not bury the rest of the page.
MOST_OPEN = 12


def classes(record: RunRecord) -> Section:
    """Unseen classes with ZSL and GZSL accuracy, seen classes with GZSL accuracy; the best first."""
    # Classes that only other data sets have are not tested.
    added = set(record.joined.added) if record.joined else set[int]()
    found = [c for c in record.evaluations[0].classes if c.id not in added]
    unseen = _best_first([c for c in found if not c.seen], lambda c: c.zsl_accuracy)
    seen = _best_first([c for c in found if c.seen], lambda c: c.gzsl_accuracy)
    body = joined(
        note("In percent, the best first. ZSL: choice among unseen classes; GZSL: choice among all classes."),
        element("h3", "Unseen classes"),
        _unseen(unseen),
        _seen(seen),
    )
    return Section("classes", "Class by class", body)


def _unseen(found: Sequence[ClassResult]) -> Html:
    if all(c.gzsl_accuracy is None for c in found):
        return _table(found, ("ZSL",), lambda c: (c.zsl_accuracy,))
    return _table(found, ("ZSL", "GZSL"), lambda c: (c.zsl_accuracy, c.gzsl_accuracy))


def _seen(found: Sequence[ClassResult]) -> Html:
    if all(c.gzsl_accuracy is None for c in found):
        return note("Without a gate there are no generalised decisions, so seen classes have no score.")
    rows = _table(found, ("GZSL",), lambda c: (c.gzsl_accuracy,))
    return details(f"Seen classes: {len(found)}", rows, open_=len(found) <= MOST_OPEN)


def _best_first(found: list[ClassResult], value: Callable[[ClassResult], float | None]) -> list[ClassResult]:
    return sorted(found, key=lambda c: (-(value(c) or 0.0), c.id))


def _table(
    found: Sequence[ClassResult], scores: tuple[str, ...], values: Callable[[ClassResult], tuple[float | None, ...]]
) -> Html:
    rows = [(c.name, c.count, *(_bar(value) for value in values(c))) for c in found]
    return table(("Class", "Clips", *scores), rows, class_="bars")


def _bar(value: float | None) -> Html:
    bar = element("span", element("i", style=f"width:{100 * (value or 0):.1f}%"), class_="bar")
    return element("span", element("span", percent(value, 0), class_="figure"), bar, class_="measure")
