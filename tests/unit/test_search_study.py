"""A study in memory: importances, proposals by number, and what a worker says of a storage that fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

optuna = pytest.importorskip("optuna", reason="a search needs Optuna; pip install '.[search]'")

from sadvae.errors import SadvaeError  # noqa: E402 - after the check that Optuna is there
from sadvae.evaluation.selection import LastStep  # noqa: E402
from sadvae.evaluation.trivial import trivial_task  # noqa: E402
from sadvae.methods.ridge import RidgeNearestText  # noqa: E402
from sadvae.report.figures.search_history import search_history  # noqa: E402
from sadvae.report.figures.search_importance import search_importance  # noqa: E402
from sadvae.report.figures.style import save  # noqa: E402
from sadvae.search import study  # noqa: E402
from sadvae.search.outcome import outcome_of  # noqa: E402
from sadvae.search.plan import SearchPlan  # noqa: E402
from sadvae.search.sampler import SamplerByNumber  # noqa: E402
from sadvae.search.score import Part, score_part  # noqa: E402
from sadvae.search.space import read_space  # noqa: E402
from sadvae.search.study import STARTUP, importances, open_storage  # noqa: E402
from sadvae.settings import DataSettings, ExperimentSettings, PresetSettings, SplitSettings  # noqa: E402
from sadvae.types import FeatureSet  # noqa: E402


@pytest.fixture(autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def drawn(seed: int, trials: int, stop: int = 0) -> list[dict[str, float]]:
    """The values of a study on one hill; after `stop` trials another sampler of the same seed goes on."""
    study = optuna.create_study(direction="maximize", sampler=SamplerByNumber(seed, STARTUP))
    for number in range(trials):
        if number == stop:
            study.sampler = SamplerByNumber(seed, STARTUP)
        trial = study.ask()
        steep, flat = trial.suggest_float("steep", 0, 1), trial.suggest_float("flat", 0, 1)
        study.tell(trial, 1 - (steep - 0.3) ** 2 + 1e-3 * flat)
    return [trial.params for trial in study.trials]


def test_proposals_depend_on_the_seed_and_the_number_and_on_nothing_else() -> None:
    whole = drawn(0, 16)
    assert drawn(0, 16, stop=4) == whole
    assert drawn(0, 16, stop=13) == whole
    assert drawn(1, 16)[0] != whole[0]
    assert len({params["steep"] for params in whole}) == 16


def test_what_moves_the_score_is_important_once_there_are_enough_trials() -> None:
    study = optuna.create_study(direction="maximize", sampler=SamplerByNumber(0, STARTUP))
    for number in range(40):
        trial = study.ask()
        steep, flat = trial.suggest_float("steep", 0, 1), trial.suggest_float("flat", 0, 1)
        assert (importances(study) != {}) == (number >= STARTUP)
        study.tell(trial, 1 - (steep - 0.3) ** 2 + 1e-3 * flat)
    found = importances(study)
    assert next(iter(found)) == "steep"
    assert sum(found.values()) == pytest.approx(1)
    assert found["steep"] > 3 * found["flat"]


def test_equal_scores_say_nothing_of_importance() -> None:
    study = optuna.create_study(direction="maximize")
    for _ in range(STARTUP + 1):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, 0.5)
    assert importances(study) == {}


def test_a_storage_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(SadvaeError, match=r"storage 'sqlite:///.*text.db' cannot be opened \(.*not a database"):
        open_storage(f"sqlite:///{tmp_path / 'text.db'}")
    with pytest.raises(SadvaeError, match="cannot be opened"):
        open_storage(str(tmp_path / "text.db" / "study.journal"))


def plan_in(folder: Path, trials: int = 1) -> SearchPlan:
    """A search of one setting on a journal in a folder."""
    data, split = DataSettings(dataset="utd_mhad"), SplitSettings(name="random-22-5-0")
    settings = ExperimentSettings(name="x", data=data, split=split, method=PresetSettings(preset="sadvae"))
    (folder / "space.toml").write_text("[method]\nlatent = { low = 32, high = 320 }\n")
    space = read_space(folder / "space.toml", settings)
    return SearchPlan(settings, space, (), 1, str(folder / "study.journal"), "x", trials, 0, "origin")


def states(plan: SearchPlan) -> list[tuple[str, bool]]:
    """The trials of a plan: their states, and whether they have, or are to have, the experiment's own settings."""
    own = plan.space.values_of(plan.settings)
    found = study.open_study(plan).get_trials()
    return [(t.state.name, own == (t.params or t.system_attrs.get("fixed_params"))) for t in found]


def test_own_settings_are_tried_again_where_a_stop_took_their_trial(tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    trial = study.go_on_with(plan).ask()
    plan.space.suggest(trial)
    assert states(plan) == [("RUNNING", True)]
    # A worker of the same search that begins while the first trial runs leaves it at that.
    assert study.open_study(plan).ask().number == 1
    study.go_on_with(plan)
    assert states(plan) == [("RUNNING", True), ("RUNNING", False), ("WAITING", True)]
    again = study.go_on_with(plan)
    assert len(states(plan)) == 3
    trial = again.ask()
    plan.space.suggest(trial)
    again.tell(trial, 0.5)
    study.go_on_with(plan)
    assert states(plan)[2:] == [("COMPLETE", True)]
    own = outcome_of(plan).own
    assert own is not None
    assert own.score == 0.5


def test_a_score_that_is_no_number_is_a_failed_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "score_parts", lambda *_: [float("nan")])
    plan, told = plan_in(tmp_path), []
    study.work(plan, lambda mode: [], told.append)
    assert [(ended.state, ended.score) for ended in told] == [("fail", None)]
    with pytest.raises(SadvaeError, match=r"no trial of study 'x' ended .* its score is nan, which is no number"):
        outcome_of(plan)


def test_a_level_without_held_out_clips_has_no_score() -> None:
    level = trivial_task().calibration
    assert level is not None
    full = level.test_unseen
    none = FeatureSet(full.features[:0], full.labels[:0], (), encoder=full.encoder)
    part = Part(replace(level, test_unseen=none), 0)
    with pytest.raises(SadvaeError, match=r"level 'trivial/calibration' has no clip of its held-out classes \(12, "):
        score_part(RidgeNearestText(), LastStep(), part)


def test_figures_of_a_search(tmp_path: Path) -> None:
    """The line of the best goes on to the last trial, whatever became of that one."""
    figure = search_history([(0, 0.5), (2, 0.25), (3, 0.75)], [(1, 0.1), (5, 0.2)], own=0.5)
    line = np.asarray(figure.axes[0].lines[0].get_xydata())
    assert line.tolist() == [[0, 50], [2, 50], [3, 75], [5, 75]]
    bars = search_importance({"latent": 0.75, "learning_rate": 0.25})
    labels = [label.get_text() for label in bars.axes[0].get_yticklabels()]
    assert labels == ["learning rate", "latent"]
    written = save(figure, tmp_path / "history", ("png",)) + save(bars, tmp_path / "importance", ("png",))
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
