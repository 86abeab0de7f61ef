"""Settings of methods: presets by name, what no fit can take, and the documented table."""

from __future__ import annotations

from typing import Any

import pytest

from sadvae.errors import SadvaeError
from sadvae.methods.baselines import baseline
from sadvae.methods.settings import SADVAESettings, paper, preset, published, sadvae
from tests.conftest import ROOT


def test_faulty_baselines_are_refused() -> None:
    with pytest.raises(SadvaeError, match=r"unknown method 'best'; expected ridge, eszsl, cca, devise.*sadvae"):
        baseline("best")
    with pytest.raises(SadvaeError, match="smie setting hidden: Input should be greater"):
        baseline("smie", {"hidden": 0})
    with pytest.raises(SadvaeError, match="devise setting learning_rate: Input should be less than or equal to 1"):
        baseline("devise", {"learning_rate": 1e38})
    with pytest.raises(SadvaeError, match="smie setting width is not known; known are epochs, "):
        baseline("smie", {"width": 1})
    with pytest.raises(SadvaeError, match="cca setting width is not known; known are "):
        baseline("cca", {"width": 1})
    with pytest.raises(SadvaeError, match="name of cca is no setting"):
        baseline("cca", {"name": "ours"})


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ridge", {"alpha": -1}),
        ("ridge", {"alpha": "abc"}),
        ("ridge", {"alpha": float("inf")}),
        ("ridge", {"candidates": 3}),
        ("ridge", {"candidates": []}),
        ("ridge", {"candidates": [1, -1]}),
        ("eszsl", {"gamma": "x"}),
        ("eszsl", {"gamma": float("nan")}),
        ("eszsl", {"lam": 0}),
        ("cca", {"ridge": "x"}),
        ("cca", {"power": float("nan")}),
        ("devise", {"learning_rate": float("nan")}),
        ("jpose", {"embedding": 10**6}),
        ("synse", {"samples": 10**6}),
        ("cada_vae", {"classifier_steps": 10**6}),
    ],
)
def test_settings_that_no_fit_can_take_are_refused(name: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SadvaeError, match=f"^{name} setting {next(iter(changes))}"):
        baseline(name, changes)


@pytest.mark.parametrize("changes", [{"batch_size": 1}, {"lesson_share": 0.995}])
def test_a_batch_keeps_clips_of_its_own_beside_composed_movements(changes: dict[str, Any]) -> None:
    with pytest.raises(SadvaeError, match=r"setting lesson_share: .*leaves no training clip in a batch of"):
        preset("taught_sa_dvae", **changes)
    assert preset("taught_sa_dvae", batch_size=1, lesson_share=0).batch_size == 1
    assert preset("taught_sa_dvae", batch_size=200, lesson_share=0.995).batch_size == 200


def test_the_name_of_a_preset_is_no_setting_of_it() -> None:
    with pytest.raises(SadvaeError, match="SA-DVAE setting name is not known; known are latent, "):
        preset("sadvae", **{"name": "ours"})


def test_the_documented_table_of_presets_is_true() -> None:
    rows = {}
    for line in (ROOT / "docs" / "method.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0] in SADVAESettings.model_fields:
            rows[cells[0]] = cells[1:4]
    assert rows.keys() == SADVAESettings.model_fields.keys()
    for name, documented in rows.items():
        assert documented == [str(getattr(settings, name)) for settings in (sadvae(), published(), paper())], name


def test_presets_by_name_and_faulty_settings() -> None:
    assert preset("published", latent=5) == published(latent=5)
    with pytest.raises(
        SadvaeError, match="unknown preset 'best'; expected one of taught, sadvae, taught_sa_dvae, published, paper"
    ):
        preset("best")
    with pytest.raises(SadvaeError, match="SA-DVAE setting latents is not known; known are latent, style, "):
        preset("sadvae", latents=5)
    with pytest.raises(SadvaeError, match="SA-DVAE setting learning_rate: Input should be greater than 0"):
        preset("sadvae", learning_rate=0)


@pytest.mark.parametrize("name", ["latent", "style", "classifier_samples", "classifier_steps"])
def test_sizes_that_no_machine_can_take_are_refused(name: str) -> None:
    with pytest.raises(SadvaeError, match=f"setting {name}: Input should be less than or equal to 10000"):
        sadvae(**{name: 10**6})
