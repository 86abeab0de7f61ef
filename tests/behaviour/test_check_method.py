"""The checker of methods names the promise that a method breaks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.evaluation.check_method import check_method
from sadvae.methods.linear import TrainedLinear
from sadvae.methods.protocol import Method, Watch
from sadvae.methods.ridge import RidgeNearestText
from sadvae.task import ZeroShotTask
from sadvae.types import FloatArray

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
