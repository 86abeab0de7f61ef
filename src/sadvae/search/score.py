"""The score of settings: accuracy on held-out classes, averaged over divisions and seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sadvae.errors import SadvaeError
from sadvae.evaluation.selection import HeldOutClasses, LastStep, Selection, selection_by_name, zsl_accuracy
from sadvae.methods.protocol import Method, Trained
from sadvae.task import ZeroShotTask


@dataclass(frozen=True, eq=False)
class Part:
    """One training of a trial: the calibration level of a division, and a seed."""

    level: ZeroShotTask
    seed: int


def rule_of_search(name: str) -> Selection:
    """The rule that says which epoch's score counts. Raises SadvaeError for one that looks at test clips."""
    rule = selection_by_name(name)
    if not isinstance(rule, LastStep | HeldOutClasses):
        raise SadvaeError(
            f"selection {name!r} looks at test clips, and a search never does; choose last_step or held_out_classes."
        )
    return rule


def score_part(method: Method, rule: Selection, part: Part) -> float:
    """Train on a level and score its held-out classes, as a fraction: after the last epoch, or after the best one.

    Raises SadvaeError where the level has no clip of them, so that there is no score.
    """
    if not len(part.level.test_unseen.labels):
        raise SadvaeError(
            f"level {part.level.split.name!r} has no clip of its held-out classes {part.level.split.unseen}, so that "
            "there is no score; hold other classes or people out."
        )
    if isinstance(rule, LastStep):
        return zsl_accuracy(method.fit(part.level, part.seed), part.level)
    curve: list[float] = []

    def watch(epoch: int, trained: Trained, losses: dict[str, float]) -> None:
        curve.append(zsl_accuracy(trained, part.level))

    final = method.fit(part.level, part.seed, watch)
    curve = curve or [zsl_accuracy(final, part.level)]
    return curve[rule.pick(curve, (), len(curve))]


def score_parts(
    method: Method, rule: Selection, parts: Sequence[Part], go_on: Callable[[list[float]], bool]
) -> list[float]:
    """The scores of all parts in turn; fewer where go_on, which hears those so far, says no before the last one."""
    scores: list[float] = []
    for part in parts:
        scores.append(score_part(method, rule, part))
        if not go_on(scores) and len(scores) < len(parts):
            break
    return scores
