"""DeViSE (Frome et al., NeurIPS 2013): a linear map into the space of texts, trained by a hinge rank loss."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from sadvae.methods.alignment import cosine, hinge_rank_loss
from sadvae.methods.linear import TEMPERATURE
from sadvae.methods.neural import Model, NeuralMethod
from sadvae.methods.training import Batch


class DeViSE(NeuralMethod):
    """Settings: the rate, and the margin of the rank loss (theirs)."""

    scales_text: ClassVar[bool] = False

    name: str = "devise"
    learning_rate: float = Field(default=1e-2, gt=0, le=1)
    margin: float = Field(default=0.1, gt=0)

    def build(self, d_skeleton: int, d_text: int) -> Model:
        """See NeuralMethod."""
        return DeViSEModel(self, d_skeleton, d_text)


class DeViSEModel(Model):
    """M: features to the space of texts, which are unit vectors."""

    def __init__(self, settings: DeViSE, d_skeleton: int, d_text: int) -> None:
        super().__init__(d_skeleton, d_text)
        self.settings = settings
        self.map = nn.Linear(d_skeleton, d_text)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Equation 1: each clip's own text has to score higher than every other by the margin."""
        scores = self.map(batch.skeleton) @ nn.functional.normalize(batch.classes, dim=1).T
        return {"rank": hinge_rank_loss(scores, batch.columns, self.settings.margin)}

    def probabilities(self, skeleton: Tensor, text: Tensor, seed: int) -> Tensor:
        """The nearest text by cosine."""
        return torch.softmax(cosine(self.map(skeleton), text) / TEMPERATURE, 1)

    def latent(self, skeleton: Tensor) -> Tensor:
        """The clip in the space of texts."""
        return self.map(skeleton)
