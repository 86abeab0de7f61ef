"""The parameters of several linear layers in one tensor, and Adam, which moves them.

Small layers move together, large ones part by part: few calls, and gradients that the processor's cache still holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from sadvae.methods.adam import Adam, Moved
from sadvae.methods.affine import Affine
from sadvae.methods.arrays import Array

# The most numbers that move together: 0.75 MiB of gradients.
_PIECE = 3 * 2**16


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


@dataclass(frozen=True)
class Part:
    """Some outputs' rows of a layer's W, from number `begin` on, and its b where these are the last."""

    layer: str
    begin: int
    end: int
    outputs: slice
    inputs: int

    def of(self, numbers: Tensor) -> tuple[Array, Array | None]:
        """The rows of W, and b or None, as views of the part's numbers [end - begin], in numpy."""
        count = self.outputs.stop - self.outputs.start
        weight, bias = numbers[: count * self.inputs], numbers[count * self.inputs :]
        return weight.view(count, self.inputs).numpy(), bias.numpy() if len(bias) else None


def parts_of(name: str, place: Place, most: int) -> Iterator[Part]:
    """A layer in parts of about equally many outputs, none of many more numbers than `most`."""
    step = -(-place.outputs // -(-(place.end - place.begin) // most))
    for first in range(0, place.outputs, step):
        last = min(first + step, place.outputs)
        end = place.end if last == place.outputs else place.begin + last * place.inputs
        yield Part(name, place.begin + first * place.inputs, end, slice(first, last), place.inputs)


def pieces_of(places: dict[str, Place], most: int) -> list[list[Part]]:
    """Parts of the layers at these places, neighbours together as long as they are not more than `most` numbers."""
    pieces: list[list[Part]] = []
    for name, place in places.items():
        for part in parts_of(name, place, most):
            if not pieces or part.end - pieces[-1][0].begin > most:
                pieces.append([])
            pieces[-1].append(part)
    return pieces


@dataclass(frozen=True, eq=False)
class Piece:
    """Neighbours in a buffer that move together. gradient: of all their numbers; views: of the parts, in it."""

    moved: Moved
    gradient: Tensor
    views: Sequence[tuple[Affine, Array, Array | None, slice]]

    def step(self, adam: Adam) -> None:
        """Move them by what their layers are to learn; if that is nothing, their gradient is 0."""
        for layer, of_weight, of_bias, outputs in self.views:
            layer.write_gradient(of_weight, of_bias, outputs)
        adam.step(self.moved, self.gradient)


class Buffer:
    """The parameters of several layers side by side in one tensor, and Adam, which moves them piece by piece.

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
    def pieces(self) -> list[Piece]:
        """What moves together, from the first step on: until then nothing is kept but parameters."""
        pieces = pieces_of(self.places, _PIECE)
        count, longest = len(self.parameters), max(piece[-1].end - piece[0].begin for piece in pieces)
        # One array of numpy's, which asks for large pages of memory from 4 MiB on. The gradient of one piece is there
        # at a time.
        memory = torch.from_numpy(np.zeros(2 * count + longest, self.parameters.numpy().dtype))
        return [self._piece(piece, memory[: 2 * count], memory[2 * count :]) for piece in pieces]

    def _piece(self, parts: list[Part], moments: Tensor, room: Tensor) -> Piece:
        begin, end = parts[0].begin, parts[-1].end
        views = [
            (self.layers[part.layer], *part.of(room[part.begin - begin : part.end - begin]), part.outputs)
            for part in parts
        ]
        moved = Moved(self.parameters[begin:end], moments[2 * begin : 2 * end].view(2, -1))
        return Piece(moved, room[: end - begin], views)

    def forget(self) -> None:
        """Drop what is to be learnt."""
        for layer in self.layers.values():
            layer.forget()

    def step(self) -> None:
        """Move all layers by what they were to learn."""
        for piece in self.pieces:
            piece.step(self.adam)
        self.forget()


def _adopt(weight: Tensor, bias: Tensor, modules: tuple[nn.Linear, ...]) -> None:
    """Move the modules' parameters into W and b, one below the other, and leave views of them behind."""
    first = 0
    for module in modules:
        rows = slice(first, first + module.out_features)
        for view, parameter in ((weight[rows], module.weight), (bias[rows], module.bias)):
            view.copy_(parameter.data)
            parameter.data = view
        first = rows.stop
