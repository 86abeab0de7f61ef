"""A checker for methods, ours and yours: `check_method(MyMethod())` returns, or says in one sentence what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from safetensors.torch import load, save

from sadvae.errors import SadvaeError
from sadvae.evaluation.metrics import accuracy
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.protocol import Method, Trained, class_vectors
from sadvae.task import ZeroShotTask
from sadvae.types import FeatureSet, FloatArray

_TEXTS = ("vectors", "verbs", "nouns")


def check_method(method: Method, seed: int = 0) -> None:
    """Fit a method on a small generated task and check what every method promises.

    It has a name, fits, and returns an object with the four members of `Trained`. Probabilities are float32 [n, k],
    finite, sum to 1 and do not depend on the other clips asked about. The same seed gives the same numbers. Fitting
    reads nothing of test clips, of the texts of unseen classes or of the calibration level. describe() is JSON and
    weights() are tensors, and where the trained object has restore(about, weights), that gives the same answers. The
    task, which is easy, is solved. Raises SadvaeError with one sentence that says which promise is broken.
    """
    task = trivial_task(seed)
    trained = _fit(method, task, seed)
    answers = _answers(trained, task)
    _check_probabilities(method, answers, task)
    _check_each_clip_alone(method, trained, answers, task)
    _check_equal(answers, _answers(_fit(method, task, seed), task), method, "gives other numbers with the same seed")
    blind = _answers(_fit(method, _poisoned(task), seed), task)
    _check_equal(answers, blind, method, "reads test clips, calibration or texts of unseen classes in fit")
    _check_restore(method, trained, answers, task)
    _check_solved(method, answers, task)


def _refuse(method: Method, what: str) -> SadvaeError:
    return SadvaeError(f"method {getattr(method, 'name', type(method).__name__)!r} {what}.")


def _fit(method: Method, task: ZeroShotTask, seed: int) -> Trained:
    if not isinstance(getattr(method, "name", None), str):
        raise _refuse(method, "has no name; give it an attribute `name`, a string")
    try:
        trained = method.fit(task, seed)
    except Exception as error:
        raise _refuse(method, f"fails in fit(task, seed): {type(error).__name__}: {error}") from error
    missing = [
        n for n in ("unseen_probabilities", "latents", "describe", "weights") if not callable(getattr(trained, n, None))
    ]
    if missing:
        raise _refuse(method, f"returns a {type(trained).__name__} without {missing[0]}() from fit; see Trained")
    return trained


def _answers(trained: Trained, task: ZeroShotTask) -> FloatArray:
    texts = class_vectors(trained, task.classes, task.split.unseen)
    return trained.unseen_probabilities(task.test_unseen.features, texts)


def _check_probabilities(method: Method, answers: FloatArray, task: ZeroShotTask) -> None:
    expected = len(task.test_unseen.labels), len(task.split.unseen)
    if not isinstance(answers, np.ndarray) or answers.shape != expected or answers.dtype != np.float32:
        found = f"{answers.dtype}{list(answers.shape)}" if isinstance(answers, np.ndarray) else type(answers).__name__
        raise _refuse(method, f"returns {found} from unseen_probabilities; expected float32{list(expected)}")
    if not np.isfinite(answers).all() or (answers < 0).any() or np.abs(answers.sum(axis=1) - 1).max() > 1e-4:
        raise _refuse(method, "returns rows from unseen_probabilities that are no probabilities summing to 1")


def _check_each_clip_alone(method: Method, trained: Trained, answers: FloatArray, task: ZeroShotTask) -> None:
    texts = class_vectors(trained, task.classes, task.split.unseen)
    alone = np.concatenate([trained.unseen_probabilities(row[None], texts) for row in task.test_unseen.features[:5]])
    if np.abs(alone - answers[:5]).max() > 1e-4:
        raise _refuse(
            method, "answers otherwise about a clip alone than among others; each clip has to stand for itself"
        )


def _check_equal(first: FloatArray, second: FloatArray, method: Method, what: str) -> None:
    if not np.array_equal(first, second):
        raise _refuse(method, f"{what}: probabilities move by {np.abs(first - second).max():.2g}")


def _poisoned(task: ZeroShotTask) -> ZeroShotTask:
    """The task with other test clips, other texts of unseen classes, and no calibration level."""
    rng = np.random.default_rng(0)
    unseen = np.isin(task.classes.ids, task.split.unseen)

    def spoilt(vectors: FloatArray | None) -> FloatArray | None:
        other = rng.normal(size=task.classes.vectors.shape).astype(np.float32)
        return None if vectors is None else np.where(unseen[:, None], other, vectors)

    classes = replace(task.classes, **{name: spoilt(getattr(task.classes, name)) for name in _TEXTS})

    def other(part: FeatureSet) -> FeatureSet:
        features = rng.normal(5, 5, part.features.shape).astype(np.float32)
        return replace(part, features=features, labels=rng.permutation(part.labels), seen_logits=None)

    parts = {"test_seen": other(task.test_seen), "test_unseen": other(task.test_unseen)}
    return replace(task, **parts, classes=classes, calibration=None)


def _check_restore(method: Method, trained: Trained, answers: FloatArray, task: ZeroShotTask) -> None:
    try:
        about = json.loads(json.dumps(trained.describe()))
        weights = load(save({name: tensor.contiguous() for name, tensor in trained.weights().items()}))
    except Exception as error:
        raise _refuse(method, f"cannot be saved: describe() has to be JSON and weights() tensors ({error})") from error
    restore = getattr(trained, "restore", None)
    if restore is not None:
        _check_equal(answers, _answers(restore(about, weights), task), method, "answers otherwise after save and load")


def _check_solved(method: Method, answers: FloatArray, task: ZeroShotTask) -> None:
    found = accuracy(task.test_unseen.labels, np.asarray(task.split.unseen)[answers.argmax(axis=1)])
    chance = 1 / len(task.split.unseen)
    if found < 2 * chance:
        raise _refuse(
            method,
            f"finds {found:.0%} of the clips of a trivial task, where chance is {chance:.0%} and twice that asked",
        )
