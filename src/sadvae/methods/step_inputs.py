"""What the steps of one run take in, made for some steps at once: rows, weights, draws, and texts that repeat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from sadvae.methods.arrays import WIDE
from sadvae.methods.drawn import Drawn, drawn_ahead, noise_width, step_needs
from sadvae.methods.repeats import Repeats, repeats_of
from sadvae.methods.schedules import Weights, weights_at
from sadvae.methods.settings import SADVAESettings
from sadvae.methods.training import TrainingData
from sadvae.types import IntArray

# Of what is made at once: at most so many steps, and about so many numbers.
_STEPS, _NUMBERS = 64, 2**20


@dataclass(frozen=True, eq=False)
class RunInputs:
    """Of one step: rows [n] of the clips, weights, draws, and repeats where texts are so wide that they pay."""

    rows: IntArray
    weights: Weights
    draws: Drawn
    repeats: Repeats | None


def inputs_of_epoch(
    settings: SADVAESettings,
    data: TrainingData,
    epoch: int,
    batches: Sequence[IntArray],
    generator: torch.Generator,
    dtype: torch.dtype,
) -> Iterator[RunInputs]:
    """The inputs of every step of an epoch (from 0), whose batches have these rows; dtype: of the noise."""
    weights = [weights_at(settings, epoch, step, len(batches)) for step in range(len(batches))]
    width = noise_width(settings, settings.noise == "per_dimension")
    for steps in blocks_of(batches, max(width, len(data.classes))):
        rows = np.stack(batches[steps.start : steps.stop])
        needs = [step_needs(settings, weights[step], step) for step in steps]
        draws = drawn_ahead(needs, rows.shape[1], settings, generator, dtype)
        repeats = _repeats(data, rows)
        for step, own, same in zip(steps, rows, repeats, strict=True):
            yield RunInputs(own, weights[step], draws, same)


def blocks_of(batches: Sequence[IntArray], width: int) -> Iterator[range]:
    """Neighbouring steps with equally many clips, as many as may be made at once; width: numbers a clip."""
    first = 0
    for step, rows in enumerate(batches):
        most = min(_STEPS, _NUMBERS // (len(batches[first]) * width))
        if step > first and (step - first >= most or len(rows) != len(batches[first])):
            yield range(first, step)
            first = step
    yield range(first, len(batches))


def _repeats(data: TrainingData, rows: IntArray) -> Sequence[Repeats | None]:
    _, columns, classes, _, _ = data.arrays
    return repeats_of(columns[rows], classes) if classes.shape[1] >= WIDE else [None] * len(rows)
