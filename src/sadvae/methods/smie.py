"""SMIE (Zhou et al., ACM MM 2023): a network that scores pairs of clip and text, trained as an estimate of their
mutual information.

The global part. Their temporal constraint compares parts of a clip's frames; a feature set has one vector a clip.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from sadvae.methods.alignment import jensen_shannon_bound
from sadvae.methods.neural import Model, NeuralMethod
from sadvae.methods.settings import LARGEST
from sadvae.methods.training import Batch

# Clips that are scored at a time, which bounds memory.
ROWS = 512


class SMIE(NeuralMethod):
    """Settings: the width of the estimator's hidden layer."""

    name: str = "smie"
    hidden: int = Field(default=512, ge=1, le=LARGEST)

    def build(self, d_skeleton: int, d_text: int) -> Model:
        """See NeuralMethod."""
        return SMIEModel(self, d_skeleton, d_text)


class SMIEModel(Model):
    """T(clip, text): a hidden layer that both enter, and one number."""

    def __init__(self, settings: SMIE, d_skeleton: int, d_text: int) -> None:
        super().__init__(d_skeleton, d_text)
        self.skeleton_layer = nn.Linear(d_skeleton, settings.hidden)
        self.text_layer = nn.Linear(d_text, settings.hidden)
        self.output = nn.Linear(settings.hidden, 1)

    def scores(self, skeleton: Tensor, text: Tensor) -> Tensor:
        """T of every pair of clips [n, d] and texts [k, e]: [n, k]."""
        hidden = self.skeleton_layer(skeleton)[:, None] + self.text_layer(text)[None]
        return self.output(torch.relu(hidden))[:, :, 0]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Minus the Jensen-Shannon bound; at its best, T is the logarithm of p(clip, text) / p(clip) p(text)."""
        return {"information": -jensen_shannon_bound(self.scores(batch.skeleton, batch.classes), batch.columns)}

    def probabilities(self, skeleton: Tensor, text: Tensor, seed: int) -> Tensor:
        """The text with the highest score."""
        return torch.cat([torch.softmax(self.scores(rows, text), 1) for rows in skeleton.split(ROWS)])

    def latent(self, skeleton: Tensor) -> None:
        """None: pairs are scored as a whole."""
