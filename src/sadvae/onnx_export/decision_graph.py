"""Alignment, calibration and gate as one graph: features and text vectors to the probabilities of names.

It computes what recognition/question.py does, so that a folder of graphs decides as the recogniser itself does.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from sadvae.errors import SadvaeError
from sadvae.methods.calibration import SMALLEST_PROBABILITY
from sadvae.methods.cca import TrainedCCA
from sadvae.methods.gate import Gate, MaxProbabilityGate, PublishedGateOf
from sadvae.methods.linear import TEMPERATURE, TrainedLinear
from sadvae.methods.neural import TrainedNeural
from sadvae.methods.protocol import Trained
from sadvae.methods.smie import SMIEModel
from sadvae.methods.taught import TrainedTaught
from sadvae.methods.taught_sa_dvae import TrainedTaughtSADVAE
from sadvae.methods.trained_sa_dvae import TrainedSADVAE
from sadvae.methods.unseen import cosine, unseen_probabilities
from sadvae.recognition.folder import Parts

# These decide by a classifier that is trained on the names when they are asked about.
TRAINS_WHEN_ASKED = ("cada_vae", "synse")


class Alignment(Protocol):
    """Features [n, d] and text vectors [k, e] to probabilities [n, k], by torch operations alone."""

    def __call__(self, features: Tensor, vectors: Tensor) -> Tensor: ...


class SADVAEAlignment(nn.Module):
    """TrainedSADVAE.unseen_probabilities."""

    def __init__(self, trained: TrainedSADVAE) -> None:
        super().__init__()
        self.settings, self.networks, self.seed = trained.settings, trained.networks, trained.seed

    def forward(self, features: Tensor, vectors: Tensor) -> Tensor:
        """See Alignment."""
        skeleton, text = self.networks.skeleton_scaling(features), self.networks.text_scaling(vectors)
        return unseen_probabilities(self.settings, self.networks, skeleton, text, self.seed)


class TaughtAlignment(nn.Module):
    """unseen_probabilities of TrainedTaught and of TrainedTaughtSADVAE."""

    def __init__(self, trained: TrainedTaught | TrainedTaughtSADVAE) -> None:
        super().__init__()
        self.trained = trained

    def forward(self, features: Tensor, vectors: Tensor) -> Tensor:
        """See Alignment."""
        return self.trained.probabilities(features, vectors)


class NeuralAlignment(nn.Module):
    """TrainedNeural.unseen_probabilities."""

    def __init__(self, trained: TrainedNeural) -> None:
        super().__init__()
        self.model, self.seed = trained.model, trained.seed

    def forward(self, features: Tensor, vectors: Tensor) -> Tensor:
        """See Alignment."""
        skeleton, text = self.model.skeleton_scaling(features), self.model.text_scaling(vectors)
        if isinstance(self.model, SMIEModel):
            # Its probabilities go row block by row block, and a graph does not know how many there are.
            return torch.softmax(self.model.scores(skeleton, text), dim=1)
        return self.model.probabilities(skeleton, text, self.seed)


class LinearAlignment(nn.Module):
    """TrainedLinear.unseen_probabilities."""

    matrix: Tensor
    mean: Tensor
    offset: Tensor

    def __init__(self, trained: TrainedLinear) -> None:
        super().__init__()
        self.cosine = trained.cosine
        for name in ("matrix", "mean", "offset"):
            self.register_buffer(name, torch.from_numpy(getattr(trained, name)))

    def forward(self, features: Tensor, vectors: Tensor) -> Tensor:
        """See Alignment."""
        mapped = (features - self.mean) @ self.matrix + self.offset
        scores = cosine(mapped, vectors) if self.cosine else mapped @ vectors.T
        return torch.softmax(scores / TEMPERATURE, dim=1)


class CCAAlignment(nn.Module):
    """TrainedCCA.unseen_probabilities."""

    skeleton_mean: Tensor
    skeleton_map: Tensor
    text_mean: Tensor
    text_map: Tensor

    def __init__(self, trained: TrainedCCA) -> None:
        super().__init__()
        for name, array in vars(trained).items():
            self.register_buffer(name, torch.from_numpy(array))

    def forward(self, features: Tensor, vectors: Tensor) -> Tensor:
        """See Alignment."""
        clips = (features - self.skeleton_mean) @ self.skeleton_map
        texts = (vectors - self.text_mean) @ self.text_map
        return torch.softmax(cosine(clips, texts) / TEMPERATURE, dim=1)


def alignment_of(trained: Trained) -> Alignment:
    """A trained method as a module. Raises SadvaeError for one that trains a classifier on the names asked about."""
    name = trained.describe()["method"]
    if isinstance(trained, TrainedTaught | TrainedTaughtSADVAE):
        return TaughtAlignment(trained)
    if isinstance(trained, TrainedSADVAE) and trained.settings.unseen_rule != "classifier":
        return SADVAEAlignment(trained)
    if isinstance(trained, TrainedNeural) and name not in TRAINS_WHEN_ASKED:
        return NeuralAlignment(trained)
    if isinstance(trained, TrainedLinear):
        return LinearAlignment(trained)
    if isinstance(trained, TrainedCCA):
        return CCAAlignment(trained)
    raise SadvaeError(
        f"this {name} trains a classifier on the names that it is asked about, which no fixed graph can do; export a "
        "recogniser of the preset sadvae, whose rule needs no training."
    )


class Decision(nn.Module):
    """Everything behind features, of a recogniser's parts."""

    seen: Tensor

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.alignment = alignment_of(parts.trained)
        self.register_buffer("seen", torch.tensor(parts.config.seen))
        found, self.gate = parts.calibration, parts.gate
        self.unseen_temperature = found.unseen.value if found and found.unseen else 1.0
        self.seen_temperature = found.seen.value if found and found.seen else 1.0
        self.fit = (found.fit.slope, found.fit.offset) if found and found.fit else (0.0, 0.0)

    def forward(self, features: Tensor, logits: Tensor, vectors: Tensor, rivals: Tensor) -> tuple[Tensor, ...]:
        """Features [n, d], logits [n, class], text vectors of names [k, e] and of trained classes not named [m, e].

        Returns probabilities of names [n, k] and of trained classes [n, seen], P(a trained class) [n] and P(a name
        fits) [n]; what the recogniser has no gate or fit for is 1/2.
        """
        raw = self.alignment(features, vectors)
        unseen = torch.softmax(_logs(raw) / self.unseen_temperature, dim=1)
        trained = logits.index_select(1, self.seen)
        seen = torch.softmax(trained / self.seen_temperature, dim=1)
        both = _logs(self.alignment(features, torch.cat([vectors, rivals])))
        # Columns cannot be cut where a graph does not know their number: what is no name is moved below all others.
        is_name = torch.cat([torch.ones_like(vectors[:, 0]), torch.zeros_like(rivals[:, 0])])
        score = (both - FAR * (1 - is_name)).amax(1) - (both - FAR * is_name).amax(1)
        fits = torch.sigmoid(self.fit[0] * score + self.fit[1])
        return unseen, seen, gate_graph(self.gate, raw, logits, trained), fits


# More than the logarithms of two probabilities can differ by.
FAR = 1e4


def _logs(probabilities: Tensor) -> Tensor:
    return torch.log(probabilities.double().clamp(min=SMALLEST_PROBABILITY))


def gate_graph(gate: Gate | None, raw: Tensor, logits: Tensor, trained: Tensor) -> Tensor:
    """P(a trained class) [n] by torch operations (methods/gate.py, methods/published_gate.py)."""
    if isinstance(gate, MaxProbabilityGate):
        return torch.sigmoid(gate.slope * max_log_odds(trained.double()) + gate.offset)
    if isinstance(gate, PublishedGateOf):
        inner = gate.gate
        k = len(inner.coefficients) // 2
        softened = torch.softmax((logits + 1e-12) / inner.temperature, dim=1)
        # Fewer names than it was fitted with are refused by the reader; the graph must run all the same.
        raw = torch.cat([raw, torch.zeros_like(raw[:, :1]).expand(-1, k)], dim=1)
        tops = torch.cat([torch.topk(raw, k, dim=1).values, torch.topk(softened, k, dim=1).values], dim=1)
        return torch.sigmoid(tops.double() @ torch.tensor(inner.coefficients).double() + inner.intercept)
    return torch.full_like(trained[:, 0], 0.5).double()


def max_log_odds(logits: Tensor) -> Tensor:
    """log(p / (1 - p)) of the largest softmax probability p of each row [n, class]: [n], 0 for a single class."""
    if logits.shape[1] == 1:
        return torch.zeros_like(logits[:, 0])
    ordered = torch.topk(logits, logits.shape[1], dim=1).values
    return ordered[:, 0] - torch.logsumexp(ordered[:, 1:], dim=1)
