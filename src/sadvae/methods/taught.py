"""Taught by composed movements: the default. One linear map from clips to words, in closed form.

Few seen classes say little about which words mean which movement; composed movements (skeleton/composed) say it a
thousand times over. Both are learned from at once, and texts that are near to every clip are put right (hubs.py).
Nothing is drawn at random. docs/method.md, "Taught", has the equations; taught_sa_dvae.py teaches SA-DVAE the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.lessons import Lessons
from sadvae.methods.hubs import anchor_rows, corrected
from sadvae.methods.protocol import Trained, Watch
from sadvae.methods.settings import TaughtSettings
from sadvae.methods.unseen import cosine
from sadvae.task import ZeroShotTask
from sadvae.types import FloatArray


@dataclass(frozen=True)
class Taught:
    """The method: its settings, which can be fitted."""

    settings: TaughtSettings
    name: str = "taught"

    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedTaught:
        """Fit on task.train, the texts of its seen classes, and task.lessons; `seed` moves nothing.

        Raises SadvaeError where the task has no lessons.
        """
        lessons = lessons_of(task, self.settings.lesson_share, self.name)
        found = fit_map(pairs_of(task), lessons, self.settings)
        anchors = task.train.features[anchor_rows(task.train.labels)]
        trained = TrainedTaught(self.settings, *found, torch.from_numpy(anchors))
        if watch is not None:
            watch(0, trained, {})
        return trained


def lessons_of(task: ZeroShotTask, share: float, name: str) -> Lessons | None:
    """The lessons of a task; None where none are wanted. Raises SadvaeError where the task has none."""
    if share == 0:
        return None
    if task.lessons is None:
        raise SadvaeError(
            f"the preset {name} learns from composed movements, which have numbers of movement as features; these "
            "features are others: take the preset sadvae, or make features with the encoder preset default."
        )
    return task.lessons


def pairs_of(task: ZeroShotTask) -> tuple[FloatArray, FloatArray]:
    """Training features [n, d] and the text of each clip's class [n, e]."""
    return task.train.features, task.classes.of(task.train.labels.tolist())


def fit_map(
    pairs: tuple[FloatArray, FloatArray], lessons: Lessons | None, settings: TaughtSettings
) -> tuple[Tensor, Tensor, Tensor]:
    """The mean of features [d], the mean of class texts [e], and the map W [d, e] of equation 7."""
    from sklearn.preprocessing import normalize

    clips, texts = (rows.astype(np.float64) for rows in pairs)
    feature_mean, text_mean = clips.mean(0), np.unique(texts, axis=0).mean(0)
    # Equation 6: features of unit mean square length, texts as directions from the middle of all.
    scale = np.sqrt(((clips - feature_mean) ** 2).sum(1).mean()) or 1.0
    x, y = (clips - feature_mean) / scale, normalize(texts - text_mean)
    share = settings.lesson_share if lessons is not None else 0.0
    gram, cross = (1 - share) / len(x) * x.T @ x, (1 - share) / len(x) * x.T @ y
    if lessons is not None:
        shown = (lessons.features - lessons.features.mean(0)).astype(np.float64) / scale
        told = normalize((lessons.texts - lessons.texts.mean(0)).astype(np.float64))[lessons.movements]
        gram, cross = gram + share / len(shown) * shown.T @ shown, cross + share / len(shown) * shown.T @ told
    # Equation 7: the least squared error over both, with a penalty.
    weights = np.linalg.solve(gram + settings.penalty * np.eye(len(gram)), cross) / scale
    return _float32(feature_mean), _float32(text_mean), _float32(weights)


def _float32(rows: np.ndarray) -> Tensor:
    """The same numbers as float32."""
    return torch.from_numpy(rows.astype(np.float32))


@dataclass(frozen=True, eq=False)
class TrainedTaught:
    """See Trained. feature_mean [d], text_mean [e], matrix [d, e]; anchors: features of training clips [a, d]."""

    settings: TaughtSettings
    feature_mean: Tensor
    text_mean: Tensor
    matrix: Tensor
    anchors: Tensor
    # Anchors told as text, which every question asks about again.
    _usual: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_usual", self._told(self.anchors))

    @staticmethod
    def restore(about: dict[str, Any], weights: dict[str, Tensor]) -> Trained:
        """The trained method that describe() and weights() were taken from."""
        names = ("feature_mean", "text_mean", "matrix", "anchors")
        feature_mean, text_mean, matrix, anchors = (weights[name] for name in names)
        found = [tuple(weights[name].shape) for name in names]
        d, e, a = len(feature_mean), len(text_mean), len(anchors)
        if found != [(d,), (e,), (d, e), (a, d)]:
            raise ValueError(f"{', '.join(names)} have shapes {found}; expected [d], [e], [d, e] and [a, d]")
        settings = TaughtSettings.model_validate(about["settings"])
        return TrainedTaught(settings, feature_mean, text_mean, matrix, anchors)

    def unseen_probabilities(self, features: FloatArray, class_vectors: FloatArray) -> FloatArray:
        """See Trained."""
        found, expected = (features.shape[1], class_vectors.shape[1]), tuple(self.matrix.shape)
        if found != expected:
            raise SadvaeError(
                f"features have width {found[0]} and texts {found[1]}; this method was trained on {expected[0]} and "
                f"{expected[1]}; use the encoders that it was trained with."
            )
        return self.probabilities(torch.from_numpy(features), torch.from_numpy(class_vectors)).numpy()

    def probabilities(self, features: Tensor, vectors: Tensor) -> Tensor:
        """p(class | clip) [n, k] of features [n, d] and text vectors [k, e], by torch alone (equation 8)."""
        similarity = self._similarity(self._told(features), vectors)
        if self.settings.hub_correction:
            similarity = corrected(similarity, self._similarity(self._usual, vectors))
        return torch.softmax(similarity / self.settings.temperature, dim=1)

    def _told(self, features: Tensor) -> Tensor:
        """Clips [n, d] told as text [n, e], from the middle of the seen classes' texts."""
        return (features - self.feature_mean) @ self.matrix

    def _similarity(self, told: Tensor, vectors: Tensor) -> Tensor:
        """Cosines between clips told as text and class texts, both from the middle of the seen classes' texts."""
        return cosine(told, vectors - self.text_mean)

    def latents(self, features: FloatArray) -> None:
        """See Trained; there are none."""
        return

    def describe(self) -> dict[str, Any]:
        """See Trained."""
        return {"method": "taught", "settings": self.settings.model_dump(mode="json")}

    def weights(self) -> dict[str, Tensor]:
        """See Trained."""
        return {name: getattr(self, name) for name in ("feature_mean", "text_mean", "matrix", "anchors")}
