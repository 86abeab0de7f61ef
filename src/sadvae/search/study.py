"""The study: trials in a storage that workers and machines share, proposed by Optuna and pruned by the median."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.pruners import MedianPruner
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from sadvae.errors import SadvaeError
from sadvae.search.plan import SearchPlan, TrialEnded
from sadvae.search.sampler import SamplerByNumber
from sadvae.search.score import Part, rule_of_search, score_parts
from sadvae.search.space import TEXT_MODE, with_values
from sadvae.stages import main_method

# Trials that are drawn at random before proposals follow from scores, and that nothing is pruned before.
STARTUP, PRUNED_AFTER = 10, 5
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
_KEY, _OF = "sadvae key", "sadvae experiment"
# What is kept with a trial: the scores of its parts, its seconds, and why it failed.
SCORES, SECONDS, REASON = "scores", "seconds", "reason"


def open_storage(words: str) -> BaseStorage:
    """A database by its address (sqlite:///search.db), or a journal file. Raises SadvaeError where it does not open."""
    # Optuna tells of every study and trial on its own; workers would repeat it.
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        return _opened(words)
    except (SQLAlchemyError, ImportError, OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise SadvaeError(
            f"storage {words!r} cannot be opened ({reason}); give an address such as sqlite:///search.db, or the path "
            "of a journal file."
        ) from error


def _opened(words: str) -> BaseStorage:
    if "://" not in words:
        Path(words).parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(words))
    try:
        return RDBStorage(words)
    except OperationalError:
        # Another worker may be making the tables at this moment.
        time.sleep(1)
        return RDBStorage(words)


def open_study(plan: SearchPlan) -> Study:
    """The study of a plan: made with the experiment's own settings as its first trial, or gone on with.

    Raises SadvaeError where the storage has a study of that name over other settings, data or seeds.
    """
    pruner = MedianPruner(n_startup_trials=PRUNED_AFTER)
    sampler = SamplerByNumber(plan.seed, STARTUP)
    study = optuna.create_study(
        storage=open_storage(plan.storage),
        sampler=sampler,
        pruner=pruner,
        study_name=plan.study,
        direction="maximize",
        load_if_exists=True,
    )
    known = study.user_attrs.get(_KEY)
    if known not in (None, plan.key):
        raise SadvaeError(
            f"study {plan.study!r} in {plan.storage} is a search of other settings, ranges, data or seeds "
            f"(experiment {study.user_attrs.get(_OF)!r}); give this one another name with --study, or another storage."
        )
    if known is None:
        study.set_user_attr(_OF, plan.settings.name)
        study.set_user_attr(_KEY, plan.key)
        _enqueue_own(plan, study)
    return study


def go_on_with(plan: SearchPlan) -> Study:
    """As open_study, before any worker of this command is there: the experiment's own settings are tried again where a
    stop took the trial that had them. Raises SadvaeError as open_study does.
    """
    study = open_study(plan)
    own, kept = plan.space.values_of(plan.settings), (*FINISHED, TrialState.WAITING)
    # A trial that runs may be of a worker that died; that of another machine, which is alive, is at worst tried twice.
    tried = any(own == _values(trial) for trial in study.get_trials(deepcopy=False, states=kept))
    if not tried and finished(study) < plan.trials:
        _enqueue_own(plan, study)
    return study


def _values(trial: FrozenTrial) -> dict[str, Any]:
    """The values of a trial, or those that it is to have once a worker takes it."""
    return trial.params or trial.system_attrs.get("fixed_params", {})


def _enqueue_own(plan: SearchPlan, study: Study) -> None:
    own = plan.space.values_of(plan.settings)
    if own is not None:
        study.enqueue_trial(own)


def finished(study: Study) -> int:
    """How many trials are over, whatever became of them; those of workers that died are not among them."""
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def work(plan: SearchPlan, parts: Callable[[str], list[Part]], tell: Callable[[TrialEnded], None]) -> None:
    """Run trials until the study has as many finished ones as the plan wants. parts: of a trial, by its text mode.

    Raises SadvaeError where the storage fails.
    """
    try:
        study = open_study(plan)
        while finished(study) < plan.trials:
            trial = study.ask()
            state, score = _run(plan, parts, trial)
            study.tell(trial, score if state == TrialState.COMPLETE else None, state)
            tell(TrialEnded(trial.number, state.name.lower(), score, finished(study)))
    except (StorageInternalError, SQLAlchemyError, OSError) as error:
        raise SadvaeError(f"storage {plan.storage!r} failed: {str(error).splitlines()[0]}.") from error


def _run(plan: SearchPlan, parts: Callable[[str], list[Part]], trial: Trial) -> tuple[TrialState, float | None]:
    """One trial; settings that a method fails with, such as a rate that makes it diverge, are a failed trial."""
    began = time.perf_counter()
    values = plan.space.suggest(trial)
    settings, wanted = with_values(plan.settings, values), parts(str(values.get(TEXT_MODE, plan.settings.text.mode)))

    def go_on(scores: list[float]) -> bool:
        trial.report(_mean(scores), len(scores))
        return not trial.should_prune()

    try:
        scores = score_parts(main_method(settings.method), rule_of_search(settings.selection), wanted, go_on)
        _check_number(scores)
    except SadvaeError as error:
        trial.set_user_attr(REASON, str(error))
        return TrialState.FAIL, None
    trial.set_user_attr(SCORES, scores)
    trial.set_user_attr(SECONDS, round(time.perf_counter() - began, 2))
    state = TrialState.COMPLETE if len(scores) == len(wanted) else TrialState.PRUNED
    return state, _mean(scores)


def _check_number(scores: list[float]) -> None:
    if not isfinite(_mean(scores)):
        raise SadvaeError(f"its score is {_mean(scores)}, which is no number that trials could be compared by.")


def _mean(scores: list[float]) -> float:
    return sum(scores) / len(scores)


def importances(study: Study) -> dict[str, float]:
    """How much each setting moves the score among good trials (PED-ANOVA, Watanabe et al. 2023), the largest first.

    Empty while fewer trials than STARTUP are complete, or where they all have one score.
    """
    scores = [trial.value for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))]
    if len(scores) < STARTUP or len(set(scores)) == 1:
        return {}
    return dict(optuna.importance.get_param_importances(study))


def trials_of(study: Study) -> list[FrozenTrial]:
    """All trials by number."""
    return study.get_trials(deepcopy=False)


def attribute(trial: FrozenTrial, name: str) -> Any:
    """What is kept with a trial under a name; None where there is nothing."""
    return trial.user_attrs.get(name)
