"""SynSE (Gupta et al., ICIP 2021): autoencoders of verbs, of nouns and of skeletons, whose latent has a part of each.

Class texts are whole text, verb and noun side by side; the whole text is not read.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from sadvae.methods.neural import Model, NeuralMethod
from sadvae.methods.settings import LARGEST
from sadvae.methods.training import Batch
from sadvae.methods.vae import VAE, classify_samples, kl, sample


class SynSE(NeuralMethod):
    """Settings: the latent width of each part of speech, weights, and the classifier of latents."""

    needs_parts: ClassVar[bool] = True

    name: str = "synse"
    latent: int = Field(default=64, ge=1, le=LARGEST)
    kl_weight: float = Field(default=0.01, ge=0)
    cross_weight: float = Field(default=1.0, ge=0)
    samples: int = Field(default=400, ge=1, le=LARGEST)
    classifier_steps: int = Field(default=100, ge=1, le=LARGEST)
    classifier_learning_rate: float = Field(default=1e-2, gt=0, le=1)

    def build(self, d_skeleton: int, d_text: int) -> Model:
        """See NeuralMethod."""
        return SynSEModel(self, d_skeleton, d_text)


class SynSEModel(Model):
    """Three autoencoders; the skeleton's latent is [z_verb, z_noun]."""

    def __init__(self, settings: SynSE, d_skeleton: int, d_text: int) -> None:
        super().__init__(d_skeleton, d_text)
        self.settings = settings
        self.skeleton = VAE(d_skeleton, 2 * settings.latent)
        self.verb, self.noun = (VAE(d_text // 3, settings.latent) for _ in range(2))

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Evidence lower bounds of all three, and cross-modal reconstruction."""
        s, x, error = self.settings, batch.skeleton, functional.mse_loss
        _, verb, noun = batch.text.chunk(3, 1)
        visual, verbs, nouns = self.skeleton.encode(x), self.verb.encode(verb), self.noun.encode(noun)
        z_x, z_verb, z_noun = (sample(posterior, batch) for posterior in (visual, verbs, nouns))
        from_clip = z_x.chunk(2, 1)
        own = error(self.verb.decode(z_verb), verb) + error(self.noun.decode(z_noun), noun)
        # Verb and noun are decoded from the clip's two parts, the clip from verb and noun together.
        cross = error(self.verb.decode(from_clip[0]), verb) + error(self.noun.decode(from_clip[1]), noun)
        cross = cross + error(self.skeleton.decode(torch.cat([z_verb, z_noun], 1)), x)
        return {
            "reconstruction": error(self.skeleton.decode(z_x), x) + own,
            "kl": s.kl_weight * kl(visual, verbs, nouns),
            "cross": s.cross_weight * cross,
        }

    def probabilities(self, skeleton: Tensor, text: Tensor, seed: int) -> Tensor:
        """A softmax classifier of samples of the candidates' [z_verb, z_noun], asked about the clip's mean."""
        s = self.settings
        rate, steps = s.classifier_learning_rate, s.classifier_steps
        _, verb, noun = text.chunk(3, 1)
        pairs = zip(self.verb.encode(verb), self.noun.encode(noun), strict=True)
        mean, log_variance = (torch.cat(pair, 1) for pair in pairs)
        posterior = mean, log_variance
        return classify_samples(
            self.latent(skeleton), posterior, samples=s.samples, steps=steps, learning_rate=rate, seed=seed
        )

    def latent(self, skeleton: Tensor) -> Tensor:
        """The mean of a clip's posterior, verb part first."""
        return self.skeleton.encode(skeleton)[0]
