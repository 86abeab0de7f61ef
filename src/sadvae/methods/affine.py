"""Linear layers in one flat buffer, with gradients written by hand: what a training step of SA-DVAE runs on.

Its layers are so small that recording and replaying a graph costs as much as the arithmetic; the gradient of a linear
layer is one line.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(eq=False)
class Affine:
    """rows W^T + b, with room for the gradients of W [outputs, inputs] and b [outputs]."""

    weight: Tensor
    bias: Tensor
    weight_gradient: Tensor
    bias_gradient: Tensor
    begun: bool = False

    def __call__(self, rows: Tensor) -> Tensor:
        """Rows [n, inputs] to [n, outputs]."""
        return torch.addmm(self.bias, rows, self.weight.t())

    def learn(self, rows: Tensor, gradient: Tensor) -> None:
        """Add to the layer's gradients what its output's gradient [n, outputs] gives at rows [n, inputs]."""
        beta = 1 if self.begun else 0
        torch.addmm(self.weight_gradient, gradient.t(), rows, beta=beta, out=self.weight_gradient)
        if self.begun:
            self.bias_gradient.add_(gradient.sum(0))
        else:
            torch.sum(gradient, 0, out=self.bias_gradient)
        self.begun = True

    def back(self, gradient: Tensor) -> Tensor:
        """The gradient of the rows [n, inputs] from the output's [n, outputs]."""
        return gradient @ self.weight


class Buffer:
    """The parameters of several layers side by side in one tensor, which one optimiser step changes at once.

    layers: by name, each of one linear module or of several with the same inputs, whose outputs then stand side by
    side. The modules' own parameters become views of the buffer, so they are trained too.
    """

    def __init__(self, layers: dict[str, tuple[nn.Linear, ...]]) -> None:
        modules = [module for stacked in layers.values() for module in stacked]
        count = sum(module.weight.numel() + module.bias.numel() for module in modules)
        self.parameters = torch.empty(count)
        self.parameters.grad = torch.zeros(count)
        self.layers: dict[str, Affine] = {}
        used = 0
        for name, stacked in layers.items():
            width, outputs = stacked[0].in_features, sum(module.out_features for module in stacked)
            end = used + outputs * width
            (weight, bias), (weight_gradient, bias_gradient) = (
                (part[used:end].view(outputs, width), part[end : end + outputs])
                for part in (self.parameters, self.parameters.grad)
            )
            self.layers[name] = Affine(weight, bias, weight_gradient, bias_gradient)
            used = end + outputs
            _adopt(self.layers[name], stacked)

    def forget(self) -> None:
        """Start new gradients."""
        for layer in self.layers.values():
            layer.begun = False

    def clear(self) -> None:
        """Make all gradients 0: what a loss of weight 0 gives."""
        assert self.parameters.grad is not None
        self.parameters.grad.zero_()


def _adopt(layer: Affine, modules: tuple[nn.Linear, ...]) -> None:
    """Move the modules' parameters into the layer, one below the other, and leave views of them behind."""
    first = 0
    for module in modules:
        rows = slice(first, first + module.out_features)
        for view, parameter in ((layer.weight[rows], module.weight), (layer.bias[rows], module.bias)):
            view.copy_(parameter.data)
            parameter.data = view
        first = rows.stop


class Pairs:
    """D_T on Affine layers: logits of pairs [n, r + v], remembered so that gradients find their way back."""

    def __init__(self, layers: dict[str, Affine], rows: Tensor) -> None:
        self.layers, self.rows = layers, rows
        self.hidden = layers["hidden"](rows).relu_()
        self.logits = layers["output"](self.hidden)

    def _of_hidden(self, of_logits: Tensor) -> Tensor:
        return self.layers["output"].back(of_logits).mul_(self.hidden.sign())

    def back(self, of_logits: Tensor) -> Tensor:
        """The gradient of the pairs [n, r + v] from that of the logits [n, 1]."""
        return self.layers["hidden"].back(self._of_hidden(of_logits))

    def learn(self, of_logits: Tensor) -> None:
        """Add to the gradients of D_T's layers what the gradient of the logits [n, 1] gives."""
        self.layers["output"].learn(self.hidden, of_logits)
        self.layers["hidden"].learn(self.rows, self._of_hidden(of_logits))
