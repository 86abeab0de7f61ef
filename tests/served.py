"""Recognisers that nobody trained, in folders, and files of clips, for the tests of the local page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from sadvae.encoders.architectures import new_network
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.trained import TrainedEncoder
from sadvae.methods.gate import MaxProbabilityGate
from sadvae.methods.linear import TrainedLinear
from sadvae.recognizer import new_recognizer
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.types import ClassEmbeddings, ClipSet, EncoderTrace

CLASSES = ("wave the right hand", "kick forward", "sit down", "squat", "fall over")
SEEN = (0, 1, 2)
# The width of MiniLM's vectors, which recognisers of a folder load by that name.
TEXT_WIDTH = 384
ENCODER = EncoderSettings(widths=(8, 8), strides=(2, 1), frames=8, epochs=1, temporal_kernel=3)


def save_recognizer(folder: Path, layout: str = "kinect-v2", seed: int = 0) -> Path:
    """Write a recogniser of random weights that has a gate and takes clips of a layout."""
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed).normal
    body, prepare = load_layout(layout), PrepareSettings(fill=False)
    network = new_network(ENCODER, body, len(CLASSES)).requires_grad_(False).eval()
    trace = EncoderTrace("none", SEEN, ("1", "2"), ("c0", "c1"))
    encoder = TrainedEncoder(ENCODER, body, len(CLASSES), prepare.steps, trace, network)
    matrix, mean, offset = (draw(size=s).astype(np.float32) for s in ((8, TEXT_WIDTH), (8,), (TEXT_WIDTH,)))
    vectors = draw(size=(len(CLASSES), TEXT_WIDTH)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    new_recognizer(
        encoder,
        TrainedLinear("ridge", matrix, mean, True, offset),
        MaxProbabilityGate(1.0, 0.2),
        dataset="generated",
        class_names=CLASSES,
        seen=SEEN,
        embeddings=ClassEmbeddings(tuple(range(len(CLASSES))), vectors, "minilm", "none", "names"),
    ).save(folder)
    return folder


def write_clips(path: Path, actions: tuple[str, ...] = ("squat", "clap the hands")) -> ClipSet:
    """Write a raw clips file of generated actions, and return what is in it."""
    found = generate_clip_set(actions=actions, subjects=1, repetitions=1, seed=3)
    write_clips_file(path, found)
    return found
