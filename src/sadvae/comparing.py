"""All methods of an experiment on the same features: the main one, compare entries and baselines, under every rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sadvae.errors import SadvaeError
from sadvae.evaluation.selection import EpochCallback
from sadvae.settings import Contender, ExperimentSettings, TextSettings, contenders
from sadvae.stages import Fitted, MakeMethod, fit_under_rules, main_method
from sadvae.task import ZeroShotTask

FitProgress = Callable[[int, int, str], None]


def text_settings(settings: ExperimentSettings) -> list[TextSettings]:
    """The text settings that an experiment needs vectors of, each once, the main method's first."""
    found: list[TextSettings] = []
    for contender in contenders(settings):
        if contender.text not in found:
            found.append(contender.text)
    return found


def all_fits(
    settings: ExperimentSettings,
    tasks: Mapping[TextSettings, ZeroShotTask],
    class_names: tuple[str, ...],
    seed: int,
    progress: FitProgress | None = None,
    make: MakeMethod = main_method,
) -> list[Fitted]:
    """Train and score every method; the main one under the rule that counts comes first.

    tasks: the same task with the vectors of each text setting. progress: hears methods done, in all, and a note on the
    one in training. make: the method of a preset. Raises SadvaeError that names the method that failed.
    """
    wanted, fits = contenders(settings), []
    for done, contender in enumerate(wanted):
        name = contender.entry or contender.method.preset

        def on_epoch(epoch: int, losses: dict[str, float], done: int = done, name: str = name) -> None:
            if progress:
                progress(done, len(wanted), f"{name}: epoch {epoch + 1}{_shown(losses)}")

        try:
            fits += _fits(contender, settings, tasks[contender.text], class_names, seed, on_epoch, make)
        except SadvaeError as error:
            raise SadvaeError(f"method {name!r}: {error}") from error
    return fits


def _shown(losses: dict[str, float]) -> str:
    return f", loss {losses['total']:.3f}" if "total" in losses else ""


def _fits(
    contender: Contender,
    settings: ExperimentSettings,
    task: ZeroShotTask,
    class_names: tuple[str, ...],
    seed: int,
    on_epoch: EpochCallback,
    make: MakeMethod,
) -> list[Fitted]:
    rules = settings.rules
    fits = fit_under_rules(contender.method, task, class_names, contender.gate, rules, seed, on_epoch, make)
    return [replace(f, evaluation=f.evaluation.model_copy(update={"entry": contender.entry})) for f in fits]
