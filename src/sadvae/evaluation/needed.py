"""Which parts of a task scores need: an empty one is refused before hours of training, not after them."""

from __future__ import annotations

from collections.abc import Sequence

from sadvae.errors import SadvaeError
from sadvae.task import ZeroShotTask
from sadvae.types import first_names


def has_logits(task: ZeroShotTask) -> bool:
    """Whether both test parts carry logits of the seen classifier, which a gate reads."""
    return task.test_seen.seen_logits is not None and task.test_unseen.seen_logits is not None


def check_level(task: ZeroShotTask, class_names: Sequence[str], *, gated: bool) -> None:
    """Raise SadvaeError where a class of one level has no name, or a test part is empty.

    gated: whether there is a gate, which alone needs seen clips.
    """
    split = task.split
    split.check_names(class_names)
    needed = [("unseen", task.test_unseen, split.unseen), *([("seen", task.test_seen, split.seen)] if gated else ())]
    for kind, part, ids in needed:
        if not len(part.labels):
            names = first_names(class_names, ids)
            raise SadvaeError(
                f"split {split.name!r} has no test features of its {kind} classes ({names}), so that nothing could be "
                "scored; add clips of them by the people who test, or change the split."
            )


def check_parts(task: ZeroShotTask, class_names: Sequence[str]) -> None:
    """Raise SadvaeError where a part that training or scores need is empty, or a class has no name."""
    lower = task.calibration
    gated = lower is not None and has_logits(lower)
    check_level(task, class_names, gated=gated and has_logits(task))
    if lower is not None:
        check_level(lower, class_names, gated=gated)
