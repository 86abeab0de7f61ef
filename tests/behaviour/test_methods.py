"""What every method promises, for all methods of sadvae; and that the checker catches methods that break a promise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from scipy.special import softmax as scipy_softmax

from sadvae.errors import SadvaeError
from sadvae.evaluation.check_method import check_method
from sadvae.evaluation.selection import zsl_accuracy
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.baselines import BASELINES, baseline
from sadvae.methods.eszsl import ESZSL
from sadvae.methods.linear import TrainedLinear
from sadvae.methods.protocol import Method, Watch, class_vectors, needs_parts
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import SADVAESettings, paper, preset, published, sadvae
from sadvae.methods.store import load_trained, save_trained
from sadvae.task import ZeroShotTask
from sadvae.types import FloatArray
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
    ],
)
def test_settings_that_no_fit_can_take_are_refused(name: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SadvaeError, match=f"^{name} setting {next(iter(changes))}"):
        baseline(name, changes)


def test_no_penalty_is_a_penalty_and_not_the_search_for_one() -> None:
    task = trivial_task()
    none, little, chosen = (RidgeNearestText(alpha=alpha).fit(task, 0).weights()["matrix"] for alpha in (0, 1e-9, None))
    assert torch.allclose(none, little, rtol=1e-3, atol=1e-5)
    assert not torch.allclose(none, chosen, rtol=1e-3, atol=1e-5)


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


def linear_by_hand(task: ZeroShotTask) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centred and scaled training features, their mean, and the scale."""
    x = task.train.features.astype(np.float64)
    centred = x - x.mean(axis=0)
    scale = np.sqrt((centred**2).mean())
    return centred / scale, x.mean(axis=0), scale


@pytest.mark.parametrize("alpha", [0.1, 10.0])
def test_ridge_agrees_with_the_normal_equations(alpha: float) -> None:
    task = trivial_task()
    x, mean, scale = linear_by_hand(task)
    y = task.classes.of(task.train.labels.tolist()).astype(np.float64)
    w = np.linalg.inv(x.T @ x + alpha * np.eye(x.shape[1])) @ x.T @ (y - y.mean(axis=0))
    mapped = (task.test_unseen.features - mean) / scale @ w + y.mean(axis=0)
    texts = task.classes.of(task.split.unseen)
    cosines = mapped @ texts.T / np.linalg.norm(mapped, axis=1, keepdims=True) / np.linalg.norm(texts, axis=1)
    found = RidgeNearestText(alpha=alpha).fit(task, 0).unseen_probabilities(task.test_unseen.features, texts)
    np.testing.assert_allclose(found, scipy_softmax(cosines / 0.1, axis=1), atol=1e-4)


def test_ridge_chooses_its_penalty_on_seen_classes_alone() -> None:
    """The chosen penalty is one of the candidates, and the best on thirds of the seen classes, left out in turn."""
    task = trivial_task(3)
    x, labels = task.train.features, task.train.labels
    thirds = np.array_split(np.random.default_rng(7).permutation(np.unique(labels)), 3)
    scores = []
    for alpha in (0.1, 1.0, 10.0, 100.0, 1000.0):
        right = []
        for third in thirds:
            out = np.isin(labels, third)
            names = tuple(f"c{i}" for i in range(int((~out).sum())))
            kept = replace(task.train, features=x[~out], labels=labels[~out], clip_ids=names, seen_logits=None)
            trained = RidgeNearestText(alpha=alpha).fit(replace(task, train=kept, calibration=None), 0)
            p = trained.unseen_probabilities(x[out], task.classes.of(third.tolist()))
            right.append(np.mean(third[p.argmax(axis=1)] == labels[out]))
        scores.append(np.mean(right))
    best = (0.1, 1.0, 10.0, 100.0, 1000.0)[int(np.argmax(scores))]
    chosen, fixed = (RidgeNearestText(alpha=a).fit(task, 7).weights()["matrix"] for a in (None, best))
    assert torch.equal(chosen, fixed)


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 1.0), (100.0, 0.1)])
def test_eszsl_is_where_its_loss_has_no_slope(gamma: float, lam: float) -> None:
    """The gradient of their loss: |X V S' - Y|^2 + gamma |V S'|^2 + lam |X V|^2 + gamma lam |V|^2."""
    task = trivial_task()
    x, mean, scale = linear_by_hand(task)
    trained = ESZSL(gamma=gamma, lam=lam).fit(task, 0)
    np.testing.assert_allclose(trained.mean, mean, rtol=1e-5)
    v = trained.matrix.astype(np.float64) * scale
    classes = np.unique(task.train.labels)
    s = task.classes.of(classes.tolist()).astype(np.float64)
    y = np.where(task.train.labels[:, None] == classes, 1.0, -1.0)
    slope = x.T @ (x @ v @ s.T - y) @ s + gamma * v @ s.T @ s + lam * x.T @ x @ v + gamma * lam * v
    assert np.abs(slope).max() < 1e-4 * np.abs(x.T @ y @ s).max()


# Methods that break one promise each, built on ridge regression.


class Broken(RidgeNearestText):
    name: str = "broken"


@dataclass(frozen=True, eq=False)
class Changed(TrainedLinear):
    @classmethod
    def of(cls, trained: TrainedLinear) -> Changed:
        return cls(trained.method, trained.matrix, trained.mean, trained.cosine, trained.offset)


class Unsteady(Broken):
    calls: ClassVar[list[int]] = []

    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        self.calls.append(seed)
        trained = super().fit(task, seed, watch)
        return replace(trained, matrix=trained.matrix * (1 + 0.01 * len(self.calls)), cosine=False)


class PeeksAtText(Broken):
    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        trained = super().fit(task, seed, watch)
        return replace(trained, offset=trained.offset - task.classes.of(task.split.unseen).mean(axis=0))


class PeeksAtTestClips(Broken):
    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        return replace(super().fit(task, seed, watch), mean=task.test_unseen.features.mean(axis=0))


class Guesses(Broken):
    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        trained = super().fit(task, seed, watch)
        return replace(trained, matrix=-trained.matrix)


class Transductive(Broken):
    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        class Centring(Changed):
            def unseen_probabilities(self, features: FloatArray, class_vectors: FloatArray) -> FloatArray:
                return super().unseen_probabilities(features - features.mean(axis=0) + self.mean, class_vectors)

        return Centring.of(super().fit(task, seed, watch))


class NoProbabilities(Broken):
    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        class Scores(Changed):
            def unseen_probabilities(self, features: FloatArray, class_vectors: FloatArray) -> FloatArray:
                return (features @ self.matrix @ class_vectors.T).astype(np.float32)

        return Scores.of(super().fit(task, seed, watch))


class Forgets(Broken):
    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        class Forgetting(Changed):
            def describe(self) -> dict[str, Any]:
                return super().describe() | {"cosine": not self.cosine}

        return Forgetting.of(super().fit(task, seed, watch))


class NotJson(Broken):
    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        class Odd(Changed):
            def describe(self) -> dict[str, Any]:
                return {"matrix": self.matrix}

        return Odd.of(super().fit(task, seed, watch))


class Fails(Broken):
    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedLinear:
        raise KeyError("lost")


class Nothing(Broken):
    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> Any:
        return None


@pytest.mark.parametrize(
    ("method", "match"),
    [
        (Unsteady(), "other numbers with the same seed"),
        (PeeksAtText(), "reads test clips, calibration or texts of unseen classes"),
        (PeeksAtTestClips(), "reads test clips, calibration or texts of unseen classes"),
        (Guesses(), "of a trivial task, where chance is 25%"),
        (Transductive(), "a clip alone than among others"),
        (NoProbabilities(), "no probabilities"),
        (Forgets(), "answers otherwise after save and load"),
        (NotJson(), r"cannot be saved: describe\(\) has to be JSON"),
        (Fails(), "fails in fit.*KeyError"),
        (Nothing(), r"returns a NoneType without unseen_probabilities\(\)"),
        (Broken.model_construct(name=None), "has no name"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Broken) else "",
)
def test_the_checker_names_the_broken_promise(method: Method, match: str) -> None:
    with pytest.raises(SadvaeError, match=match) as caught:
        check_method(method)
    assert str(caught.value).startswith("method ")
    assert "\n" not in str(caught.value)
