"""How far many runs are as a whole, and when they will be done."""

from __future__ import annotations

# Shares of a run's time, roughly: pretraining is nearly all of it where encoders are not there yet.
_SHARES = {"pretrain": (0.0, 0.85), "train": (0.85, 0.15)}


class Tally:
    """Counts runs and the parts of runs that are under way; times are seconds of one clock."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.ended = 0
        self._parts: dict[str, float] = {}
        self._begin = 0.0

    def start(self, now: float) -> None:
        """The runs begin."""
        self._begin = now

    def step(self, run: str, stage: str, done: int, total: int) -> None:
        """A run has done so many steps of a stage."""
        before, share = _SHARES.get(stage, (0.0, 0.0))
        if share and total:
            self._parts[run] = max(self._parts.get(run, 0.0), before + share * min(done / total, 1.0))

    def end(self, run: str) -> None:
        """A run is over, well or not."""
        self._parts.pop(run, None)
        self.ended += 1

    @property
    def share(self) -> float:
        """How much of the whole is done, from 0 to 1."""
        return min(1.0, (self.ended + sum(self._parts.values())) / self.total) if self.total else 1.0

    def seconds_left(self, now: float) -> float | None:
        """The time that is left if it goes on as it went so far; None before anything is done."""
        share = self.share
        return (now - self._begin) * (1 - share) / share if share > 0 else None
