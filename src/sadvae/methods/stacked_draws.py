"""The random draws of stacked runs: each run draws from its own generator what it would draw if it trained alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import torch
from torch import Tensor

from sadvae.methods.draws import RandomDraws
from sadvae.methods.losses import is_used
from sadvae.methods.schedules import Weights
from sadvae.methods.settings import SADVAESettings

# What a step draws: noise of so many dimensions, or a permutation (None).
Need = int | None


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


@dataclass(frozen=True)
class Drawn:
    """Draws that were taken before: noise [run, n, d] and permutations [run, n], in order."""

    found: Iterator[Tensor]

    def noise(self, like: Tensor) -> Tensor:
        """The next noise."""
        return next(self.found)

    def permutation(self, count: int) -> Tensor:
        """The next permutations."""
        return next(self.found)


@dataclass(frozen=True, eq=False)
class StackedDraws:
    """The sources of several runs; of the runs' settings, only the kind of noise may differ.

    threads: draw for several runs at once; None draws in turn.
    """

    sources: Sequence[RandomDraws]
    dtype: torch.dtype
    threads: Executor | None = None

    def take(self, settings: SADVAESettings, each: Sequence[Weights], iteration: int, count: int) -> list[Tensor]:
        """The draws of one step of `count` clips: noise [run, n, d], or [run, n, 1] where all of it is per sample.

        each: the weights of every run; one that does not compute a term draws nothing for it.
        """
        lists = [step_needs(settings, weights, iteration) for weights in each]
        needs = max(lists, key=len)
        wide = any(source.kind == "per_dimension" for source in self.sources)
        room = [self._room(need, count, wide) for need in needs]

        def draw(run: int) -> None:
            for need, place in zip(lists[run], room, strict=False):
                source = self.sources[run]
                if need is None:
                    place[run] = source.permutation(count)
                else:
                    place[run] = source.noise(torch.empty((), dtype=self.dtype).expand(count, need))

        list((self.threads.map if self.threads else map)(draw, range(len(self.sources))))
        return room

    def _room(self, need: Need, count: int, wide: bool) -> Tensor:
        runs = len(self.sources)
        if need is None:
            return torch.arange(count).repeat(runs, 1)
        return torch.empty(runs, count, need if wide else 1, dtype=self.dtype)
