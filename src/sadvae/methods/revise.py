"""ReViSE (Tsai et al., ICCV 2017): autoencoders of both sides whose codes are matched in distribution and by class.

The inductive form: their adaptation to unlabelled clips would read test clips.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from sadvae.methods.alignment import cosine, squared_mmd
from sadvae.methods.neural import Model, NeuralMethod
from sadvae.methods.settings import LARGEST
from sadvae.methods.training import Batch


class ReViSE(NeuralMethod):
    """Settings: width of the codes, weights of the terms, temperature of the association."""

    name: str = "revise"
    code: int = Field(default=128, ge=1, le=LARGEST)
    contraction_weight: float = Field(default=0.01, ge=0)
    text_weight: float = Field(default=1.0, ge=0)
    mmd_weight: float = Field(default=1.0, ge=0)
    association_weight: float = Field(default=1.0, ge=0)
    temperature: float = Field(default=0.1, gt=0)

    def build(self, d_skeleton: int, d_text: int) -> Model:
        """See NeuralMethod."""
        return ReViSEModel(self, d_skeleton, d_text)


class ReViSEModel(Model):
    """A contractive autoencoder of features and a plain one of texts, with codes between -1 and 1."""

    def __init__(self, settings: ReViSE, d_skeleton: int, d_text: int) -> None:
        super().__init__(d_skeleton, d_text)
        self.settings = settings
        self.skeleton_encoder = nn.Linear(d_skeleton, settings.code)
        self.skeleton_decoder = nn.Linear(settings.code, d_skeleton)
        self.text_encoder = nn.Linear(d_text, settings.code)
        self.text_decoder = nn.Linear(settings.code, d_text)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Reconstruction of both sides, contraction, distribution matching and association."""
        s = self.settings
        visual, words = self.latent(batch.skeleton), torch.tanh(self.text_encoder(batch.classes))
        association = functional.cross_entropy(cosine(visual, words) / s.temperature, batch.columns)
        return {
            "reconstruction": functional.mse_loss(self.skeleton_decoder(visual), batch.skeleton),
            "contraction": s.contraction_weight * self._contraction(visual),
            "text": s.text_weight * functional.mse_loss(self.text_decoder(words), batch.classes),
            "mmd": s.mmd_weight * squared_mmd(visual, words[batch.columns]),
            "association": s.association_weight * association,
        }

    def _contraction(self, code: Tensor) -> Tensor:
        """The squared norm of the code's derivative by the features (Rifai et al. 2011), a mean over code and batch."""
        return ((1 - code**2) ** 2 * self.skeleton_encoder.weight.pow(2).sum(1)).mean()

    def probabilities(self, skeleton: Tensor, text: Tensor, seed: int) -> Tensor:
        """The nearest text code by cosine."""
        scores = cosine(self.latent(skeleton), torch.tanh(self.text_encoder(text)))
        return torch.softmax(scores / self.settings.temperature, 1)

    def latent(self, skeleton: Tensor) -> Tensor:
        """The code of a clip."""
        return torch.tanh(self.skeleton_encoder(skeleton))
