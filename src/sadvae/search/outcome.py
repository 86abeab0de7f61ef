"""What a search leaves: a table of trials, the best settings as an experiment file, and the data of its figures."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from sadvae.errors import SadvaeError
from sadvae.files import write_json, write_text
from sadvae.search.plan import SearchPlan
from sadvae.search.space import Value, with_values
from sadvae.search.study import REASON, SCORES, SECONDS, attribute, finished, importances, open_study, trials_of
from sadvae.settings import ExperimentSettings


@dataclass(frozen=True)
class TrialRow:
    """One trial: state ("complete", "pruned", "fail", "running", "waiting"), score as a fraction, and settings.

    scores: of its parts, in order. own: whether it has the experiment's own settings.
    """

    number: int
    state: str
    score: float | None
    values: dict[str, Value]
    scores: tuple[float, ...]
    seconds: float | None
    reason: str
    own: bool


@dataclass(frozen=True)
class Outcome:
    """A search so far: all trials, the best one, the one with the experiment's own settings, weights of settings."""

    rows: tuple[TrialRow, ...]
    best: TrialRow
    own: TrialRow | None
    importances: dict[str, float]
    experiment: ExperimentSettings


def outcome_of(plan: SearchPlan) -> Outcome:
    """Read the study of a plan. Raises SadvaeError where no trial ended with a score."""
    study = open_study(plan)
    own = plan.space.values_of(plan.settings)
    rows = tuple(_row(trial, own) for trial in trials_of(study))
    complete = [row for row in rows if row.state == "complete" and row.score is not None]
    if not complete:
        reason = next((row.reason for row in reversed(rows) if row.reason), "none was finished")
        raise SadvaeError(f"no trial of study {plan.study!r} ended with a score; the last one said: {reason}")
    # The first of equals, so that the experiment's own settings win where nothing is better.
    best = max(complete, key=lambda row: row.score or 0.0)
    return Outcome(
        rows,
        best,
        next((row for row in complete if row.own), None),
        importances(study),
        _best(plan, best, finished(study)),
    )


def _row(trial: Any, own: dict[str, Value] | None) -> TrialRow:
    return TrialRow(
        number=trial.number,
        state=trial.state.name.lower(),
        score=trial.value if trial.state.name == "COMPLETE" else None,
        values=dict(trial.params),
        scores=tuple(attribute(trial, SCORES) or ()),
        seconds=attribute(trial, SECONDS),
        reason=attribute(trial, REASON) or "",
        own=own is not None and trial.params == own,
    )


def _best(plan: SearchPlan, best: TrialRow, count: int) -> ExperimentSettings:
    """The experiment with the best values, under a name of its own, so that its runs stand beside the old ones."""
    title = f"{plan.settings.title or plan.settings.name}, best of {count} trials on held-out classes"
    named = {"name": f"{plan.settings.name}_searched", "title": title}
    return with_values(plan.settings, best.values).model_copy(update=named)


def write_outcome(found: Outcome, folder: Path) -> list[Path]:
    """Write best.toml (ready for `sadvae run`), trials.csv and trials.json; returns the files."""
    best, table, full = folder / "best.toml", folder / "trials.csv", folder / "trials.json"
    write_text(best, experiment_text(found))
    write_text(table, _csv(found.rows))
    write_json(full, {"importances": found.importances, "trials": [vars(row) for row in found.rows]})
    return [best, table, full]


def experiment_text(found: Outcome) -> str:
    """The best settings as an experiment file; what has its default value is left out."""
    values = found.experiment.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    head = [f"# Trial {found.best.number} of a search: {_percent(found.best.score)} % on held-out classes"]
    if found.own is not None:
        head.append(f"# (the file's own settings: {_percent(found.own.score)} %).")
    head.append("# The best of many is an optimistic number: quote what `sadvae run` says of this file.")
    return "\n".join(head) + "\n" + tomli_w.dumps(values)


def _csv(rows: tuple[TrialRow, ...]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["trial", "state", "held_out_accuracy", "seconds", *names, "scores", "reason"])
    for row in rows:
        values = [row.values.get(name, "") for name in names]
        scores = " ".join(f"{score:.4f}" for score in row.scores)
        score = "" if row.score is None else f"{row.score:.4f}"
        writer.writerow([row.number, row.state, score, row.seconds, *values, scores, row.reason])
    return stream.getvalue()


def _percent(score: float | None) -> str:
    return f"{100 * (score or 0.0):.1f}"
