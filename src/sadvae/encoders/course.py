"""How far a training has come: what its epochs came to, and the weights of the epoch that is picked so far."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from torch import Tensor, nn

from sadvae.encoders.training_report import EpochReport, picked_epoch


class Course:
    """epochs: their reports, in order. weights: of the picked epoch, on the CPU."""

    def __init__(self, epochs: tuple[EpochReport, ...] = (), weights: dict[str, Tensor] | None = None) -> None:
        self.epochs, self.weights = epochs, weights or {}

    def add(self, report: EpochReport, averaged: nn.Module) -> None:
        """Take in an epoch that ended with these averaged weights."""
        self.epochs = (*self.epochs, report)
        if picked_epoch(self.epochs) == report.epoch:
            self.weights = {name: tensor.detach().cpu().clone() for name, tensor in averaged.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        """Plain values and tensors that Course.of() reads."""
        return {"epochs": [asdict(report) for report in self.epochs], "weights": self.weights}

    @staticmethod
    def of(state: dict[str, Any]) -> Course:
        """The course that state_dict() wrote."""
        return Course(tuple(EpochReport(**report) for report in state["epochs"]), dict(state["weights"]))
