"""A trained SA-DVAE: networks that no longer change, and the settings of its unseen decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sadvae.errors import SadvaeError
from sadvae.methods.networks import Networks
from sadvae.methods.protocol import Latents, Trained
from sadvae.methods.settings import SADVAESettings
from sadvae.methods.unseen import unseen_probabilities
from sadvae.types import FloatArray
from sadvae.weights import filled


@dataclass(frozen=True, eq=False)
class TrainedSADVAE:
    """See Trained.

    seed: of the unseen decision, where its rule draws anything.
    """

    settings: SADVAESettings
    networks: Networks
    seed: int

    @staticmethod
    def of(settings: SADVAESettings, weights: dict[str, Tensor], seed: int) -> TrainedSADVAE:
        """A snapshot of networks' weights: a copy that later steps leave alone."""
        return TrainedSADVAE._from_weights(settings, weights, seed)

    @staticmethod
    def _from_weights(settings: SADVAESettings, weights: dict[str, Tensor], seed: int) -> TrainedSADVAE:
        (z_x, d_skeleton), (z_y, d_text) = (
            weights[f"{side}_encoder.mean.weight"].shape for side in ("skeleton", "text")
        )
        if (z_x, z_y) != (settings.latent + settings.style, settings.latent):
            raise SadvaeError(
                f"weights with {z_y} + {z_x - z_y} latent dimensions come with settings for {settings.latent} + "
                f"{settings.style}; keep config.json and model.safetensors of one training together."
            )
        relu = settings.decoder_output == "relu"
        sizes = d_skeleton, d_text, settings.latent, settings.style
        networks = filled(lambda: Networks(*sizes, relu=relu), weights)
        return TrainedSADVAE(settings, networks.requires_grad_(False).eval(), seed)

    @staticmethod
    def restore(about: dict[str, Any], weights: dict[str, Tensor]) -> Trained:
        """The trained method that describe() and weights() were taken from."""
        return TrainedSADVAE._from_weights(
            SADVAESettings.model_validate(about["settings"]), weights, int(about["seed"])
        )

    def unseen_probabilities(self, features: FloatArray, class_vectors: FloatArray) -> FloatArray:
        """See Trained; the rule is settings.unseen_rule (unseen.py)."""
        self._check_widths(features.shape[1], class_vectors.shape[1])
        skeleton = self.networks.skeleton_scaling(torch.from_numpy(features))
        text = self.networks.text_scaling(torch.from_numpy(class_vectors))
        return unseen_probabilities(self.settings, self.networks, skeleton, text, self.seed).numpy()

    def latents(self, features: FloatArray) -> Latents:
        """See Trained."""
        mean, _ = self.networks.skeleton_encoder(self.networks.skeleton_scaling(torch.from_numpy(features)))
        r = self.settings.latent
        return Latents(mean[:, :r].numpy(), mean[:, r:].numpy())

    def decode(self, latents: Latents) -> FloatArray:
        """Features float32 [n, d] of latents [n, r] and [n, v], as D_x gives them, in the scale of the features."""
        found = latents.semantic.shape[1], latents.style.shape[1]
        if found != (self.settings.latent, self.settings.style):
            raise SadvaeError(
                f"latents have {found[0]} + {found[1]} dimensions; this SA-DVAE has {self.settings.latent} + "
                f"{self.settings.style}."
            )
        joint = torch.from_numpy(np.concatenate([latents.semantic, latents.style], axis=1).astype(np.float32))
        return self.networks.skeleton_scaling.undo(self.networks.skeleton_decoder(joint)).numpy()

    def describe(self) -> dict[str, Any]:
        """See Trained."""
        return {"method": "sa_dvae", "settings": self.settings.model_dump(mode="json"), "seed": self.seed}

    def weights(self) -> dict[str, Tensor]:
        """See Trained."""
        return dict(self.networks.state_dict())

    def _check_widths(self, skeleton: int, text: int) -> None:
        expected = self.networks.skeleton_encoder.mean.in_features, self.networks.text_encoder.mean.in_features
        if (skeleton, text) != expected:
            raise SadvaeError(
                f"features have width {skeleton} and texts {text}; this SA-DVAE was trained on "
                f"{expected[0]} and {expected[1]}; use the encoders that it was trained with."
            )
