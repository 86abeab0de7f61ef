"""Early signs that a training comes to nothing: each stops it with one sentence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from torch import Tensor

from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.training_report import EpochReport
from sadvae.errors import SadvaeError

# A training is judged after this many whole epochs and steps past the warm-up, whichever come later.
EPOCHS, STEPS = 3, 100
# How much below a blind guess's loss is not blind, and how many standard errors above its accuracy.
MARGIN, ERRORS = 0.01, 3.0


class TroubleError(SadvaeError):
    """A training that cannot come to anything under its settings; going on from its checkpoint would not help."""


def check_loss(loss: float, epoch: int, step: int, settings: EncoderSettings) -> None:
    """Raises TroubleError for the loss of a step (epoch and step from 0) that is infinite or not a number."""
    if not math.isfinite(loss):
        raise TroubleError(
            f"the encoder's loss is not a number in epoch {epoch + 1} (step {step + 1}: {loss}); lower learning_rate "
            f"(now {settings.learning_rate:g}) or check the clips with `sadvae check`."
        )


def check_weights(weights: Mapping[str, Tensor], epoch: int, settings: EncoderSettings) -> None:
    """Raises TroubleError where weights after an epoch (from 0) are infinite or not numbers."""
    if not all(bool(tensor.isfinite().all()) for tensor in weights.values()):
        raise TroubleError(
            f"the encoder's weights are not finite after epoch {epoch + 1}; lower learning_rate "
            f"(now {settings.learning_rate:g}) or check the clips with `sadvae check`."
        )


def blind_loss(labels: Sequence[int], class_count: int, smoothing: float) -> float:
    """The least loss of an answer that ignores the clip: the entropy of the smoothed labels, in nats."""
    shares = [count / len(labels) for count in Counter(labels).values()]
    shares += [0.0] * (class_count - len(shares))
    smoothed = [(1 - smoothing) * share + smoothing / class_count for share in shares]
    return -sum(share * math.log(share) for share in smoothed if share > 0)


def check_alive(
    epochs: Sequence[EpochReport], iterations: int, labels: Sequence[int], class_count: int, settings: EncoderSettings
) -> None:
    """Raises TroubleError where the last epochs did no better than an answer that ignores the clip.

    Both must hold in each of the last EPOCHS epochs: a loss within MARGIN of the blind answer's or above, and an
    accuracy within ERRORS standard errors of that of always naming the most frequent class, or below. A class alone is
    named rightly without a look, so nothing is said of it.
    """
    if len(set(labels)) < 2:
        return
    past = len(epochs) - math.ceil(settings.warm_up * settings.epochs)
    if past < EPOCHS or past * iterations < STEPS:
        return
    # The loss of late fusion is the sum of its streams' losses.
    blind = settings.losses * blind_loss(labels, class_count, settings.label_smoothing)
    share = max(Counter(labels).values()) / len(labels)
    chance = share + ERRORS * math.sqrt(share * (1 - share) / len(labels))
    last = epochs[-EPOCHS:]
    if all(e.loss >= (1 - MARGIN) * blind and e.accuracy <= chance for e in last):
        raise TroubleError(
            f"the encoder learns nothing: after epoch {len(epochs)} its loss is {last[-1].loss:.3f}, and {blind:.3f} "
            f"needs no look at a clip; lower learning_rate (now {settings.learning_rate:g}) or check the clips with "
            "`sadvae check`."
        )
