"""What is wrong with a setting is said in words of this project, with the names that there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from sadvae import stages
from sadvae.errors import SadvaeError
from sadvae.faults import known_at
from sadvae.methods.baselines import BASELINES, baseline
from sadvae.settings import PresetSettings, read_experiment
from sadvae.skeleton.recipe import recipe

MADE = 'name = "x"\n[data]\ndataset = "generated"\n[split]\nname = "generated"\n'


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    colour: str = ""


class Outer(BaseModel):
    one: Inner | None = None
    many: tuple[Inner, ...] = ()


@pytest.mark.parametrize("place", [("one", "size"), ("many", 0, "size")])
def test_the_names_beside_a_fault_are_found(place: tuple[int | str, ...]) -> None:
    assert known_at(Outer, place) == ("colour",)
    assert known_at(Outer, ("size",)) == ("one", "many")
    assert known_at(Outer, ("nothing", "size")) == ()


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_lists_its_settings(name: str) -> None:
    with pytest.raises(SadvaeError, match=r"setting epocs is not known; known are \w+") as caught:
        baseline(name, {"epocs": 2})
    assert "__init__" not in str(caught.value)
    assert " name" not in str(caught.value)


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        ("sadvae", "SA-DVAE setting epocs is not known; known are latent, style, "),
        ("taught", "setting of taught epocs is not known; known are lesson_share, "),
        ("ridge", "ridge setting epocs is not known; known are alpha, "),
        ("sa_dvae", "unknown preset 'sa_dvae'; expected taught, sadvae, .* baseline: ridge, eszsl, cca"),
    ],
)
def test_presets_list_what_there_is(preset: str, said: str) -> None:
    with pytest.raises(SadvaeError, match=said):
        stages.main_method(PresetSettings(preset=preset, changes={"epocs": 2}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"methods = 1\n{MADE}", r"x\.toml: methods is not known; known are name, title, data, "),
        (f"{MADE}size = 1", r"x\.toml: split\.size is not known; known are name, validation_unseen, "),
        (f'{MADE}[[compare]]\nname = "a"\nsize = 1', r"compare\.0\.size is not known; known are name, method, "),
        (f'{MADE}[prepare]\nrecipe = "x"', r"prepare: unknown recipe; choose sadvae, ctrgcn, .* \(found "),
        (f"selections = 1\n{MADE}", r"x\.toml: selections takes a list \(found '1'\)"),
        (f"prepare = 1\n{MADE}", r"x\.toml: prepare takes a table of names and values \(found '1'\)"),
        (f"seeds = 0\n{MADE}", r"seeds: Input should be greater than or equal to 1 \(found '0'\)"),
    ],
)
def test_experiment_files(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(SadvaeError, match=said):
        read_experiment(tmp_path / "x.toml")


def test_recipes_and_encoders() -> None:
    with pytest.raises(SadvaeError, match="recipe 'ctr-gcn': unknown recipe; choose sadvae, ctrgcn"):
        recipe("ctr-gcn")
    with pytest.raises(SadvaeError, match="encoder settings: colour is not known; known are "):
        stages.encoder_settings(PresetSettings(preset="demo", changes={"colour": 1}))
    for name, kind in (("streams", "list"), ("heatmaps", "table of names and values")):
        with pytest.raises(SadvaeError, match=rf"^encoder settings: {name} takes a {kind}\.$"):
            stages.encoder_settings(PresetSettings(preset="demo", changes={name: "joint"}))
