"""The seen/unseen gate: does a clip belong to a class of the training? Fitted on the calibration level alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sadvae.errors import SadvaeError
from sadvae.methods.logistic import rising_logistic
from sadvae.methods.published_gate import PublishedGate, fit_published_gate
from sadvae.types import FloatArray

GATES = ("max_probability", "published")


@dataclass(frozen=True, eq=False)
class GateInput:
    """What a gate reads of clips: p(unseen class | clip) [n, k], and raw seen-classifier logits [n, class]."""

    unseen_probabilities: FloatArray
    seen_logits: FloatArray


class Gate(Protocol):
    """A fitted gate."""

    def seen_probability(self, clips: GateInput, seen_ids: Sequence[int]) -> FloatArray:
        """P(the clip's class is a seen one): float32 [n]."""
        ...

    def is_seen(self, clips: GateInput, seen_ids: Sequence[int]) -> NDArray[np.bool_]:
        """The hard decision: bool [n]."""
        ...


@dataclass(frozen=True)
class MaxProbabilityGate:
    """Logistic regression on one number: the log-odds of the largest softmax probability over seen classes.

    One slope and one offset need few calibration clips, do not depend on the number of candidate classes, and never
    read columns of classes that were not trained.
    """

    slope: float
    offset: float

    def seen_probability(self, clips: GateInput, seen_ids: Sequence[int]) -> FloatArray:
        """See Gate."""
        return expit(self.slope * max_log_odds(clips.seen_logits, seen_ids) + self.offset).astype(np.float32)

    def is_seen(self, clips: GateInput, seen_ids: Sequence[int]) -> NDArray[np.bool_]:
        """See Gate: seen if P(seen) > 1/2."""
        return self.seen_probability(clips, seen_ids) > 0.5


@dataclass(frozen=True)
class PublishedGateOf:
    """The published gate behind the common protocol (numbers 9 to 11 of docs/method.md)."""

    gate: PublishedGate

    def seen_probability(self, clips: GateInput, seen_ids: Sequence[int]) -> FloatArray:
        """See Gate. It reads all logit columns, as published."""
        return (1 - self.gate.unseen_probability(clips.unseen_probabilities, clips.seen_logits)).astype(np.float32)

    def is_seen(self, clips: GateInput, seen_ids: Sequence[int]) -> NDArray[np.bool_]:
        """See Gate: seen if P(seen) is above the threshold, as published."""
        return self.gate.is_seen(clips.unseen_probabilities, clips.seen_logits)


def max_log_odds(seen_logits: FloatArray, seen_ids: Sequence[int]) -> NDArray[np.float64]:
    """log(p / (1 - p)) of the largest softmax probability p over the columns seen_ids: float64 [n].

    Computed as the largest logit minus the log-sum-exp of the others, so that it stays finite when p rounds to 1.
    """
    logits = np.sort(seen_logits[:, list(seen_ids)].astype(np.float64), axis=1)
    if logits.shape[1] == 1:
        return np.zeros(len(logits))
    others = logits[:, :-1]
    top = others[:, -1:]
    return logits[:, -1] - (top[:, 0] + np.log(np.exp(others - top).sum(axis=1)))


def fit_max_probability_gate(unseen: GateInput, seen: GateInput, seen_ids: Sequence[int]) -> MaxProbabilityGate:
    """Fit on calibration clips of held-out and of seen classes; more confidence never lowers P(seen) (logistic.py)."""
    sides = (max_log_odds(side.seen_logits, seen_ids) for side in (unseen, seen))
    return MaxProbabilityGate(*rising_logistic(*sides))


def check_gate(kind: str) -> None:
    """Refuse the name of a gate that there is not, before anything is trained. Raises SadvaeError."""
    if kind not in GATES:
        raise SadvaeError(f"unknown gate {kind!r}; expected one of {', '.join(GATES)}.")


def fit_gate(kind: str, unseen: GateInput, seen: GateInput, *, seed: int, seen_ids: Sequence[int]) -> Gate:
    """Fit the gate `kind` ("max_probability" or "published") on calibration clips of held-out and seen classes.

    seen_ids: the seen classes of the calibration level. Raises SadvaeError for an unknown kind or an empty side.
    """
    check_gate(kind)
    if len(unseen.seen_logits) == 0 or len(seen.seen_logits) == 0:
        raise SadvaeError("the gate needs calibration clips of held-out and of seen classes; one side is empty.")
    if kind == "max_probability":
        return fit_max_probability_gate(unseen, seen, seen_ids)
    zs = unseen.unseen_probabilities, seen.unseen_probabilities
    return PublishedGateOf(fit_published_gate(*zs, unseen.seen_logits, seen.seen_logits, seed=seed))


def gate_to_json(gate: Gate) -> dict[str, Any]:
    """A gate as JSON."""
    if isinstance(gate, MaxProbabilityGate):
        return {"kind": "max_probability", **asdict(gate)}
    if isinstance(gate, PublishedGateOf):
        return {"kind": "published", **asdict(gate.gate)}
    raise SadvaeError(f"a gate of type {type(gate).__name__} cannot be saved.")


def gate_from_json(value: Any) -> Gate:
    """The gate that gate_to_json wrote. Raises SadvaeError if it is none."""
    try:
        if value["kind"] not in GATES:
            raise ValueError(f"its kind is {value['kind']!r}, which is none of {', '.join(GATES)}")
        fields = {key: _finite(key, v) for key, v in value.items() if key not in ("kind", "coefficients")}
        if value["kind"] == "max_probability":
            return MaxProbabilityGate(**fields)
        coefficients = tuple(_finite("coefficients", v) for v in value["coefficients"])
        if not coefficients or fields["temperature"] <= 0:
            raise ValueError("it has no coefficients, or a temperature that is not above 0")
        return PublishedGateOf(PublishedGate(coefficients, **fields))
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise SadvaeError(f"gate.json does not hold a gate: {error}.") from error


def _finite(name: str, value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"its {name} is {number}, which is not finite")
    return number
