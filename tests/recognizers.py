"""Small recognisers for tests: an encoder that nobody trained, and a random matrix from features to random texts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch

from sadvae.encoders.architectures import new_network
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.trained import TrainedEncoder
from sadvae.methods.calibration import Calibration, Fit, Temperature
from sadvae.methods.gate import MaxProbabilityGate
from sadvae.methods.linear import TrainedLinear
from sadvae.recognizer import Recognizer, new_recognizer
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.text.embed import embed_classes
from sadvae.types import ClassTexts, EncoderTrace, FloatArray, Layout
from tests.conftest import STICK

ENCODER = EncoderSettings(widths=(8, 8), strides=(2, 1), frames=8, epochs=1, temporal_kernel=3)
PLAIN = PrepareSettings(canonicalise=False, fill=False)
CLASSES = ("wave", "squat", "Bow", "jump", "kick", "clap")
WIDTH = 16
CALIBRATION = Calibration(
    unseen=Temperature(value=0.5, error_before=0.3, error_after=0.1, clips=20),
    seen=Temperature(value=2.0, error_before=0.2, error_after=0.05, clips=40),
    fit=Fit(slope=2.0, offset=0.1, accepted=0.9, refused=0.8),
)


class WordVectors:
    """A text encoder: a random vector for each text, always the same; `asked` are the texts that it was given."""

    name, model_hash = "words", "none"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.asked += texts
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") for text in texts]
        return np.stack([np.random.default_rng(seed).normal(size=WIDTH) for seed in seeds]).astype(np.float32)


def untrained_encoder(layout: Layout = STICK, classes: int = len(CLASSES)) -> TrainedEncoder:
    """An encoder with random weights."""
    torch.manual_seed(0)
    network = new_network(ENCODER, layout, classes).requires_grad_(False).eval()
    return TrainedEncoder(
        ENCODER, layout, classes, PLAIN.steps, EncoderTrace("none", (0, 1, 2, 3), ("1", "2"), ("c0", "c1")), network
    )


def random_method() -> TrainedLinear:
    """A linear method from features to texts with random weights."""
    draw = np.random.default_rng(0).normal
    matrix, mean, offset = (draw(size=shape).astype(np.float32) for shape in ((8, WIDTH), (8,), (WIDTH,)))
    return TrainedLinear("ridge", matrix, mean, True, offset)


def recognizer(text_encoder: WordVectors | None = None, calibration: Calibration | None = CALIBRATION) -> Recognizer:
    """A recogniser of sticks that knows the first four of CLASSES."""
    encoder = text_encoder or WordVectors()
    texts = embed_classes(ClassTexts(tuple(range(6)), CLASSES, ((),) * 6), encoder, mode="names")
    return new_recognizer(
        untrained_encoder(),
        random_method(),
        MaxProbabilityGate(1.0, 0.2),
        dataset="sticks",
        class_names=CLASSES,
        seen=(0, 1, 2, 3),
        embeddings=texts,
        calibration=calibration,
        text_encoder=encoder,
    )
