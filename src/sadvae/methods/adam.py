"""Adam (Kingma and Ba 2015) of one tensor at a time, by torch's fused kernel.

torch.optim.Adam calls the same kernel; on a small layer its Python takes longer than the kernel does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


class Moved:
    """A tensor [n] on the CPU that Adam moves, and what it remembers of the tensor's gradients.

    moments: the running means of the gradient and of its square [2, n], 0 at first. steps: how many were done, a numpy
    array [1], as torch takes longer to add 1 than for a small layer's whole step.
    """

    def __init__(self, parameters: Tensor, moments: Tensor) -> None:
        self.parameters = parameters
        self.mean, self.square = moments
        self.steps = np.zeros(1, np.float32)
        self.state = [self.parameters], [self.mean], [self.square], [torch.from_numpy(self.steps)]


@dataclass(frozen=True)
class Adam:
    """The rule, with the paper's defaults."""

    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    def step(self, moved: Moved, gradient: Tensor) -> None:
        """One step of a tensor along its gradient, which has its shape."""
        moved.steps[0] += 1
        parameters, mean, square, steps = moved.state
        first, second = self.betas
        torch._fused_adam_(  # pyright: ignore[reportPrivateImportUsage]
            parameters,
            [gradient],
            mean,
            square,
            [],
            steps,
            lr=self.learning_rate,
            beta1=first,
            beta2=second,
            eps=self.epsilon,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
        )
