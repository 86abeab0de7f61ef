"""The weights of loss terms as functions of epoch and iteration (docs/method.md, "Schedules")."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sadvae.methods.losses import Weight
from sadvae.methods.settings import SADVAESettings


@dataclass(frozen=True)
class Weights:
    """The weights of one step: KL of the skeleton and of the text side, cross alignment, and total correlation.

    discriminator multiplies the discriminator's own loss (1 unless the published damping is on). Of stacked runs
    (stacked.py), each is a tensor [run], or 0 where it is 0 for all of them.
    """

    kl_skeleton: Weight
    kl_text: Weight
    cross: Weight
    total_correlation: Weight
    discriminator: Weight


def weights_at(settings: SADVAESettings, epoch: int, iteration: int, iterations: int) -> Weights:
    """The weights at `iteration` (from 0) of `iterations` in `epoch` (from 0)."""
    if settings.schedule == "published":
        return _published(settings, epoch, iteration, iterations)
    if settings.schedule == "paper":
        return _paper(settings, epoch, iteration, iterations)
    s = settings
    return Weights(s.kl_weight, s.kl_weight, s.cross_weight, s.total_correlation_weight, 1.0)


def _published(settings: SADVAESettings, epoch: int, iteration: int, iterations: int) -> Weights:
    """Item 1 of the published code's silent choices: late ramps, and nothing for the text side in two epochs."""
    slope = 3000 * iterations / 1700
    late = math.floor(0.8 * iterations)
    kl_skeleton = max(0.0, settings.kl_weight * (iteration - 1000 * iterations / 1700) / slope)
    kl_text = max(0.0, settings.kl_weight * (iteration - late) / slope) if epoch >= 2 else 0.0
    cross = settings.cross_weight if iteration > late else 0.0
    damped = kl_text if settings.discriminator_damped else 1.0
    return Weights(kl_skeleton, kl_text, cross, kl_text, damped)


def _paper(settings: SADVAESettings, epoch: int, iteration: int, iterations: int) -> Weights:
    """l1 = 0 in the first epoch; annealed weights are 0 for a third of each epoch and then rise to their value."""
    ramp = 1.5 * (iteration / iterations - 1 / 3) if iteration > iterations // 3 else 0.0
    kl = settings.kl_weight * ramp
    cross = settings.cross_weight if epoch > 0 else 0.0
    return Weights(kl, kl, cross, settings.total_correlation_weight * ramp, 1.0)
