"""Linear layers with gradients written by hand: what a training step of SA-DVAE runs on.

Its layers are so small that recording and replaying a graph costs as much as the arithmetic; the gradient of a linear
layer is one line. Here they are numpy's, of one run; stacked_layers.py has those of many runs, in torch. buffer.py has
where they lie and what moves them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sadvae.methods.arrays import WIDE, Array, one_below_other, positive


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
        # OpenBLAS takes up to a third less for W x^T, turned, than for x W^T.
        if rows.shape[1] >= WIDE:
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

    def write_gradient(self, of_weight: Array, of_bias: Array | None, outputs: slice = slice(None)) -> None:
        """Write the gradients of some outputs' rows of W, and of all of b, of what is to be learnt, 0 if nothing is.

        of_bias: None where that of b is written with other outputs.
        """
        biases = [] if of_bias is None else [of_bias]
        if not self.pending:
            for gradient in (of_weight, *biases):
                gradient[...] = 0
            return
        rows, gradient = self.all_pending()
        np.matmul(gradient[:, outputs].T, rows, out=of_weight)
        for of_bias in biases:
            np.add.reduce(gradient, 0, out=of_bias)

    def all_pending(self) -> tuple[Array, Array]:
        """Rows and gradients of all that is to be learnt, as one batch."""
        if len(self.pending) > 1:
            rows, gradients = zip(*self.pending, strict=True)
            self.pending = [(one_below_other(*rows), one_below_other(*gradients))]
        return self.pending[0]

    def forget(self) -> None:
        """Learn nothing of what was to be learnt."""
        self.pending.clear()


class Pairs:
    """D_T on Affine layers: logits of pairs [n, r + v], remembered so that gradients find their way back."""

    def __init__(self, layers: dict[str, Affine], rows: Array) -> None:
        self.layers, self.rows = layers, rows
        self.hidden = layers["hidden"](rows)
        self.active = positive(self.hidden)
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
