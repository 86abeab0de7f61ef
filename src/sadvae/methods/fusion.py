"""From gate, seen and unseen probabilities to one answer: hard, as published, or soft."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sadvae.types import FloatArray, IntArray


def hard_decision(
    seen: FloatArray, unseen: FloatArray, is_seen: NDArray[np.bool_], seen_ids: IntArray, unseen_ids: IntArray
) -> IntArray:
    """Gate, then the best seen class or the best unseen one (number 10 of docs/method.md).

    seen: scores [n, seen]; unseen: scores [n, unseen]; is_seen: bool [n]. Returns class ids int64 [n].
    """
    return np.where(is_seen, seen_ids[seen.argmax(axis=1)], unseen_ids[unseen.argmax(axis=1)])


def soft_fusion(seen: FloatArray, unseen: FloatArray, seen_probability: FloatArray) -> FloatArray:
    """p(y) = p(y | seen) P(seen) for seen classes, p(y | unseen) P(unseen) for unseen ones.

    seen [n, s], unseen [n, u]: rows sum to 1; seen_probability [n]. Returns float32 [n, s + u], rows sum to 1.
    """
    gate = seen_probability[:, None]
    return np.concatenate([seen * gate, unseen * (1 - gate)], axis=1).astype(np.float32)
