"""Search: levels once, then trials in several processes, until enough are finished."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from sadvae.bench.processes import Tell, run_units
from sadvae.errors import SadvaeError
from sadvae.experiment import Progress
from sadvae.search.levels import Origin, divisions, make_level, read_level
from sadvae.search.plan import SearchPlan, TrialEnded, WorkerFailed
from sadvae.search.score import Part, rule_of_search
from sadvae.search.space import TEXT_MODE, Space
from sadvae.settings import IMPORTED, ExperimentSettings
from sadvae.sources import Source
from sadvae.stages import check_settings, takes_lessons


def check_search(settings: ExperimentSettings, space: Space, source: Source) -> None:
    """Refuse what could only fail later. Raises SadvaeError that names the first fault."""
    if find_spec("optuna") is None:
        raise SadvaeError("a search needs Optuna; install it with `pip install '.[search]'` in sadvae's folder.")
    check_settings(settings, source)
    rule_of_search(settings.selection)
    if takes_lessons(settings.method):
        raise SadvaeError(
            f"a search gives its trials no composed movements, which the preset {settings.method.preset} learns from; "
            "search the preset sadvae, or set lesson_share = 0 in the changes of [method]."
        )
    if settings.text.mode == IMPORTED and any(setting.name == TEXT_MODE for setting in space.settings):
        raise SadvaeError("vectors from a file have no mode to search; leave [text] out of the search file.")


def make_levels(
    settings: ExperimentSettings, space: Space, origin: Origin, count: int, out: Path, say: Progress
) -> tuple[Path, ...]:
    """The calibration levels of `count` divisions below out/levels, from stages that are kept in the shared folder."""
    folders = []
    for number, division in enumerate(divisions(settings, origin, count, say)):
        folder = out / "levels" / str(number)
        make_level(division, space, origin, folder, say)
        folders.append(folder)
    return tuple(folders)


def run_search(plan: SearchPlan, workers: int, hear: Callable[[TrialEnded], None]) -> list[str]:
    """Run trials in `workers` processes of one thread each; why those that did not come to the end gave up."""
    reasons: list[str] = []

    def news(_: int, item: TrialEnded | WorkerFailed) -> None:
        if isinstance(item, WorkerFailed):
            reasons.append(item.reason)
        else:
            hear(item)

    def ended(_: int, code: int) -> None:
        if code:
            reasons.append(f"its process ended with code {code} (was there enough memory?).")

    run_units(range(workers), workers, partial(_work, plan), news, ended)
    return reasons


def _work(plan: SearchPlan, number: int, tell: Tell) -> None:
    """What a worker does: read the levels once, and take part in the study."""
    from sadvae.search.study import work

    try:
        levels = [read_level(folder, plan.space.text_modes(plan.settings.text.mode)) for folder in plan.levels]

        def parts(mode: str) -> list[Part]:
            # Divisions in turn, so that a trial meets all of them before it may be pruned for one alone.
            return [Part(level[mode], seed) for seed in range(plan.seeds) for level in levels]

        work(plan, parts, tell)
    except SadvaeError as error:
        tell(WorkerFailed(str(error)))
