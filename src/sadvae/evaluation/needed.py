"""Which parts of a task scores need: an empty one is refused before hours of training, not after them."""

from __future__ import annotations

from collections.abc import Sequence

from sadvae.errors import SadvaeError
from sadvae.task import ZeroShotTask


def has_logits(task: ZeroShotTask) -> bool:
    """Whether both test parts carry logits of the seen classifier, which a gate reads."""
    return task.test_seen.seen_logits is not None and task.test_unseen.seen_logits is not None


def check_level(task: ZeroShotTask, class_names: Sequence[str], *, gated: bool) -> None:
    """Raise SadvaeError where a test part of one level is empty; seen clips are needed by a gate alone (gated)."""
    split = task.split
    needed = [("unseen", task.test_unseen, split.unseen), *([("seen", task.test_seen, split.seen)] if gated else ())]
    for kind, part, ids in needed:
        if not len(part.labels):
            names = ", ".join(class_names[c] if c < len(class_names) else str(c) for c in ids[:3])
            raise SadvaeError(
                f"split {split.name!r} has no test features of its {kind} classes ({names}"
                f"{', ...' if len(ids) > 3 else ''}), so that nothing could be scored; add clips of them by the people "
                "who test, or change the split."
            )


def check_parts(task: ZeroShotTask, class_names: Sequence[str]) -> None:
    """Raise SadvaeError that names the classes where a part is empty that training or scores of a task need."""
    lower = task.calibration
    gated = lower is not None and has_logits(lower)
    check_level(task, class_names, gated=gated and has_logits(task))
    if lower is not None:
        check_level(lower, class_names, gated=gated)
