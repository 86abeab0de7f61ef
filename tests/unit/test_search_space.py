"""Search files: what they may say, what is refused in one sentence, and how values come back into an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sadvae.errors import SadvaeError
from sadvae.search.search import check_search
from sadvae.search.space import Choice, Space, Span, read_space, with_values
from sadvae.settings import ExperimentSettings

SETTINGS: dict[str, Any] = {"name": "x", "data": {"dataset": "generated"}, "split": {"name": "generated"}}


def experiment(preset: str = "sadvae", **changes: Any) -> ExperimentSettings:
    return ExperimentSettings.model_validate(SETTINGS | {"method": {"preset": preset, "changes": changes}})


def read(text: str, folder: Path, preset: str = "sadvae") -> Space:
    path = folder / "search.toml"
    path.write_text(text)
    return read_space(path, experiment(preset))


class Highest:
    """Stands in for a trial: it always picks the upper end, or the last value."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        return float(high)

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        return high

    def suggest_categorical(self, name: str, choices: tuple[Any, ...]) -> Any:
        return choices[-1]


SOUND = """
[method]
latent = { low = 8, high = 64, log = true }
cross_weight = { low = 1, high = 10 }
unseen_rule = ["cosine", "both"]
standardise = [true, false]
iterations_per_epoch = [50, "all"]
[text]
mode = ["names", "descriptions"]
"""


def test_a_file_becomes_typed_settings_and_values_become_an_experiment(tmp_path: Path) -> None:
    """A span of a float is one of floats, whole ends or not."""
    space = read(SOUND, tmp_path)
    assert space.settings == (
        Span("latent", 8, 64, True, True),
        Span("cross_weight", 1, 10, False, False),
        Choice("unseen_rule", ("cosine", "both")),
        Choice("standardise", (True, False)),
        Choice("iterations_per_epoch", (50, "all")),
        Choice("text.mode", ("names", "descriptions")),
    )
    before = experiment(latent=16, epochs=7)
    after = with_values(before, space.suggest(Highest()))
    assert after.method.changes == {
        "latent": 64,
        "epochs": 7,
        "cross_weight": 10.0,
        "unseen_rule": "both",
        "standardise": False,
        "iterations_per_epoch": "all",
    }
    assert after.text.mode == "descriptions"
    assert after.data == before.data


def test_own_values_are_those_of_the_file_or_of_its_preset(tmp_path: Path) -> None:
    space = read("[method]\nlatent = { low = 8, high = 64 }\nunseen_rule = ['cosine', 'both']", tmp_path)
    assert space.values_of(experiment(latent=16)) == {"latent": 16, "unseen_rule": "both"}
    assert space.values_of(experiment(latent=160)) is None


@pytest.mark.parametrize("preset", ["ridge", "aligned_vae", "smie", "paper"])
def test_every_kind_of_method_names_its_settings(preset: str, tmp_path: Path) -> None:
    name = "alpha" if preset == "ridge" else "learning_rate"
    space = read(f"[method]\n{name} = {{ low = 0.001, high = 0.1, log = true }}", tmp_path, preset)
    assert space.settings == (Span(name, 0.001, 0.1, True, False),)
    with pytest.raises(SadvaeError, match=f"method.colour is no setting of {preset}; expected one of .*{name}"):
        read("[method]\ncolour = [1, 2]", tmp_path, preset)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "names no setting"),
        ("[encoder]\nepochs = [1, 2]", "'encoder' cannot be searched"),
        ("[text]\nencoder = ['a', 'b']", "'encoder' cannot be searched"),
        ("method = 3", "method is 3; expected a table"),
        ("[method]\nlatent = 8", "latent is 8; expected a range or a list"),
        ("[method]\nlatent = [8]", "a list of two values or more"),
        ("[method]\nlatent = [[8], [9]]", "lists [8]; expected words, numbers"),
        ("[method]\nlatent = [8, -1]", "-1 is refused: SA-DVAE setting latent"),
        ("[method]\nlatent = { low = 8 }", "latent: high: Field required"),
        ("[method]\nlatent = { low = 8, high = 9, step = 2 }", "latent: step: Extra inputs"),
        ("[method]\nlatent = { low = 8, high = 'x' }", "latent: high:"),
        ("[method]\nlatent = { low = 9, high = 8 }", "goes from 9 to 8; low must be less than high"),
        ("[method]\nlatent = { low = 0, high = 8 }", "0 is refused"),
        ("[method]\nstyle = { low = 0, high = 8, log = true }", "with log = true, low must be more than 0"),
        ("[method]\nlatent = { low = 8.5, high = 9 }", "takes whole numbers; found 8.5 to 9"),
        ("[method]\nstandardise = { low = 0, high = 1 }", "takes no numbers; list the values"),
        ("[method]\nunseen_rule = { low = 0, high = 1 }", "takes no numbers; list the values"),
        ("[method]\nunseen_rule = ['cosine', 'guess']", "'guess' is refused: SA-DVAE setting unseen_rule"),
        ("[text]\nmode = ['names', 'songs']", "unknown text mode 'songs'"),
        ("[text]\nmode = 'names'", "expected a list of two modes"),
        ("method = [", "is not valid TOML"),
    ],
)
def test_what_cannot_be_searched_is_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(SadvaeError) as error:
        read(text, tmp_path)
    assert sentence in str(error.value)
    assert "search.toml" in str(error.value) or "text mode" in sentence


def test_a_baseline_refuses_what_its_settings_do_not_take(tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match="'much' is refused"):
        read("[method]\nalpha = ['much', 'little']", tmp_path, "ridge")


def test_a_search_without_optuna_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sadvae.search.search.find_spec", lambda name: None)
    with pytest.raises(SadvaeError, match=r"needs Optuna; install it with `pip install '\.\[search\]'`"):
        check_search(experiment(), Space(()), None)
