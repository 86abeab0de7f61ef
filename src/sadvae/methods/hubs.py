"""Hubs, texts that are near to every clip: similarities put right by what the same text gets from training clips."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from sadvae.types import IntArray

# So many training clips, evenly over the classes, say how near a text is to any clip.
ANCHORS = 512


def anchor_rows(labels: IntArray) -> IntArray:
    """At most ANCHORS rows of training clips, evenly spread over rows sorted by label: int64 [n]."""
    order = np.argsort(labels, kind="stable")
    return order[np.linspace(0, len(order) - 1, min(len(order), ANCHORS)).round().astype(np.int64)]


def corrected(similarity: Tensor, usual: Tensor) -> Tensor:
    """Similarities [n, k] by how far they are above what a class gets from anchors [a, k], in its standard deviations.

    Equation 8. A text near to every clip is near to none in particular (hubness: Radovanovic et al. 2010; in zero-shot
    learning Dinu et al. 2015). Anchors are training clips alone.
    """
    return (similarity - usual.mean(0)) / (usual.std(0, correction=0) + 1e-6)
