"""Softmax on arrays."""

from __future__ import annotations

import numpy as np

from sadvae.types import FloatArray


def softmax(logits: FloatArray) -> FloatArray:
    """Rows of logits [n, k] to probabilities [n, k], float32."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
