"""Adam (Kingma and Ba 2015) of one tensor at a time, by torch's fused kernel.

torch.optim.Adam calls the same kernel; on a small layer its Python takes longer than the kernel does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(eq=False)
class Moved:
    """A tensor that Adam moves, the running means of its gradient and of that squared, and the number of steps done."""

    parameters: Tensor
    mean: Tensor
    square: Tensor
    steps: Tensor

    @staticmethod
    def by_nothing(parameters: Tensor) -> Moved:
        """A tensor before its first step."""
        return Moved(parameters, torch.zeros_like(parameters), torch.zeros_like(parameters), torch.zeros(()))


@dataclass(frozen=True)
class Adam:
    """The rule, with the paper's defaults."""

    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    def step(self, moved: Moved, gradient: Tensor) -> None:
        """One step of a tensor on the CPU along its gradient, which has its shape."""
        # Between products torch takes as long to add this one as for all of a small layer's step.
        moved.steps.numpy()[...] += 1
        torch._fused_adam_(  # pyright: ignore[reportPrivateImportUsage]
            [moved.parameters],
            [gradient],
            [moved.mean],
            [moved.square],
            [],
            [moved.steps],
            lr=self.learning_rate,
            beta1=self.betas[0],
            beta2=self.betas[1],
            eps=self.epsilon,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
        )
