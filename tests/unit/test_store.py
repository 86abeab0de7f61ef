"""Saved methods are whole, and damaged, foreign or hostile folders are refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from sadvae.errors import SadvaeError
from sadvae.evaluation.trivial import trivial_task
from sadvae.files import read_json, write_json
from sadvae.methods.baselines import baseline
from sadvae.methods.gate import MaxProbabilityGate
from sadvae.methods.networks import Networks
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import sadvae
from sadvae.methods.store import TrainedFolder, load_trained, read_trained, save_trained, write_trained
from sadvae.methods.trained_on import trained_on
from tests.memory import LargestTensor

QUICK: dict[str, Any] = {"latent": 4, "style": 2, "epochs": 1, "iterations_per_epoch": 2}


@pytest.fixture(params=["sa_dvae", "ridge"])
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    method = SADVAE(sadvae(**QUICK)) if request.param == "sa_dvae" else RidgeNearestText(alpha=1.0)
    save_trained(tmp_path / "m", method.fit(trivial_task(), 0))
    return tmp_path / "m"


def refused(folder: Path, match: str) -> None:
    with pytest.raises(SadvaeError, match=match) as caught:
        load_trained(folder)
    assert "\n" not in str(caught.value)


def change_weights(folder: Path, name: str, tensor: torch.Tensor | None) -> None:
    weights = load_file(folder / "model.safetensors")
    weights.pop(name)
    save_file(weights | ({} if tensor is None else {name: tensor}), folder / "model.safetensors")


def first_weight(folder: Path) -> str:
    return "matrix" if "matrix" in load_file(folder / "model.safetensors") else "skeleton_encoder.mean.weight"


def test_a_folder_holds_json_and_safetensors_alone(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["config.json", "model.safetensors"]
    json.loads((saved / "config.json").read_text())


def test_missing_files_are_named(saved: Path) -> None:
    refused(saved / "elsewhere", "config.json does not exist")
    (saved / "model.safetensors").unlink()
    refused(saved, "model.safetensors does not exist")


@pytest.mark.parametrize("size", [0, 7, 60])
def test_truncated_weights_are_refused(saved: Path, size: int) -> None:
    path = saved / "model.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    refused(saved, "not a trained method")


@pytest.mark.parametrize(
    "about", [[], None, 5, {}, {"method": "other"}, {"method": ["sa_dvae"]}, {"method": "sa_dvae"}]
)
def test_foreign_configurations_are_refused(saved: Path, about: Any) -> None:
    write_json(saved / "config.json", about)
    refused(saved, "not a trained method")


@pytest.mark.parametrize("seed", [10**30, -(10**30), float("inf"), "x", None])
def test_seeds_that_no_generator_takes_are_refused(tmp_path: Path, seed: Any) -> None:
    save_trained(tmp_path / "m", SADVAE(sadvae(**QUICK)).fit(trivial_task(), 0))
    about = read_json(tmp_path / "m" / "config.json")
    (tmp_path / "m" / "config.json").write_text(json.dumps(about | {"seed": seed}))
    refused(tmp_path / "m", "not a trained method")


def test_missing_weights_are_refused(saved: Path) -> None:
    change_weights(saved, first_weight(saved), None)
    refused(saved, "not a trained method")


@pytest.mark.parametrize("shape", [(3,), (2, 2), (3, 24), (2, 2, 2)])
def test_weights_of_another_shape_are_refused(saved: Path, shape: tuple[int, ...]) -> None:
    change_weights(saved, first_weight(saved), torch.zeros(shape))
    refused(saved, "weights|not a trained method")


def test_weights_that_are_no_numbers_are_refused(saved: Path) -> None:
    name = first_weight(saved)
    weight = load_file(saved / "model.safetensors")[name]
    change_weights(saved, name, weight * float("nan"))
    refused(saved, "a weight is not finite")


def change_settings(folder: Path, **changes: Any) -> None:
    about = read_json(folder / "config.json")
    write_json(folder / "config.json", about | {"settings": about["settings"] | changes})


def refused_without_memory(folder: Path, match: str) -> None:
    """As refused(), and no tensor was made that is larger than the weights of the file."""
    most = max(tensor.numel() for tensor in load_file(folder / "model.safetensors").values())
    with LargestTensor() as largest:
        refused(folder, match)
    assert largest.numbers <= most


def test_huge_settings_take_no_memory(tmp_path: Path) -> None:
    save_trained(tmp_path / "m", SADVAE(sadvae(**QUICK)).fit(trivial_task(), 0))
    for changes, match in (
        ({"latent": 5000}, r"weights with 4 \+ 2 latent dimensions come with settings for 5000"),
        ({"latent": 10**12}, "not a trained method"),
        ({"latent": -1}, "not a trained method"),
    ):
        change_settings(tmp_path / "m", **changes)
        refused_without_memory(tmp_path / "m", match)


@pytest.mark.parametrize("left", [{}, {"discriminator.hidden.weight": torch.zeros(1, 1)}])
def test_huge_settings_that_fit_their_weights_take_no_memory(tmp_path: Path, left: dict[str, torch.Tensor]) -> None:
    """The weights are those of the settings but for the largest, which is left out, or is small."""
    save_trained(tmp_path / "m", SADVAE(sadvae(**QUICK)).fit(trivial_task(), 0))
    change_settings(tmp_path / "m", latent=4000)
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in Networks(1, 1, 4000, 2, relu=False).state_dict().items()}
    del shapes["discriminator.hidden.weight"]
    save_file(left | {name: torch.zeros(shape) for name, shape in shapes.items()}, tmp_path / "m" / "model.safetensors")
    refused_without_memory(tmp_path / "m", r"discriminator\.hidden\.weight .* should have shape \[1000, 4002\]")


@pytest.mark.parametrize(
    ("name", "size"),
    [("revise", "code"), ("jpose", "hidden"), ("smie", "hidden"), ("cada_vae", "hidden"), ("synse", "latent")],
)
def test_huge_settings_of_other_networks_take_no_memory(tmp_path: Path, name: str, size: str) -> None:
    method = baseline(name, {"epochs": 1, "least_iterations": 1})
    save_trained(tmp_path / "m", method.fit(trivial_task(), 0))
    change_settings(tmp_path / "m", **{size: 9000})
    refused_without_memory(tmp_path / "m", "should have shape")
    change_settings(tmp_path / "m", **{size: 10**9})
    refused_without_memory(tmp_path / "m", "not a trained method")


@pytest.mark.parametrize("gate", [None, MaxProbabilityGate(1.5, -0.5)])
def test_a_trained_folder_comes_back_as_it_was(tmp_path: Path, gate: MaxProbabilityGate | None) -> None:
    task = trivial_task()
    saw = trained_on("trivial", task)
    kept = TrainedFolder(RidgeNearestText().fit(task, 0), gate, "ridge", None, "last_step", 0, saw)
    write_trained(tmp_path / "t", kept)
    again = read_trained(tmp_path / "t")
    assert (again.gate, again.method, again.preset, again.selection, again.epoch) == (
        gate,
        "ridge",
        None,
        "last_step",
        0,
    )
    assert again.trained_on == saw
    features, texts = task.test_unseen.features, task.classes.of(task.split.unseen)
    np.testing.assert_array_equal(
        again.trained.unseen_probabilities(features, texts), kept.trained.unseen_probabilities(features, texts)
    )
    about = read_json(tmp_path / "t" / "training.json")
    write_json(tmp_path / "t" / "training.json", {n: v for n, v in about.items() if n != "trained_on"})
    with pytest.raises(SadvaeError, match=r"does not say on which data, classes and texts .* train again"):
        read_trained(tmp_path / "t")
    write_json(tmp_path / "t" / "training.json", about | {"trained_on": about["trained_on"] | {"seen": "all"}})
    with pytest.raises(SadvaeError, match=r"training\.json lacks or misstates trained_on\.seen; train again"):
        read_trained(tmp_path / "t")
    write_json(tmp_path / "t" / "training.json", {"method": "ridge"})
    with pytest.raises(SadvaeError, match=r"training\.json lacks or misstates 'gate'; train again"):
        read_trained(tmp_path / "t")
