"""The draws of some steps of one run, taken at once: the numbers that they are one by one, in fewer calls of torch.

Between the products of a step such a call takes about as long as a small product. stacked_draws.py does the same for
many runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sadvae.methods.arrays import Array
from sadvae.methods.losses import is_used
from sadvae.methods.schedules import Weights
from sadvae.methods.settings import SADVAESettings
from sadvae.types import FloatArray

# What a step draws: noise of so many dimensions, or a permutation (None).
Need = int | None
# torch draws normal numbers in groups of so many.
_FILLED = 16


def steps_discriminator(settings: SADVAESettings, iteration: int) -> bool:
    """Whether D_T is stepped in an iteration (from 0)."""
    return settings.style > 0 and (iteration + 1) % settings.discriminator_every == 0


def step_needs(settings: SADVAESettings, weights: Weights, iteration: int) -> list[Need]:
    """What Trainer.step draws, in its order."""
    r, v = settings.latent, settings.style
    needs: list[Need] = [r, v, r]
    if steps_discriminator(settings, iteration):
        branches = 2 if settings.discriminator_text_branch else 1
        needs += [r, v] * branches + [None, None] * branches
    if v and settings.total_correlation == "paper" and is_used(weights.total_correlation):
        needs.append(None)
    return needs


def noise_width(settings: SADVAESettings, wide: bool) -> int:
    """How many normal numbers a step draws for a clip, but for D_T's; wide: one for every dimension."""
    return 2 * settings.latent + settings.style if wide else 3


def same_in_one_call(one: int, other: int) -> bool:
    """Whether so many normal numbers and then so many others are the same from one call of torch as from two."""
    return not (one % _FILLED or other % _FILLED)


@dataclass(eq=False)
class Drawn:
    """Draws (draws.py) that were taken before: noise as one row of numbers, and permutations, in order."""

    numbers: FloatArray
    permutations: Iterator[Tensor]
    per_sample: bool
    taken: int = 0

    def noise(self, like: Array) -> Array:
        """The next noise: [n, 1] where it is per sample, else [n, d]."""
        count, width = like.shape
        begin, width = self.taken, 1 if self.per_sample else width
        self.taken = begin + count * width
        return self.numbers[begin : self.taken].reshape(count, width)

    def permutation(self, count: int) -> Tensor:
        """The next permutation."""
        return next(self.permutations)


def drawn_ahead(
    needs: Sequence[list[Need]], clips: int, settings: SADVAESettings, generator: torch.Generator, dtype: torch.dtype
) -> Drawn:
    """The draws of steps that need these and have so many clips each: those of RandomDraws, one after the other."""
    per_sample = settings.noise == "per_sample"
    calls = _calls([need for step in needs for need in step], clips, per_sample)
    numbers = torch.empty(sum(count or 0 for count in calls), dtype=dtype)
    permutations, begin = [], 0
    for count in calls:
        if count is None:
            permutations.append(torch.randperm(clips, generator=generator))
        else:
            numbers[begin : begin + count].normal_(generator=generator)
            begin += count
    return Drawn(numbers.numpy(), iter(permutations), per_sample)


def _calls(needs: Sequence[Need], clips: int, per_sample: bool) -> list[int | None]:
    """How many normal numbers each call draws, neighbours in one where that is the same; None draws a permutation."""
    calls: list[int | None] = []
    for need in needs:
        count = need if need is None else clips * (1 if per_sample else need)
        last = calls[-1] if calls else None
        if count is not None and last is not None and same_in_one_call(last, count):
            calls[-1] = last + count
        else:
            calls.append(count)
    return calls
