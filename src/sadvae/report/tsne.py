"""Latent points in the plane by t-SNE (van der Maaten and Hinton 2008), the same at every call."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sadvae.report.motion import evenly
from sadvae.types import FloatArray

POINTS = 400
FEWEST = 5


def chosen_rows(is_seen: NDArray[np.bool_], limit: int = POINTS) -> NDArray[np.int64]:
    """At most `limit` rows, evenly spaced: half of them unseen ones, or all unseen ones if they are fewer."""
    seen, unseen = np.flatnonzero(is_seen), np.flatnonzero(~is_seen)
    for_unseen = min(len(unseen), max(limit // 2, limit - len(seen)))
    for_seen = min(len(seen), limit - for_unseen)
    return np.sort(np.concatenate([_some(unseen, for_unseen), _some(seen, for_seen)]))


def _some(rows: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    return rows[evenly(len(rows), wanted)] if wanted else rows[:0]


def plane(points: FloatArray) -> NDArray[np.float64] | None:
    """Points [n, d] in the plane: float64 [n, 2]; None for fewer than five points or points without spread."""
    if len(points) < FEWEST or not np.ptp(points, axis=0).any():
        return None
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    start = "pca" if points.shape[1] > 1 and np.linalg.matrix_rank(points - points.mean(axis=0)) > 1 else "random"
    # One thread, because the order of a sum over threads would change the picture from run to run.
    with threadpool_limits(1):
        method = TSNE(init=start, perplexity=min(30.0, (len(points) - 1) / 3), random_state=0)
        return method.fit_transform(points.astype(np.float64))
