"""Lessons: movements that were composed (skeleton/composed), as features and texts, from which alignment learns words.

They are of no class of any data set and no clip of any person, so they stand beside a task's training clips at every
level alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Lessons:
    """Composed clips and what they are called.

    features: float32 [n, d], numbers of movement standardised by these clips. movements: int64 [n], which movement each
    clip is of. texts: float32 [movement, e], their vectors, from the text encoder of the task's classes.
    Raises SadvaeError where these do not fit.
    """

    features: FloatArray
    movements: IntArray
    texts: FloatArray

    def __post_init__(self) -> None:
        if len(self.features) != len(self.movements) or len(self.features) == 0:
            raise SadvaeError(
                f"lessons have {len(self.features)} rows of features and {len(self.movements)} movements; expected as "
                "many, and at least one."
            )
        if self.movements.min() < 0 or self.movements.max() >= len(self.texts):
            raise SadvaeError(f"lessons name a movement that none of their {len(self.texts)} texts is of.")
        if not (np.isfinite(self.features).all() and np.isfinite(self.texts).all()):
            raise SadvaeError("lessons hold a number that is not finite (NaN or infinity).")
