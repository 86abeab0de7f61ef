"""The optimiser of a pretraining, and the learning rate of each of its steps."""

from __future__ import annotations

import math

import torch
from torch import nn

from sadvae.encoders.settings import EncoderSettings

MOMENTUM = 0.9


def new_optimiser(network: nn.Module, settings: EncoderSettings) -> torch.optim.Optimizer:
    """AdamW, or SGD with nesterov momentum; weights decay, biases and norms do not."""
    decays = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decays, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if settings.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=MOMENTUM, nesterov=True)
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def learning_rate(settings: EncoderSettings, step: int, iterations: int) -> float:
    """The rate of step `step`, from 0, of epochs of `iterations` steps: a linear warm-up, then the schedule.

    cosine: down to zero at the end (Loshchilov and Hutter 2017). step: a tenth from each epoch of settings.drops on.
    """
    total = settings.epochs * iterations
    warm = settings.warm_up * total
    if step < warm:
        # A warm-up of no whole number of steps ends within one.
        return settings.learning_rate * min(1.0, (step + 1) / warm)
    if settings.schedule == "step":
        return settings.learning_rate * 0.1 ** sum(step >= drop * iterations for drop in settings.drops)
    return settings.learning_rate * (1 + math.cos(math.pi * (step - warm) / max(total - warm, 1))) / 2
