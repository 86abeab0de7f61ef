"""What every method promises, for all methods of sadvae."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sadvae.errors import SadvaeError
from sadvae.evaluation.check_method import check_method
from sadvae.evaluation.selection import zsl_accuracy
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.baselines import BASELINES, baseline
from sadvae.methods.eszsl import ESZSL
from sadvae.methods.protocol import Method, class_vectors, needs_parts
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import paper, published, sadvae
from sadvae.methods.store import load_trained, save_trained
from tests.conftest import ROOT

SMALL = {"latent": 12, "style": 2, "epochs": 4, "iterations_per_epoch": 40, "discriminator_every": 5}
QUICK: dict[str, dict[str, Any]] = {
    "devise": {"epochs": 4},
    "revise": {"epochs": 4, "code": 16},
    "jpose": {"epochs": 4, "embedding": 16, "hidden": 32},
    "cada_vae": {"epochs": 4, "latent": 8, "hidden": 32, "samples": 50},
    "synse": {"epochs": 10, "latent": 6, "samples": 50},
    "smie": {"epochs": 4, "hidden": 64},
    "aligned_vae": {"latent": 12, "epochs": 4, "iterations_per_epoch": 40},
}
METHODS: dict[str, Method] = {
    "sadvae": SADVAE(sadvae(**SMALL)),
    "published": SADVAE(published(**SMALL, learning_rate=5e-3, classifier_samples=50)),
    "paper": SADVAE(paper(**SMALL, learning_rate=5e-3, classifier_samples=50)),
    "ridge": RidgeNearestText(),
    "ridge, fixed": RidgeNearestText(alpha=1.0),
    "eszsl": ESZSL(),
    "cca": baseline("cca"),
    **{name: baseline(name, changes) for name, changes in QUICK.items()},
}
EVERY = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())


def test_every_baseline_is_tested() -> None:
    assert set(BASELINES) <= set(METHODS)
    assert all(METHODS[name].name == baseline(name).name == name for name in BASELINES)


@EVERY
def test_every_method_keeps_what_methods_promise(method: Method) -> None:
    check_method(method)


@EVERY
def test_trivial_tasks_are_solved_well_above_chance(method: Method) -> None:
    found = [zsl_accuracy(method.fit(task, 0), task) for task in (trivial_task(1), trivial_task(2))]
    # Verb and noun alone each show two of the four attributes, and not their length.
    assert np.mean(found) > (0.5 if needs_parts(method) else 0.7), found


@EVERY
def test_saved_methods_answer_as_before(method: Method, tmp_path: Path) -> None:
    task = trivial_task()
    trained = method.fit(task, 3)
    save_trained(tmp_path / "m", trained)
    loaded = load_trained(tmp_path / "m")
    texts = class_vectors(trained, task.classes, (2, 18))
    features = task.test_seen.features
    np.testing.assert_array_equal(
        loaded.unseen_probabilities(features, texts), trained.unseen_probabilities(features, texts)
    )
    assert loaded.describe() == trained.describe()
    before, after = trained.latents(features), loaded.latents(features)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        np.testing.assert_array_equal(before.semantic, after.semantic)
        np.testing.assert_array_equal(before.style, after.style)


@EVERY
def test_watchers_hear_of_epochs_and_the_last_is_the_result(method: Method) -> None:
    task, heard = trivial_task(), []
    trained = method.fit(task, 0, lambda epoch, snapshot, losses: heard.append((epoch, snapshot, losses)))
    assert [epoch for epoch, _, _ in heard] == list(range(len(heard)))
    for name, tensor in heard[-1][1].weights().items():
        assert torch.equal(tensor, trained.weights()[name])
    assert all(np.isfinite(value) for _, _, losses in heard for value in losses.values())


@EVERY
def test_texts_or_features_of_another_width_are_refused(method: Method) -> None:
    task = trivial_task()
    trained = method.fit(task, 0)
    texts = class_vectors(trained, task.classes, task.split.classes)
    with pytest.raises(SadvaeError, match="features have width 23"):
        trained.unseen_probabilities(task.test_unseen.features[:, :23], texts)
    with pytest.raises(SadvaeError, match="texts 11"):
        trained.unseen_probabilities(task.test_unseen.features, texts[:, :11])


def test_other_seeds_give_other_weights_and_snapshots_do_not_change() -> None:
    method, task, first = METHODS["sadvae"], trivial_task(), []

    def watch(epoch: int, snapshot: Any, losses: dict[str, float]) -> None:
        if epoch == 0:
            first.extend([snapshot, {name: tensor.clone() for name, tensor in snapshot.weights().items()}])

    trained = method.fit(task, 0, watch)
    snapshot, copied = first
    name = "skeleton_encoder.mean.weight"
    assert all(torch.equal(tensor, copied[n]) for n, tensor in snapshot.weights().items())
    assert not torch.equal(copied[name], trained.weights()[name])
    assert not torch.equal(method.fit(task, 1).weights()[name], trained.weights()[name])


def test_a_diverging_loss_is_one_sentence() -> None:
    with pytest.raises(SadvaeError, match="loss of SA-DVAE is not a number in epoch 1; lower learning_rate"):
        SADVAE(sadvae(**SMALL, learning_rate=1e6)).fit(trivial_task(), 0)


@pytest.mark.parametrize("clips", [1, 2])
@EVERY
def test_methods_train_on_very_few_clips(method: Method, clips: int) -> None:
    task = trivial_task(clips=clips)
    trained = method.fit(task, 0)
    texts = class_vectors(trained, task.classes, (16, 17))
    probabilities = trained.unseen_probabilities(task.test_unseen.features, texts)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["jpose", "synse"])
def test_methods_of_verbs_and_nouns_refuse_embeddings_without(name: str) -> None:
    task = trivial_task()
    bare = replace(task, classes=replace(task.classes, verbs=None, nouns=None), calibration=None)
    with pytest.raises(SadvaeError, match="no vectors of verbs and nouns, which this method reads; make them with"):
        baseline(name).fit(bare, 0)


@pytest.mark.parametrize("name", ["jpose", "synse"])
def test_methods_of_verbs_and_nouns_decide_without_the_whole_text(name: str) -> None:
    task = trivial_task()
    trained = METHODS[name].fit(task, 0)
    texts = class_vectors(trained, task.classes, task.split.unseen)
    expected = trained.unseen_probabilities(task.test_unseen.features, texts)
    texts[:, : task.classes.vectors.shape[1]] = 5
    np.testing.assert_array_equal(trained.unseen_probabilities(task.test_unseen.features, texts), expected)


def test_the_aligned_vae_has_neither_style_nor_total_correlation() -> None:
    task, heard = trivial_task(), []
    trained = METHODS["aligned_vae"].fit(task, 0, lambda _epoch, _trained, losses: heard.append(losses))
    latents = trained.latents(task.test_seen.features)
    assert latents is not None
    assert (latents.semantic.shape[1], latents.style.shape[1]) == (12, 0)
    assert all(losses["total_correlation"] == 0 for losses in heard)


def test_the_documented_method_of_your_own_passes() -> None:
    page = (ROOT / "docs" / "methods_baselines.md").read_text(encoding="utf-8")
    (code,) = [block for block in page.split("```python")[1:] if "class LeastSquares" in block]
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(code.split("```")[0], "methods_baselines.md", "exec"), names)
    check_method(names["LeastSquares"]())


def test_every_baseline_is_documented() -> None:
    page = (ROOT / "docs" / "methods_baselines.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in page for name in BASELINES)
