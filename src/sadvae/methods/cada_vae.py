"""CADA-VAE (Schoenfeld et al., CVPR 2019): two variational autoencoders, aligned across and in distribution."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor

from sadvae.methods.alignment import gaussian_wasserstein
from sadvae.methods.neural import Model, NeuralMethod
from sadvae.methods.settings import LARGEST
from sadvae.methods.training import Batch
from sadvae.methods.vae import VAE, classify_samples, kl, sample


class CADAVAE(NeuralMethod):
    """Settings: sizes, the weights that the terms grow to, and the classifier; hidden 0 is a linear autoencoder."""

    name: str = "cada_vae"
    latent: int = Field(default=64, ge=1, le=LARGEST)
    hidden: int = Field(default=0, ge=0, le=LARGEST)
    kl_weight: float = Field(default=0.234, ge=0)
    cross_weight: float = Field(default=2.37, ge=0)
    distribution_weight: float = Field(default=8.13, ge=0)
    samples: int = Field(default=400, ge=1, le=LARGEST)
    classifier_steps: int = Field(default=100, ge=1, le=LARGEST)
    classifier_learning_rate: float = Field(default=1e-2, gt=0, le=1)

    def build(self, d_skeleton: int, d_text: int) -> Model:
        """See NeuralMethod."""
        return CADAVAEModel(self, d_skeleton, d_text)


def grown(progress: float, start: float, end: float) -> float:
    """0 before `start`, 1 after `end`, linear between; all are shares of the training."""
    return min(1.0, max(0.0, (progress - start) / (end - start)))


class CADAVAEModel(Model):
    """The autoencoders of features and of class texts, with latents of one width."""

    def __init__(self, settings: CADAVAE, d_skeleton: int, d_text: int) -> None:
        super().__init__(d_skeleton, d_text)
        self.settings = settings
        self.skeleton = VAE(d_skeleton, settings.latent, settings.hidden)
        self.text = VAE(d_text, settings.latent, settings.hidden)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Equation 7: the evidence lower bounds, cross alignment and distribution alignment.

        The weights grow over the shares of training that are theirs of 100 epochs.
        """
        s, x, y = self.settings, batch.skeleton, batch.text
        visual, words = self.skeleton.encode(x), self.text.encode(y)
        z_x, z_y = sample(visual, batch), sample(words, batch)
        # Equations 3 and 4.
        reconstruction = absolute_error(self.skeleton.decode(z_x), x) + absolute_error(self.text.decode(z_y), y)
        # Equation 5: each side is decoded from the other's latent.
        cross = absolute_error(self.skeleton.decode(z_y), x) + absolute_error(self.text.decode(z_x), y)
        # Equation 6.
        distribution = gaussian_wasserstein(visual, words)
        return {
            "reconstruction": reconstruction,
            "kl": s.kl_weight * grown(batch.progress, 0.0, 0.9) * kl(visual, words),
            "cross": s.cross_weight * grown(batch.progress, 0.21, 0.75) * cross,
            "distribution": s.distribution_weight * grown(batch.progress, 0.06, 0.22) * distribution,
        }

    def probabilities(self, skeleton: Tensor, text: Tensor, seed: int) -> Tensor:
        """A softmax classifier of samples of the candidates' text latents, asked about the clip's mean."""
        s = self.settings
        rate, steps = s.classifier_learning_rate, s.classifier_steps
        posterior = self.text.encode(text)
        return classify_samples(
            self.latent(skeleton), posterior, samples=s.samples, steps=steps, learning_rate=rate, seed=seed
        )

    def latent(self, skeleton: Tensor) -> Tensor:
        """The mean of a clip's posterior."""
        return self.skeleton.encode(skeleton)[0]


def absolute_error(found: Tensor, wanted: Tensor) -> Tensor:
    """|found - wanted| summed over dimensions, mean over the batch."""
    return (found - wanted).abs().sum(1).mean()
