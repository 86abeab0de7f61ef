"""Texts of a batch that are the same: clips of one class share theirs, so E_y encodes each class of a batch once.

The gradient of a product is that of its rows summed over repeats, so the arithmetic is that of all rows, in another
order of summation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadvae.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Repeats:
    """Which texts a batch of n clips has: rows met [k] of all classes' texts [c, e], each once.

    which: of these, the one that each clip has [n]. sums: [k, n], 1 where a clip has a text.
    """

    classes: FloatArray
    met: IntArray
    which: IntArray
    sums: FloatArray

    def texts(self) -> FloatArray:
        """The texts, each once [k, e]."""
        return self.classes.take(self.met, 0)

    def spread(self, rows: FloatArray) -> FloatArray:
        """Rows of texts [k, d] as rows of clips [n, d]."""
        return rows.take(self.which, 0)

    def summed(self, rows: FloatArray) -> FloatArray:
        """Rows of clips [n, d], summed over those of one text [k, d]."""
        return self.sums @ rows


def repeats_of(columns: IntArray, classes: FloatArray) -> list[Repeats]:
    """The repeats of some batches at once: columns [batch, n] into texts [c, e]."""
    batches = np.arange(len(columns))[:, None]
    met = np.zeros((len(columns), len(classes)), bool)
    met[batches, columns] = True
    which = (met.cumsum(1) - 1)[batches, columns]
    counts = met.sum(1).tolist()
    sums = (which[:, None] == np.arange(max(counts))[:, None]).astype(classes.dtype)
    return [Repeats(classes, found.nonzero()[0], which[i], sums[i, : counts[i]]) for i, found in enumerate(met)]
