"""Linear layers in one flat buffer, with gradients written by hand: what a training step of SA-DVAE runs on.

Its layers are so small that recording and replaying a graph costs as much as the arithmetic; the gradient of a linear
layer is one line. Here they are numpy's, of one run; stacked_layers.py has those of many runs, in torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from sadvae.methods.adam import Adam, Moved
from sadvae.methods.arrays import Array, library

# Inputs from which on OpenBLAS takes up to a third less for W x^T, turned, than for x W^T.
_WIDE = 256


@dataclass(eq=False)
class Affine:
    """rows W^T + b, with W [outputs, inputs] and b [outputs].

    pending: rows [n, inputs] and their outputs' gradients [n, outputs] that are still to be learnt.
    """

    weight: Array
    bias: Array
    pending: list[tuple[Array, Array]] = field(default_factory=list)

    def __call__(self, rows: Array) -> Array:
        """Rows [n, inputs] to [n, outputs]."""
        if rows.shape[1] >= _WIDE:
            return np.add((self.weight @ rows.T).T, self.bias, order="C")
        found = rows @ self.weight.T
        found += self.bias
        return found

    def learn(self, rows: Array, gradient: Array) -> None:
        """Remember the output's gradient [n, outputs] at rows [n, inputs], for the gradients of W and b."""
        self.pending.append((rows, gradient))

    def back(self, gradient: Array) -> Array:
        """The gradient of the rows [n, inputs] from the output's [n, outputs]."""
        return gradient @ self.weight

    def write_gradient(self, of_weight: Array, of_bias: Array) -> None:
        """Write the gradients of W and b of all that was to be learnt, 0 if nothing was, and forget it."""
        if self.pending:
            rows, gradient = self.all_pending()
            np.matmul(gradient.T, rows, out=of_weight)
            np.add.reduce(gradient, 0, out=of_bias)
        else:
            of_weight[...], of_bias[...] = 0, 0

    def all_pending(self) -> tuple[Array, Array]:
        """Rows and gradients of all that is to be learnt as one batch; they are forgotten."""
        pending, self.pending = self.pending, []
        if len(pending) == 1:
            return pending[0]
        rows, gradients = zip(*pending, strict=True)
        return library(rows[0]).concatenate(rows, -2), library(rows[0]).concatenate(gradients, -2)


@dataclass(frozen=True)
class Place:
    """Where a layer lies in a buffer: from number `begin` on, W [outputs, inputs], then b [outputs]."""

    begin: int
    outputs: int
    inputs: int

    @property
    def end(self) -> int:
        """The number after its last."""
        return self.begin + self.outputs * (self.inputs + 1)

    def of(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """W and b as views of the numbers of a buffer [..., count]."""
        weight, bias = numbers[..., self.begin : self.end].split([self.outputs * self.inputs, self.outputs], -1)
        return weight.unflatten(-1, (self.outputs, self.inputs)), bias


@dataclass(frozen=True, eq=False)
class Learner:
    """How a layer learns. gradient: W's, then b's; views: of both in it."""

    layer: Affine
    moved: Moved
    gradient: Tensor
    views: tuple[Array, Array]

    def step(self, adam: Adam) -> None:
        """Move the layer by what it was to learn; if that was nothing, its gradient is 0."""
        self.layer.write_gradient(*self.views)
        adam.step(self.moved, self.gradient)


class Buffer:
    """The parameters of several layers side by side in one tensor, and Adam, which moves them layer by layer.

    layers: by name, each of one linear module or of several with the same inputs, whose outputs then stand side by
    side. The modules' own parameters become views of the buffer, so they are trained too.
    """

    def __init__(self, layers: dict[str, tuple[nn.Linear, ...]], adam: Adam) -> None:
        self.adam = adam
        self.places: dict[str, Place] = {}
        end = 0
        for name, modules in layers.items():
            place = Place(end, sum(module.out_features for module in modules), modules[0].in_features)
            self.places[name], end = place, place.end
        self.parameters = torch.empty(end)
        self.layers: dict[str, Affine] = {}
        for name, place in self.places.items():
            weight, bias = place.of(self.parameters)
            _adopt(weight, bias, layers[name])
            self.layers[name] = Affine(weight.numpy(), bias.numpy())

    @cached_property
    def learners(self) -> dict[str, Learner]:
        """By the names of the layers, from the first step on: until then nothing is kept but parameters."""
        # One gradient is there at a time, so that it is in the processor's cache when Adam reads it.
        room = self.parameters.new_empty(max(place.end - place.begin for place in self.places.values()))
        found = {}
        for name, place in self.places.items():
            moved = Moved(self.parameters[place.begin : place.end])
            weight, bias = Place(0, place.outputs, place.inputs).of(room)
            views = weight.numpy(), bias.numpy()
            found[name] = Learner(self.layers[name], moved, room[: place.end - place.begin], views)
        return found

    def forget(self) -> None:
        """Drop what a step that was broken off has left to learn."""
        for layer in self.layers.values():
            layer.pending.clear()

    def step(self) -> None:
        """Move all layers."""
        for learner in self.learners.values():
            learner.step(self.adam)


def _adopt(weight: Tensor, bias: Tensor, modules: tuple[nn.Linear, ...]) -> None:
    """Move the modules' parameters into W and b, one below the other, and leave views of them behind."""
    first = 0
    for module in modules:
        rows = slice(first, first + module.out_features)
        for view, parameter in ((weight[rows], module.weight), (bias[rows], module.bias)):
            view.copy_(parameter.data)
            parameter.data = view
        first = rows.stop


class Pairs:
    """D_T on Affine layers: logits of pairs [n, r + v], remembered so that gradients find their way back."""

    def __init__(self, layers: dict[str, Affine], rows: Array) -> None:
        self.layers, self.rows = layers, rows
        self.hidden = layers["hidden"](rows)
        self.active = self.hidden > 0
        self.hidden *= self.active
        self.logits = layers["output"](self.hidden)

    def _of_hidden(self, of_logits: Array) -> Array:
        of_hidden = self.layers["output"].back(of_logits)
        of_hidden *= self.active
        return of_hidden

    def back(self, of_logits: Array) -> Array:
        """The gradient of the pairs [n, r + v] from that of the logits [n, 1]."""
        return self.layers["hidden"].back(self._of_hidden(of_logits))

    def learn(self, of_logits: Array) -> None:
        """Have D_T's layers learn what the gradient of the logits [n, 1] gives."""
        self.layers["output"].learn(self.hidden, of_logits)
        self.layers["hidden"].learn(self.rows, self._of_hidden(of_logits))
