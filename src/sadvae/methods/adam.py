"""Adam (Kingma and Ba 2015) for one tensor at a time, by torch's fused kernel.

torch.optim.Adam does the same; its Python takes longer than this kernel does for a small layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Adam:
    """The rule, with torch's and the paper's defaults."""

    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    def step(self, moved: Moved, gradient: Tensor) -> None:
        """One step of a tensor along its gradient, which has its shape."""
        # torch would take a twentieth of a small training's time to add this one.
        moved.steps.numpy()[...] += 1
        torch._fused_adam_(
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


@dataclass(eq=False)
class Moved:
    """A tensor that Adam moves, the running means of its gradient and of its square, and the number of steps done."""

    parameters: Tensor
    mean: Tensor
    square: Tensor
    steps: Tensor

    @staticmethod
    def by_nothing(parameters: Tensor) -> Moved:
        """A tensor before its first step."""
        return Moved(parameters, torch.zeros_like(parameters), torch.zeros_like(parameters), torch.zeros(()))
