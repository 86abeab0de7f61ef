"""The random draws of stacked runs: each run draws from its own generator what it would draw if it trained alone.

They are those of draws.RandomDraws, taken for several steps at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sadvae.methods.drawn import Need, same_in_one_call
from sadvae.methods.settings import SADVAESettings

# Numbers of a call that is worth a thread, and the groups of runs that threads take.
_LONG, _PARTS = 4096, 16


@dataclass(frozen=True)
class StackedDrawn:
    """Draws that were taken before: noise [run, n, d] and permutations [run, n], in order."""

    found: Iterator[Tensor]

    def noise(self, like: Tensor) -> Tensor:
        """The next noise."""
        return next(self.found)

    def permutation(self, count: int) -> Tensor:
        """The next permutations."""
        return next(self.found)


@dataclass(frozen=True)
class _Slot:
    """Where a draw lies in a run's row of numbers; width: of noise, None of a permutation.

    shared: one number a clip stands for all of the width. Of calls (see _calls), one slot may span several draws.
    """

    width: int | None
    clips: int
    begin: int
    end: int
    shared: bool = False


@dataclass(frozen=True, eq=False)
class Taken:
    """The draws of some steps: noise [run, numbers], permutations [run, numbers], and where each draw lies."""

    noise: Tensor
    permutations: Tensor
    steps: Sequence[Sequence[_Slot]]

    def on(self, device: torch.device) -> Iterator[tuple[Tensor, ...]]:
        """The draws of each step on a device: noise [run, n, d], or [run, n, 1] where all of it is per sample."""
        noise, permutations = sent(self.noise, device), sent(self.permutations, device)
        for slots in self.steps:
            yield tuple(
                permutations[:, slot.begin : slot.end]
                if slot.width is None
                else noise[:, slot.begin : slot.end].unflatten(1, (slot.clips, slot.width))
                for slot in slots
            )


@dataclass(frozen=True, eq=False)
class StackedDraws:
    """The generators of several runs, and the kinds of settings that they have: kinds[of_run[run]].

    Draws are taken for several steps at once, as hundreds of runs would take longer to ask one by one than a GPU takes
    for their step. device: where they are wanted. threads: draw large noise for several runs at once; None draws in
    turn.
    """

    kinds: Sequence[SADVAESettings]
    of_run: Sequence[int]
    generators: Sequence[torch.Generator]
    dtype: torch.dtype
    device: torch.device
    threads: Executor | None = None

    @property
    def wide(self) -> bool:
        """Whether noise has a number for every dimension, as one of the runs needs it."""
        return any(kind.noise == "per_dimension" for kind in self.kinds)

    def take(self, needs: Sequence[Sequence[list[Need]]], clips: Sequence[int]) -> Taken:
        """The draws of steps; needs: by kind and step. clips: in each step."""
        wide = self.wide
        steps = _slots([max(lists, key=len) for lists in zip(*needs, strict=True)], clips, wide)
        noise, permutations = self._room(steps)
        calls = [
            _calls(lists, steps, shared=wide and kind.noise == "per_sample")
            for lists, kind in zip(needs, self.kinds, strict=True)
        ]

        def draw(runs: range) -> None:
            for run in runs:
                _draw(calls[self.of_run[run]], self.generators[run], noise[run], permutations[run])

        # Threads that make many short calls wait for each other.
        if self.threads is not None and noise.shape[1] >= _LONG * max(map(len, calls)):
            list(self.threads.map(draw, [range(part, len(noise), _PARTS) for part in range(_PARTS)]))
        else:
            draw(range(len(noise)))
        return Taken(noise, permutations, steps)

    def _room(self, steps: Sequence[Sequence[_Slot]]) -> tuple[Tensor, Tensor]:
        """Room for noise and permutations; a run that does not compute a term draws no permutation for it."""
        slots = [slot for own in steps for slot in own]
        width, length = (max((s.end for s in slots if (s.width is None) == p), default=0) for p in (False, True))
        runs, pinned = len(self.generators), self.device.type == "cuda"
        noise = torch.empty(runs, width, dtype=self.dtype, pin_memory=pinned)
        permutations = torch.empty(runs, length, dtype=torch.int64, pin_memory=pinned)
        for slot in slots:
            if slot.width is None:
                permutations[:, slot.begin : slot.end] = torch.arange(slot.clips)
        return noise, permutations


def sent(numbers: Tensor, device: torch.device) -> Tensor:
    """Numbers of the CPU on a device, from where a GPU fetches them while the CPU goes on."""
    ready = numbers.pin_memory() if device.type == "cuda" else numbers
    return ready.to(device, non_blocking=True)


def _slots(needs: Sequence[list[Need]], clips: Sequence[int], wide: bool) -> list[list[_Slot]]:
    """Draws of steps one after the other; permutations apart from noise."""
    ends = {True: 0, False: 0}
    steps = []
    for wanted, count in zip(needs, clips, strict=True):
        slots = []
        for need in wanted:
            width = need if need is None or wide else 1
            begin = ends[need is None]
            ends[need is None] = end = begin + count * (1 if width is None else width)
            slots.append(_Slot(width, count, begin, end))
        steps.append(slots)
    return steps


def _calls(needs: Sequence[list[Need]], steps: Sequence[Sequence[_Slot]], *, shared: bool) -> list[_Slot]:
    """What is asked of a generator, in its order: neighbouring noise at once, where that gives the same numbers."""
    calls: list[_Slot] = []
    for wanted, slots in zip(needs, steps, strict=True):
        for slot in slots[: len(wanted)]:
            last = calls[-1] if calls else None
            joins = slot.width is not None and last is not None and last.width is not None and not shared
            if joins and last and same_in_one_call(last.end - last.begin, slot.end - slot.begin):
                calls[-1] = replace(last, end=slot.end)
            else:
                calls.append(replace(slot, shared=shared and slot.width is not None))
    return calls


def _draw(calls: Sequence[_Slot], generator: torch.Generator, noise: Tensor, permutations: Tensor) -> None:
    """Make a run's calls, into its rows of numbers."""
    for call in calls:
        if call.width is None:
            torch.randperm(call.clips, generator=generator, out=permutations[call.begin : call.end])
        elif call.shared:
            each = torch.randn(call.clips, 1, generator=generator, dtype=noise.dtype)
            noise[call.begin : call.end].view(call.clips, call.width).copy_(each)
        else:
            noise[call.begin : call.end].normal_(generator=generator)
