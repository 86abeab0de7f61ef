"""Recognisers with random weights, whose exported graphs are compared with them."""

from __future__ import annotations

import numpy as np
import torch

from sadvae.encoders.architectures import new_network
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.trained import TrainedEncoder
from sadvae.methods.calibration import Calibration, Fit, Temperature
from sadvae.methods.cca import TrainedCCA
from sadvae.methods.gate import MaxProbabilityGate
from sadvae.methods.linear import TrainedLinear
from sadvae.methods.networks import Networks
from sadvae.methods.neural import TrainedNeural
from sadvae.methods.protocol import Trained
from sadvae.methods.settings import sadvae as settings_of
from sadvae.methods.settings import taught, taught_sa_dvae
from sadvae.methods.smie import SMIE
from sadvae.methods.taught import TrainedTaught
from sadvae.methods.taught_sa_dvae import TrainedTaughtSADVAE
from sadvae.methods.trained_sa_dvae import TrainedSADVAE
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.types import EncoderTrace

LAYOUT = load_layout("kinect-v2")
WIDTH, CLASSES, TEXT = 12, 5, 8


def random_encoder(**changes: object) -> TrainedEncoder:
    """An encoder with random weights and statistics: what it computes is as hard to repeat as what training gives."""
    fields = {"widths": (8, WIDTH), "strides": (2, 1), "frames": 16, "temporal_kernel": 3} | changes
    settings = EncoderSettings.model_validate(fields)
    torch.manual_seed(0)
    network = new_network(settings, LAYOUT, CLASSES)
    for part in network.modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
            assert part.running_mean is not None
            assert part.running_var is not None
            part.running_mean.normal_(0, 0.3)
            part.running_var.uniform_(0.5, 2)
    trace = EncoderTrace("random", (0, 1, 2), (), ())
    steps = PrepareSettings().steps
    return TrainedEncoder(settings, LAYOUT, CLASSES, steps, trace, network.requires_grad_(False).eval())


def random_sa_dvae(**changes: object) -> TrainedSADVAE:
    torch.manual_seed(1)
    networks = Networks(WIDTH, TEXT, 6, 2, relu=False)
    networks.skeleton_scaling.mean.normal_()
    return TrainedSADVAE.of(settings_of(latent=6, style=2, **changes), networks.state_dict(), 0)


def temperature(value: float) -> Temperature:
    return Temperature(value=value, error_before=0.1, error_after=0.05, clips=10)


CALIBRATION = Calibration(
    unseen=temperature(0.4),
    seen=temperature(1.7),
    fit=Fit(slope=0.8, offset=0.1, accepted=0.9, refused=0.6),
)
GATE = MaxProbabilityGate(0.7, -0.2)


def random_taught(kind: str) -> Trained:
    draw = torch.Generator().manual_seed(2)
    anchors = torch.randn(30, 250, generator=draw)
    if kind == "linear":
        feature_mean, text_mean = torch.randn(250, generator=draw), torch.randn(TEXT, generator=draw)
        return TrainedTaught(taught(), feature_mean, text_mean, torch.randn(250, TEXT, generator=draw), anchors)
    networks = Networks(250, TEXT, 6, 2, relu=False)
    settings = taught_sa_dvae(latent=6, style=2)
    return TrainedTaughtSADVAE.of(settings, {**networks.state_dict(), "anchors": anchors}, 0)


def linear(cosine: bool) -> TrainedLinear:
    rng = np.random.default_rng(4)
    matrix, mean, offset = (rng.normal(size=s).astype(np.float32) for s in ((WIDTH, TEXT), (WIDTH,), (TEXT,)))
    return TrainedLinear("ridge" if cosine else "eszsl", matrix, mean, cosine, offset)


def cca() -> TrainedCCA:
    rng = np.random.default_rng(5)
    return TrainedCCA(*(rng.normal(size=s).astype(np.float32) for s in ((WIDTH,), (WIDTH, 3), (TEXT,), (TEXT, 3))))


def smie() -> TrainedNeural:
    torch.manual_seed(6)
    method = SMIE(hidden=7)
    return TrainedNeural.of(method, method.build(WIDTH, TEXT).state_dict(), 0)
