"""What a pretraining came to: loss and accuracy of each epoch, and the epoch whose weights were kept."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class EpochReport:
    """What one epoch came to: its number from 0, mean loss, and share of training samples that were right.

    validation: share of the validation clips that the averaged weights name rightly; None without validation.
    """

    epoch: int
    loss: float
    accuracy: float
    validation: float | None = None


class TrainingReport(BaseModel):
    """The course of a training, kept beside its weights.

    picked: the epoch whose weights were kept, from 0. validation_subjects: who picked it (empty: single clips did, or
    there was no validation). validation_clips: how many clips that were. device, numbers, processes: how it ran.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: tuple[EpochReport, ...]
    picked: int
    validation_subjects: tuple[str, ...] = ()
    validation_clips: int = 0
    device: str = "cpu"
    numbers: str = "float32"
    processes: int = 1


def picked_epoch(epochs: tuple[EpochReport, ...]) -> int:
    """The epoch of the best validation accuracy, the latest of equals; the last one without validation."""
    if epochs[-1].validation is None:
        return epochs[-1].epoch
    return max(epochs, key=lambda report: (report.validation or 0.0, report.epoch)).epoch
