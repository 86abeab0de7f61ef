"""Proposals that depend on the seed, the number of the trial and what is known, and not on who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState


class SamplerByNumber(BaseSampler):
    """Tree-structured Parzen estimator (Bergstra et al. 2011) that is seeded anew for every trial.

    A search that was stopped goes on as if it had not been, and workers never propose one another's first draws.
    """

    def __init__(self, seed: int, startup: int) -> None:
        self._seed, self._startup = seed, startup
        self._inner = self._seeded(0)

    def _seeded(self, number: int) -> TPESampler:
        state = np.random.SeedSequence([self._seed, number]).generate_state(1)[0]
        return TPESampler(seed=int(state), n_startup_trials=self._startup)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed the draws of this trial."""
        self._inner = self._seeded(trial.number)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """As the estimator does."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As the estimator does."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """As the estimator does."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """As the estimator does."""
        self._inner.after_trial(study, trial, state, values)
