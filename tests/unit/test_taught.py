"""SA-DVAE taught by composed movements: what it learns from, hubs put right, and what is left out for the unseen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import cosine_similarity

from sadvae.errors import SadvaeError
from sadvae.lessons import Lessons
from sadvae.methods.hubs import ANCHORS, anchor_rows, corrected
from sadvae.methods.protocol import Method, Trained
from sadvae.methods.settings import taught, taught_sa_dvae
from sadvae.methods.store import load_trained, restore_trained, save_trained
from sadvae.methods.taught import Taught
from sadvae.methods.taught_sa_dvae import TaughtSADVAE, joined, mixed_batches
from sadvae.methods.training import TrainingData
from sadvae.skeleton.composed import ComposeSettings
from sadvae.task import ZeroShotTask
from sadvae.teaching import Material, make_material, read_material, write_material
from sadvae.teaching import taught as with_lessons
from sadvae.types import ClassEmbeddings, ClassSplit, FeatureSet, FloatArray

WIDTH, TEXT, SEEN, UNSEEN = 12, 24, 6, 4
QUICK = {"iterations_per_epoch": 40, "epochs": 2}


def world(seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Texts of classes and of movements [10 + 40, e], and the features that each would have [10 + 40, d]."""
    generator = np.random.default_rng(seed)
    texts = generator.normal(size=(SEEN + UNSEEN + 40, TEXT))
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    return texts.astype(np.float32), (texts @ generator.normal(size=(TEXT, WIDTH))).astype(np.float32)


def feature_set(of_class: FloatArray, labels: Sequence[int], name: str, seed: int) -> FeatureSet:
    noise = np.random.default_rng(seed).normal(size=(len(labels), WIDTH), scale=0.5)
    rows = (of_class[list(labels)] + noise).astype(np.float32)
    return FeatureSet(rows, np.array(labels), tuple(f"{name}{i}" for i in range(len(labels))))


def task(lessons: Lessons | None = None) -> ZeroShotTask:
    texts, shown = world()
    split = ClassSplit("s", tuple(range(SEEN)), tuple(range(SEEN, SEEN + UNSEEN)))
    parts = (
        feature_set(shown, [c for c in range(SEEN) for _ in range(8)], "a", 1),
        feature_set(shown, [c for c in range(SEEN) for _ in range(2)], "b", 2),
        feature_set(shown, [c for c in range(SEEN, SEEN + UNSEEN) for _ in range(25)], "c", 3),
    )
    classes = ClassEmbeddings(tuple(range(SEEN + UNSEEN)), texts[: SEEN + UNSEEN], "none", "hash")
    return ZeroShotTask(split, *parts, classes, allow=("unknown_encoder",), lessons=lessons)


def lessons(shift: float = 0.0) -> Lessons:
    texts, shown = world()
    part = feature_set(shown, [c for c in range(SEEN + UNSEEN, len(texts)) for _ in range(3)], "l", 4)
    return Lessons(part.features + np.float32(shift), part.labels - SEEN - UNSEEN, texts[SEEN + UNSEEN :])


def linear(**changes: Any) -> Method:
    return Taught(taught(**changes))


def disentangled(**changes: Any) -> Method:
    return TaughtSADVAE(taught_sa_dvae(**QUICK, **changes))


BOTH = pytest.mark.parametrize("method", [linear, disentangled])


def accuracy(trained: Trained, of: ZeroShotTask) -> float:
    found = trained.unseen_probabilities(of.test_unseen.features, of.classes.of(of.split.unseen))
    return float((np.array(of.split.unseen)[found.argmax(1)] == of.test_unseen.labels).mean())


@BOTH
def test_lessons_teach_words_that_six_classes_do_not(method: Callable[..., Method]) -> None:
    alone, together = method(lesson_share=0).fit(task(), 0), method().fit(task(lessons()), 0)
    assert accuracy(together, task()) > accuracy(alone, task()) + 0.1
    assert accuracy(together, task()) > 0.8


@BOTH
def test_the_place_of_the_lessons_does_not_count(method: Callable[..., Method]) -> None:
    one, other = (method().fit(task(lessons(shift)), 0) for shift in (0.0, 5.0))
    assert accuracy(other, task()) == pytest.approx(accuracy(one, task()), abs=0.02)


@BOTH
def test_a_seed_repeats_and_a_folder_keeps_it(method: Callable[..., Method], tmp_path: Path) -> None:
    first, second = (method().fit(task(lessons()), 3) for _ in range(2))
    asked = task().test_unseen.features, task().classes.of(range(SEEN, SEEN + UNSEEN))
    answers = first.unseen_probabilities(*asked)
    np.testing.assert_array_equal(second.unseen_probabilities(*asked), answers)
    save_trained(tmp_path / "kept", first)
    again = load_trained(tmp_path / "kept")
    assert type(again) is type(first)
    np.testing.assert_array_equal(again.unseen_probabilities(*asked), answers)
    np.testing.assert_allclose(answers.sum(1), 1, atol=1e-5)
    with pytest.raises(SadvaeError, match="width 12 and texts 23"):
        again.unseen_probabilities(asked[0], asked[1][:, 1:])


@BOTH
def test_weights_of_other_shapes_are_refused_when_read(method: Callable[..., Method]) -> None:
    trained = method().fit(task(lessons()), 0)
    weights = trained.weights()
    changes = {"anchors": [weights["anchors"][:, 1:], weights["anchors"][0]]}
    if "matrix" in weights:
        changes |= {"feature_mean": [weights["feature_mean"][:1]], "text_mean": [weights["text_mean"][:1]]}
        changes["matrix"] = [weights["matrix"].T, weights["matrix"][..., None]]
    for name, others in changes.items():
        for other in others:
            with pytest.raises(ValueError, match="shape"):
                restore_trained(trained.describe(), weights | {name: other.contiguous()})
    if "matrix" in weights:
        # A side too many that fits all of them.
        deep = {name: weights[name][..., None] for name in ("feature_mean", "anchors")}
        deep |= {"matrix": weights["matrix"][:, None], "text_mean": weights["text_mean"]}
        with pytest.raises(ValueError, match="shape"):
            restore_trained(trained.describe(), deep)
    assert type(restore_trained(trained.describe(), weights)) is type(trained)


def test_the_map_is_the_least_squared_error_over_both() -> None:
    """By scikit-learn's ridge regression on weighted rows."""
    of, given, settings = task(lessons()), lessons(), taught(lesson_share=0.7, penalty=0.02)
    trained = Taught(settings).fit(of, 0)
    clips, texts = of.train.features, of.classes.of(of.train.labels.tolist())
    mean, middle = clips.mean(0), of.classes.of(of.split.seen).mean(0)
    scale = np.sqrt(((clips - mean) ** 2).sum(1).mean())
    rows = np.vstack([clips - mean, given.features - given.features.mean(0)]) / scale
    told = np.vstack([texts - middle, (given.texts - given.texts.mean(0))[given.movements]])
    told /= np.linalg.norm(told, axis=1, keepdims=True)
    weights = np.r_[np.full(len(clips), 0.3 / len(clips)), np.full(len(given.features), 0.7 / len(given.features))]
    expected = Ridge(alpha=0.02, fit_intercept=False).fit(rows, told, sample_weight=weights).coef_.T / scale
    found = dict(trained.weights())
    np.testing.assert_allclose(found["matrix"], expected, atol=1e-4)
    np.testing.assert_allclose(found["feature_mean"], mean, atol=1e-5)
    np.testing.assert_allclose(found["text_mean"], middle, atol=1e-5)


def test_classes_weigh_the_same_in_the_middle_of_texts_however_many_clips_they_have() -> None:
    of = task(lessons())
    keep = np.arange(len(of.train.labels)) >= 6
    names = tuple(name for name, kept in zip(of.train.clip_ids, keep, strict=True) if kept)
    fewer = replace(of.train, features=of.train.features[keep], labels=of.train.labels[keep], clip_ids=names)
    trained = Taught(taught()).fit(replace(of, train=fewer), 0)
    np.testing.assert_allclose(trained.weights()["text_mean"], of.classes.of(of.split.seen).mean(0), atol=1e-6)


def test_answers_are_corrected_cosines_over_a_temperature() -> None:
    of = task(lessons())
    trained, plain = (Taught(taught(hub_correction=on)).fit(of, 0) for on in (True, False))
    vectors = of.classes.of(of.split.unseen)

    def cosines(features: FloatArray) -> FloatArray:
        middle = of.classes.of(of.split.seen).mean(0)
        told = (features - of.train.features.mean(0)) @ trained.weights()["matrix"].numpy()
        return cosine_similarity(told, vectors - middle).astype(np.float32)

    asked, usual = cosines(of.test_unseen.features), cosines(of.train.features)
    np.testing.assert_allclose(
        plain.unseen_probabilities(of.test_unseen.features, vectors), softmax(asked / 0.5, axis=1), atol=1e-5
    )
    scores = (asked - usual.mean(0)) / usual.std(0)
    np.testing.assert_allclose(
        trained.unseen_probabilities(of.test_unseen.features, vectors), softmax(scores / 0.5, axis=1), atol=1e-4
    )


def test_watched_epochs_end_with_what_fit_returns() -> None:
    seen = []
    final = disentangled().fit(task(lessons()), 0, lambda epoch, trained, losses: seen.append(trained))
    assert len(seen) == 2
    assert all(torch.equal(seen[-1].weights()[name], value) for name, value in final.weights().items())
    assert not all(torch.equal(seen[0].weights()[name], value) for name, value in final.weights().items())


@BOTH
def test_without_lessons_it_says_what_to_do(method: Callable[..., Method]) -> None:
    with pytest.raises(SadvaeError, match="take the preset sadvae, or make features with the encoder preset default"):
        method().fit(task(), 0)


@BOTH
def test_nothing_of_the_test_is_read(method: Callable[..., Method]) -> None:
    of = task(lessons())
    texts = of.classes.vectors.copy()
    texts[SEEN:] = np.nan
    poisoned = replace(
        of,
        test_seen=replace(of.test_seen, features=of.test_seen.features * np.float32(1e6)),
        test_unseen=replace(of.test_unseen, features=of.test_unseen.features * np.float32(-1e6)),
    )
    poisoned_texts = copy(of.classes)
    object.__setattr__(poisoned_texts, "vectors", texts)
    object.__setattr__(poisoned, "classes", poisoned_texts)
    trained, same = method().fit(of, 0), method().fit(poisoned, 0)
    assert all(torch.equal(value, same.weights()[name]) for name, value in trained.weights().items())


def test_settings_say_which_is_wrong() -> None:
    with pytest.raises(SadvaeError, match=r"setting of taught lesson_share: .*less than 1"):
        taught(lesson_share=1.5)
    with pytest.raises(SadvaeError, match="SA-DVAE setting penalty"):
        taught_sa_dvae(penalty=1)


def test_lessons_of_other_widths_are_refused() -> None:
    given = lessons()
    with pytest.raises(SadvaeError, match="12 numbers of movement and texts of width 9"):
        task(replace(given, texts=given.texts[:, :9]))
    with pytest.raises(SadvaeError, match="none of their 2 texts is of"):
        replace(given, texts=given.texts[:2])
    with pytest.raises(SadvaeError, match="3 rows of features and 120 movements"):
        replace(given, features=given.features[:3])
    with pytest.raises(SadvaeError, match="not finite"):
        replace(given, features=given.features * np.nan)


def test_every_batch_has_its_share_and_rows_come_equally_often() -> None:
    settings = taught_sa_dvae(batch_size=10, lesson_share=0.3, iterations_per_epoch=20)
    batches = mixed_batches(14, 6, settings, torch.Generator().manual_seed(0))
    assert len(batches) == 20
    assert {int((rows >= 14).sum()) for rows in batches} == {3}
    counts = torch.cat(batches).bincount(minlength=20)
    assert counts[:14].unique().tolist() == [10]
    assert counts[14:].unique().tolist() == [10]
    one_pass = taught_sa_dvae(batch_size=10, lesson_share=0.3, iterations_per_epoch="all")
    assert len(mixed_batches(15, 6, one_pass, torch.Generator())) == 3
    whole = taught_sa_dvae(batch_size=7, lesson_share=0, iterations_per_epoch="all")
    alone = mixed_batches(14, 6, whole, torch.Generator())
    assert torch.cat(alone).sort().values.tolist() == list(range(14))


def test_lessons_are_brought_to_the_means_of_the_task() -> None:
    own = TrainingData(torch.randn(30, 4) + 3, torch.arange(30) % 5, torch.randn(5, 6) * 2 + 1)
    given = Lessons(
        np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32) - 7,
        np.arange(9) % 3,
        np.random.default_rng(1).normal(size=(3, 6)).astype(np.float32) * 0.1,
    )
    found = joined(own, given)
    torch.testing.assert_close(found.skeleton[:30], own.skeleton)
    torch.testing.assert_close(found.skeleton[30:].mean(0), own.skeleton.mean(0))
    torch.testing.assert_close(found.classes[5:].mean(0), own.classes.mean(0))
    spread = (own.classes - own.classes.mean(0)).square().mean()
    torch.testing.assert_close((found.classes[5:] - found.classes[5:].mean(0)).square().mean(), spread)
    assert found.columns[30:].tolist() == [5, 6, 7] * 3


def test_lessons_come_to_the_mean_of_classes_not_of_clips() -> None:
    own = TrainingData(torch.randn(30, 4), torch.tensor([0] * 26 + [1, 2, 3, 4]), torch.randn(5, 6) * 2 + 1)
    texts = np.random.default_rng(1).normal(size=(3, 6)).astype(np.float32)
    given = Lessons(np.ones((3, 4), np.float32), np.arange(3), texts)
    torch.testing.assert_close(joined(own, given).classes[5:].mean(0), own.classes.mean(0))


def test_a_hub_is_put_right() -> None:
    similarity = torch.tensor([[0.9, 0.8], [0.9, 0.5]])
    usual = torch.tensor([[0.95, 0.4], [0.85, 0.6]])
    found = corrected(similarity, usual)
    torch.testing.assert_close(found, torch.tensor([[0.0, 3.0], [0.0, 0.0]]), atol=1e-3, rtol=1e-3)
    assert corrected(similarity, usual[:1].expand(3, -1)).isfinite().all()


def test_anchors_are_of_every_class() -> None:
    labels = np.arange(5000) % 50
    rows = anchor_rows(labels)
    assert len(rows) == ANCHORS
    assert set(labels[rows].tolist()) == set(range(50))
    assert sorted(anchor_rows(np.array([1, 0, 1]))) == [0, 1, 2]


def test_anchors_are_as_many_of_every_class() -> None:
    labels = np.random.default_rng(0).permutation(np.arange(5120) % 10)
    counts = np.bincount(labels[anchor_rows(labels)])
    assert counts.max() - counts.min() <= 1


def test_there_are_as_many_anchors_as_the_page_says() -> None:
    assert ANCHORS == 512


class Words:
    """A text encoder that knows some first words; any other text is nearly at right angles to all."""

    name, model_hash = "words", "0"

    def encode(self, texts: Sequence[str]) -> FloatArray:
        known = ("squat", "walk", "run", "jump", "sit", "bend", "kick", "lunge")
        rows = np.full((len(texts), 1000), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            word = text.split()[0].lower()
            row[known.index(word) if word in known else len(known) + crc32(text.encode()) % 900] = 1
        return rows


@pytest.fixture(scope="module")
def material() -> Material:
    return make_material(ComposeSettings(movements=60, repetitions=1))


def test_movements_called_like_an_unseen_class_teach_nobody(material: Material) -> None:
    names = [*(f"class {i}" for i in range(SEEN)), "squat", "jump high", "rest", "stay"]
    given = material.vectors(Words(), "names")
    classes = ClassEmbeddings(tuple(range(10)), np.eye(10, given.shape[1], dtype=np.float32) + 0.1, "words", "h")
    plain = task()
    part = [replace(p, features=np.zeros((len(p.labels), 250), np.float32) + i) for i, p in enumerate(plain.parts)]
    level = ZeroShotTask(plain.split, part[0], part[1], part[2], classes, allow=("unknown_encoder", "equal_rows"))
    held = ClassSplit("h", (2, 3, 4, 5), (0, 1))
    rows = np.isin(plain.train.labels, held.seen)
    train = replace(
        part[0],
        features=part[0].features[rows],
        labels=part[0].labels[rows],
        clip_ids=tuple(map(str, range(rows.sum()))),
    )
    none = replace(train, features=train.features[:0], labels=train.labels[:0], clip_ids=())
    lower = ZeroShotTask(held, train, none, none, classes, allow=level.allow)
    names[0] = "walk"
    found = with_lessons(replace(level, calibration=lower), names, material, given, Words())
    assert found.lessons is not None
    assert found.calibration is not None
    assert found.calibration.lessons is not None
    squats = sum(any(part in ("squat", "jump") for part in parts) for parts in material.parts)
    walks = sum("walk" in parts and not {"squat", "jump"} & set(parts) for parts in material.parts)
    assert squats
    assert walks
    assert len(found.lessons.texts) == len(material.parts) - squats
    assert len(found.calibration.lessons.texts) == len(material.parts) - squats - walks
    every = with_lessons(replace(level, calibration=lower), names, material, given, Words(), every=True)
    assert every.lessons is not None
    assert every.calibration is not None
    assert every.calibration.lessons is not None
    assert len(every.lessons.texts) == len(material.parts)
    assert len(every.calibration.lessons.texts) == len(found.calibration.lessons.texts)


def test_material_keeps_rows_and_texts_together(material: Material) -> None:
    kept = [3, 7, 20]
    vectors = np.arange(60, dtype=np.float32)[:, None] + np.ones((1, 5), np.float32)
    found = material.lessons(vectors, kept)
    assert found.movements.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(found.texts, vectors[kept])
    np.testing.assert_array_equal(found.features, material.features[kept])
    np.testing.assert_allclose(material.features.mean(0), 0, atol=0.3)


def test_composed_movements_are_told_by_their_own_sentences_where_classes_take_the_lexicons(material: Material) -> None:
    own, asked = (material.vectors(Words(), mode) for mode in ("names+descriptions", "names+movement"))
    np.testing.assert_array_equal(asked, own)


def test_a_file_keeps_material_and_a_foreign_one_is_refused(material: Material, tmp_path: Path) -> None:
    write_material(tmp_path / "m.npz", material)
    again = read_material(tmp_path / "m.npz")
    np.testing.assert_array_equal(again.features, material.features)
    assert (again.parts, again.sentences) == (material.parts, material.sentences)
    np.savez(tmp_path / "other.npz", features=np.zeros((2, 2)))
    with pytest.raises(SadvaeError, match="does not hold composed lessons"):
        read_material(tmp_path / "other.npz")


def test_where_every_movement_is_near_an_unseen_class_it_says_so(material: Material) -> None:
    with pytest.raises(SadvaeError, match="none can teach"):
        material.apart_from(["anything"], Words(), close=-1.0)
