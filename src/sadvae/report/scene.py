"""What a report draws beyond its record: points in latent space, and clips that move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sadvae.errors import SadvaeError
from sadvae.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class SceneClip:
    """One clip to show, and what the model answered.

    joints: float32 [frame, joint, 3] as the viewer sees them: x to the right, y up, z towards the viewer.
    bones: (parent, child) joint indices. truth: the name of its class.
    answers: (class name, probability), the most probable first.
    """

    joints: FloatArray
    bones: tuple[tuple[int, int], ...]
    truth: str
    answers: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        if self.joints.ndim != 3 or self.joints.shape[2] != 3 or self.joints.size == 0:
            raise SadvaeError(f"a clip to show has joints of shape {self.joints.shape}; expected [frame, joint, 3].")
        if not self.answers:
            raise SadvaeError(f"a clip of {self.truth!r} comes without answers; expected at least one.")

    @property
    def right(self) -> bool:
        """Whether the first answer is the true class."""
        return self.answers[0][0] == self.truth

    def first_answers(self, count: int) -> list[tuple[int, str, float]]:
        """(rank from 1, class name, probability) of the first `count` answers; the true one takes the last place if
        it ranks lower."""
        ranked = [(rank, name, probability) for rank, (name, probability) in enumerate(self.answers, start=1)]
        lower = [answer for answer in ranked[count:] if answer[1] == self.truth][:1]
        return ranked[: count - len(lower)] + lower


@dataclass(frozen=True, eq=False)
class ReportScene:
    """Test clips in latent space, and a few clips to show.

    semantic: z_r (or features) float32 [n, r]. style: z_v float32 [n, v], or None for a method without it.
    labels: class ids int64 [n]. is_seen: bool [n], whether the class was trained on.
    """

    semantic: FloatArray
    style: FloatArray | None
    labels: IntArray
    is_seen: NDArray[np.bool_]
    clips: tuple[SceneClip, ...]

    def __post_init__(self) -> None:
        lengths = {len(self.semantic), len(self.labels), len(self.is_seen)}
        if len(lengths | ({len(self.style)} if self.style is not None else set())) != 1:
            raise SadvaeError(f"latents, labels and is_seen of a report have different lengths: {sorted(lengths)}.")
