"""What every worker of a search is told, and what it tells."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sadvae.keys import record_key
from sadvae.search.space import Space
from sadvae.settings import ExperimentSettings


@dataclass(frozen=True)
class SearchPlan:
    """A search: what is searched, on which levels and seeds, where its study is kept, and how far it goes.

    levels: folders of make_level. storage: an address such as sqlite:///search.db, or a journal file. study: the name
    in the storage. trials: how many are to be finished in all, by all workers. seed: of the proposals. origin: the
    digest of the data.
    """

    settings: ExperimentSettings
    space: Space
    levels: tuple[Path, ...]
    seeds: int
    storage: str
    study: str
    trials: int
    seed: int
    origin: str

    @property
    def key(self) -> str:
        """A hash of all that scores depend on: trials of one study must be comparable."""
        idle = {"compare": (), "baselines": (), "selections": (), "gate": ""}
        experiment = record_key(self.settings.model_copy(update=idle), self.origin, 0)
        parts = f"{experiment} {self.space!r} {len(self.levels)} {self.seeds}"
        return hashlib.sha256(parts.encode()).hexdigest()


@dataclass(frozen=True)
class TrialEnded:
    """A trial is over: its number, its state in a word, its score as a fraction, and how many are finished in all."""

    number: int
    state: str
    score: float | None
    finished: int


@dataclass(frozen=True)
class WorkerFailed:
    """A worker gave up: the sentence that says why."""

    reason: str
