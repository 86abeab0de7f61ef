"""The unseen decision of SA-DVAE: which of the candidate classes, known by text alone, does z_r belong to?"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from sadvae.methods.draws import Draws, RandomDraws
from sadvae.methods.losses import reparameterise
from sadvae.methods.networks import Networks
from sadvae.methods.settings import SADVAESettings


def unseen_probabilities(
    settings: SADVAESettings, networks: Networks, skeleton: Tensor, text: Tensor, seed: int
) -> Tensor:
    """p(class | clip) by settings.unseen_rule: [n, k].

    skeleton [n, d_x] and text [k, d_y] are standardised; `seed` counts for the rule "classifier" alone.
    """
    mean, log_variance = networks.skeleton_encoder(skeleton)
    r, rule, temperature = networks.latent, settings.unseen_rule, settings.temperature
    z_r = mean[:, :r]
    if rule == "classifier":
        return classifier_rule(settings, networks, z_r, text, seed)
    if rule == "gaussian":
        return gaussian_rule((z_r, log_variance[:, :r]), networks.text_encoder(text), temperature)
    if rule == "reconstruction":
        return reconstruction_rule(networks, skeleton, mean[:, r:], text, temperature)
    if rule == "decoded":
        similarity = decoded_cosine(networks, z_r, text)
    elif rule == "generated":
        similarity = generated_cosine(networks, skeleton, text)
    elif rule == "both":
        similarity = decoded_cosine(networks, z_r, text) + generated_cosine(networks, skeleton, text)
    else:
        similarity = cosine(z_r, networks.text_encoder.mean(text))
    return torch.softmax(similarity / temperature, dim=1)


def classifier_rule(settings: SADVAESettings, networks: Networks, z_r: Tensor, text: Tensor, seed: int) -> Tensor:
    """Probabilities of C_u, trained here on samples of the candidate classes' z_y."""
    generator = torch.Generator().manual_seed(seed)
    classifier = UnseenClassifier(networks.latent, len(text), relu=settings.classifier_relu)
    classifier.initialise(generator)
    train_classifier(classifier, networks, text, settings, RandomDraws(settings.noise, generator))
    return classifier.probabilities(z_r)


def reconstruction_rule(
    networks: Networks, skeleton: Tensor, style: Tensor, text: Tensor, temperature: float
) -> Tensor:
    """Softmax over classes of minus the mean squared error of D_x([z_y, z_v]), with the clip's own style z_v.

    It asks which class's text, together with this clip's style, explains the clip best: skeleton [n, d_x],
    style [n, v], text [k, d_y].
    """
    z_y = networks.text_encoder.mean(text)
    pairs = torch.cat([z_y[None].expand(style.shape[0], -1, -1), style[:, None].expand(-1, z_y.shape[0], -1)], 2)
    errors = (networks.skeleton_decoder(pairs) - skeleton[:, None]).pow(2).mean(2)
    return torch.softmax(-errors / temperature, dim=1)


def cosine(left: Tensor, right: Tensor) -> Tensor:
    """Cosines between clips [n, d] and classes [k, d]: [n, k]."""
    return functional.normalize(left, dim=1) @ functional.normalize(right, dim=1).T


def decoded_cosine(networks: Networks, z_r: Tensor, text: Tensor) -> Tensor:
    """From clip to text: cosines between D_y(z_r) and the standardised class texts, [n, k]."""
    return cosine(networks.text_decoder(z_r), text)


def generated_cosine(networks: Networks, skeleton: Tensor, text: Tensor) -> Tensor:
    """From text to clip: cosines between a clip's feature and D_x([z_y, 0]), the class's of average style, [n, k]."""
    z_y = networks.text_encoder.mean(text)
    average = z_y.new_zeros(z_y.shape[0], networks.style)
    return cosine(skeleton, networks.skeleton_decoder(torch.cat([z_y, average], 1)))


def gaussian_rule(clip: tuple[Tensor, Tensor], text: tuple[Tensor, Tensor], temperature: float) -> Tensor:
    """Softmax over classes of log N(mean_x - mean_y; 0, var_x + var_y), averaged over dimensions.

    clip, text: (mean, log-variance) of q(z_r | f_x) [n, r] and q(z_y | f_y) [k, r]. The logarithm is that of the
    overlap integral of the two posteriors; the average, over a temperature, keeps many dimensions from saturating it.
    """
    variance = clip[1].exp()[:, None] + text[1].exp()[None]
    distance = (clip[0][:, None] - text[0][None]) ** 2
    return torch.softmax(-0.5 * (distance / variance + variance.log()).mean(2) / temperature, dim=1)


class UnseenClassifier(torch.nn.Module):
    """C_u: one linear layer on z; the published code clips its logits at zero."""

    def __init__(self, latent: int, classes: int, *, relu: bool) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(latent, classes)
        self.relu = relu

    def initialise(self, generator: torch.Generator) -> None:
        """Xavier-uniform weights with gain 0.5, zero biases."""
        torch.nn.init.xavier_uniform_(self.linear.weight, gain=0.5, generator=generator)
        torch.nn.init.zeros_(self.linear.bias)

    def forward(self, latent: Tensor) -> Tensor:
        """Latents [n, r] to logits [n, k]."""
        logits = self.linear(latent)
        return torch.relu(logits) if self.relu else logits

    def probabilities(self, latent: Tensor) -> Tensor:
        """Latents [n, r] to probabilities [n, k]."""
        with torch.no_grad():
            return torch.softmax(self(latent), dim=1)


def train_classifier(
    classifier: UnseenClassifier, networks: Networks, text: Tensor, settings: SADVAESettings, draws: Draws
) -> None:
    """Train C_u on samples of z_y, drawn once, with full-batch Adam (published code)."""
    k = len(text)
    labels = torch.arange(k).repeat(settings.classifier_samples)
    with torch.no_grad():
        mean, log_variance = networks.text_encoder(text[labels])
        latents = reparameterise(mean, log_variance, draws.noise(mean))
    optimiser = torch.optim.Adam(classifier.parameters(), lr=settings.classifier_learning_rate)
    with torch.enable_grad():
        for _ in range(settings.classifier_steps):
            optimiser.zero_grad()
            functional.cross_entropy(classifier(latents), labels).backward()
            optimiser.step()
