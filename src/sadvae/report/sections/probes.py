"""Does it disentangle? What can be read from each half of the latent code."""

from __future__ import annotations

import math

from sadvae.record import ProbeResult, RunRecord
from sadvae.report.markup import joined, note, paragraph, table
from sadvae.report.section import Section
from sadvae.report.words import percent

_APART = {"subject": "people", "class": "actions", "clip": "clips"}


def probes(record: RunRecord) -> Section:
    """Accuracy of linear probes beside chance, and the information that they used."""
    text = paragraph(
        "A linear classifier is trained to read the action, and another to read the person, from z_r, from z_v and "
        "from the features, each tested on people or actions that it was not trained on. A latent code that is split "
        "as it should be lets the action be read from z_r and not from z_v."
    )
    head = ("Read", "from", "accuracy (%)", "chance (%)", "bits", "at most", "clips", "tested on new")
    rows = [_row(probe) for probe in record.probes]
    small = note("Accuracy: every label weighs the same. Bits: a lower bound of what is told about the label.")
    return Section("probes", "Does it disentangle?", joined(text, table(head, rows, words=(0, 1, 7)), small))


def _row(probe: ProbeResult) -> tuple[object, ...]:
    numbers = percent(probe.accuracy), percent(probe.chance), f"{probe.bits:.2f}", f"{-math.log2(probe.chance):.2f}"
    what = {"class": "the action", "subject": "the person"}.get(probe.what, probe.what)
    return what, probe.read_from, *numbers, probe.count, _APART.get(probe.folds, probe.folds)
