"""JPoSE (Wray et al., ICCV 2019): embedding spaces of verbs and of nouns, and one of both together.

Class texts are whole text, verb and noun side by side; the whole text is not read, as in the paper's model.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from sadvae.methods.alignment import triplet_loss
from sadvae.methods.linear import TEMPERATURE
from sadvae.methods.neural import Model, NeuralMethod
from sadvae.methods.settings import LARGEST
from sadvae.methods.training import Batch


class JPoSE(NeuralMethod):
    """Settings: width of the embedding spaces, of their hidden layers, the margin, the weight of verb and noun."""

    needs_parts: ClassVar[bool] = True

    name: str = "jpose"
    embedding: int = Field(default=256, ge=1, le=LARGEST)
    hidden: int = Field(default=256, ge=1, le=LARGEST)
    margin: float = Field(default=1.0, gt=0)
    part_weight: float = Field(default=1.0, ge=0)

    def build(self, d_skeleton: int, d_text: int) -> Model:
        """See NeuralMethod."""
        return JPoSEModel(self, d_skeleton, d_text)


class Space(nn.Module):
    """A multi-modal embedding: clips and texts to unit vectors of one space."""

    def __init__(self, d_skeleton: int, d_text: int, settings: JPoSE) -> None:
        super().__init__()
        self.skeleton, self.text = (
            nn.Sequential(nn.Linear(width, settings.hidden), nn.ReLU(), nn.Linear(settings.hidden, settings.embedding))
            for width in (d_skeleton, d_text)
        )

    def clips(self, rows: Tensor) -> Tensor:
        """Clips [n, d] as unit vectors [n, embedding]."""
        return functional.normalize(self.skeleton(rows), dim=1)

    def texts(self, rows: Tensor) -> Tensor:
        """Texts [k, e] as unit vectors [k, embedding]."""
        return functional.normalize(self.text(rows), dim=1)


class JPoSEModel(Model):
    """Spaces of verbs and nouns, whose outputs side by side go into the joint space."""

    def __init__(self, settings: JPoSE, d_skeleton: int, d_text: int) -> None:
        super().__init__(d_skeleton, d_text)
        self.settings = settings
        self.verb, self.noun = (Space(d_skeleton, d_text // 3, settings) for _ in range(2))
        self.joint = Space(2 * settings.embedding, 2 * settings.embedding, settings)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Triplets in each space: clips of the same verb, noun or class are relevant to each other there."""
        verbs, nouns = batch.classes.chunk(3, 1)[1:]
        clips = self._clips(batch.skeleton)
        texts = [text[batch.columns] for text in self._texts(batch.classes)]
        groups = _equal_rows(verbs), _equal_rows(nouns), torch.arange(len(batch.classes))
        relevant = [of[batch.columns][:, None] == of[batch.columns] for of in groups]
        weights = self.settings.part_weight, self.settings.part_weight, 1.0
        return {
            name: weight * self._cross_modal(clip @ text.T, same)
            for name, weight, clip, text, same in zip(
                ("verb", "noun", "joint"), weights, clips, texts, relevant, strict=True
            )
        }

    def _cross_modal(self, scores: Tensor, relevant: Tensor) -> Tensor:
        """Clip to text and text to clip."""
        margin = self.settings.margin
        return triplet_loss(scores, relevant, margin) + triplet_loss(scores.T, relevant, margin)

    def _clips(self, skeleton: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Clips in the spaces of verbs, of nouns, and of both."""
        verb, noun = self.verb.clips(skeleton), self.noun.clips(skeleton)
        return verb, noun, self.joint.clips(torch.cat([verb, noun], 1))

    def _texts(self, classes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Classes in the same spaces."""
        _, verbs, nouns = classes.chunk(3, 1)
        verb, noun = self.verb.texts(verbs), self.noun.texts(nouns)
        return verb, noun, self.joint.texts(torch.cat([verb, noun], 1))

    def probabilities(self, skeleton: Tensor, text: Tensor, seed: int) -> Tensor:
        """The nearest class in the joint space, by cosine."""
        return torch.softmax(self._clips(skeleton)[2] @ self._texts(text)[2].T / TEMPERATURE, 1)

    def latent(self, skeleton: Tensor) -> Tensor:
        """The clip in the joint space."""
        return self._clips(skeleton)[2]


def _equal_rows(rows: Tensor) -> Tensor:
    """A number for each row [k, e] that equal rows share: int64 [k]."""
    return torch.unique(rows, dim=0, return_inverse=True)[1]
