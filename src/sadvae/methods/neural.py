"""What the baselines that are small networks share: settings, fitting, and the trained object.

A method of one file subclasses both classes below: NeuralMethod for its numbers, Model for its networks and losses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from pydantic import BaseModel, Field
from torch import Tensor, nn

from sadvae.errors import SadvaeError
from sadvae.methods.networks import Standardiser
from sadvae.methods.protocol import Latents, Watch, class_vectors
from sadvae.methods.settings import STRICT
from sadvae.methods.training import Batch, Regime, TrainingData, train
from sadvae.task import ZeroShotTask
from sadvae.types import FloatArray
from sadvae.weights import filled


class Model(nn.Module):
    """The networks of a method; they take standardised features [n, d] and class texts [k, e]."""

    def __init__(self, d_skeleton: int, d_text: int) -> None:
        super().__init__()
        self.skeleton_scaling = Standardiser(d_skeleton)
        self.text_scaling = Standardiser(d_text)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The weighted terms of the loss, whose sum is minimised."""
        raise NotImplementedError

    def probabilities(self, skeleton: Tensor, text: Tensor, seed: int) -> Tensor:
        """p(class | clip) [n, k]; `seed` is for decisions that draw samples."""
        raise NotImplementedError

    def latent(self, skeleton: Tensor) -> Tensor | None:
        """What of a clip is compared with texts [n, r], or None where pairs are scored as a whole."""
        raise NotImplementedError

    def initialise(self, generator: torch.Generator) -> None:
        """Xavier-uniform weights, zero biases."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, generator=generator)
                nn.init.zeros_(module.bias)


class NeuralMethod(BaseModel):
    """Settings that every such method has, and how it is fitted.

    needs_parts: class texts are whole text, verb and noun side by side. scales_text: texts are standardised.
    """

    model_config = STRICT

    needs_parts: ClassVar[bool] = False
    scales_text: ClassVar[bool] = True

    name: str
    epochs: int = Field(default=10, ge=1)
    least_iterations: int = Field(default=30, ge=1)
    batch_size: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0, le=1)

    def build(self, d_skeleton: int, d_text: int) -> Model:
        """Untrained networks for features and texts of these widths."""
        raise NotImplementedError

    def fit(self, task: ZeroShotTask, seed: int, watch: Watch | None = None) -> TrainedNeural:
        """Train on task.train and the texts of its seen classes. Raises SadvaeError where the loss is no number."""
        generator = torch.Generator().manual_seed(seed)
        classes, columns = np.unique(task.train.labels, return_inverse=True)
        skeleton = torch.from_numpy(task.train.features)
        text = torch.from_numpy(class_vectors(self, task.classes, classes.tolist()))
        model = self.build(skeleton.shape[1], text.shape[1])
        model.initialise(generator)
        model.skeleton_scaling.fit(skeleton)
        if self.scales_text:
            model.text_scaling.fit(text)
        data = TrainingData(model.skeleton_scaling(skeleton), torch.from_numpy(columns), model.text_scaling(text))
        regime = Regime(self.epochs, self.least_iterations, self.batch_size, self.learning_rate)
        for epoch, means in train(model, model.losses, data, regime, generator, self.name):
            if watch is not None:
                watch(epoch, TrainedNeural.of(self, model.state_dict(), seed), means)
        return TrainedNeural.of(self, model.state_dict(), seed)

    @classmethod
    def restore(cls, about: dict[str, Any], weights: dict[str, Tensor]) -> TrainedNeural:
        """The trained method that describe() and weights() were taken from."""
        return TrainedNeural.of(cls.model_validate(about["settings"]), weights, int(about["seed"]))


@dataclass(frozen=True, eq=False)
class TrainedNeural:
    """See Trained. seed: of the unseen decision, where it draws samples."""

    method: NeuralMethod
    model: Model
    seed: int

    @classmethod
    def of(cls, method: NeuralMethod, weights: dict[str, Tensor], seed: int) -> Self:
        """A snapshot of weights: a copy that later steps leave alone."""
        widths = len(weights["skeleton_scaling.mean"]), len(weights["text_scaling.mean"])
        model = filled(lambda: method.build(*widths), weights)
        return cls(method, model.requires_grad_(False).eval(), seed)

    @property
    def needs_parts(self) -> bool:
        """Whether class vectors are whole text, verb and noun side by side."""
        return self.method.needs_parts

    def unseen_probabilities(self, features: FloatArray, class_vectors: FloatArray) -> FloatArray:
        """See Trained."""
        expected = len(self.model.skeleton_scaling.mean), len(self.model.text_scaling.mean)
        if (features.shape[1], class_vectors.shape[1]) != expected:
            raise SadvaeError(
                f"features have width {features.shape[1]} and texts {class_vectors.shape[1]}; "
                f"this {self.method.name} was trained on {expected[0]} and {expected[1]}."
            )
        skeleton, text = self._scaled(features), self.model.text_scaling(torch.from_numpy(class_vectors))
        return self.model.probabilities(skeleton, text, self.seed).numpy()

    def latents(self, features: FloatArray) -> Latents | None:
        """See Trained; these methods have no style."""
        found = self.model.latent(self._scaled(features))
        return None if found is None else Latents(found.numpy(), np.zeros((len(features), 0), np.float32))

    def describe(self) -> dict[str, Any]:
        """See Trained."""
        return {"method": self.method.name, "settings": self.method.model_dump(mode="json"), "seed": self.seed}

    def weights(self) -> dict[str, Tensor]:
        """See Trained."""
        return dict(self.model.state_dict())

    def restore(self, about: dict[str, Any], weights: dict[str, Tensor]) -> TrainedNeural:
        """See NeuralMethod.restore."""
        return type(self.method).restore(about, weights)

    def _scaled(self, features: FloatArray) -> Tensor:
        return self.model.skeleton_scaling(torch.from_numpy(features))
