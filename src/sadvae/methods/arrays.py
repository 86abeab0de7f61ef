"""Arrays of numpy and of torch alike, for a training step that runs on both.

One run trains on a CPU in numpy, which starts an operation in a fraction of the time that torch takes: the layers are
so small that this counts. Many runs train in torch as one (stacked.py), on a GPU or a CPU. What follows is what both
libraries call by other names; all else that a step needs, operators and methods, they share.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch
from scipy import special
from torch import Tensor
from torch.nn import functional

from sadvae.threads import one_thread

# np.ndarray or Tensor; all arrays of one step are of one kind, but permutations, which are tensors.
Array = Any
# Inputs from which on a layer is wide: its product takes most of the time of what is done with it.
WIDE = 256


@contextmanager
def numpy_steps() -> Iterator[None]:
    """What steps in numpy are done in: one thread, a warm OpenBLAS, and no warnings of numbers that are none.

    Threads would wait for each other between such small products; who trains looks at the loss.
    """
    _warm_up()
    with one_thread(), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        yield


@cache
def _warm_up() -> None:
    """Multiply two larger matrices once in a process.

    Until then OpenBLAS's kernels take up to three times as long for some products of a training step (measured with
    0.3.31 on a processor of AMD), probably as they read ahead in a work space that no product has yet filled.
    """
    side = np.ones((512, 512), np.float32)
    np.matmul(side, side)


def library(array: Array) -> Any:
    """numpy or torch, whose functions take this array."""
    return np if isinstance(array, np.ndarray) else torch


def side_by_side(*parts: Array) -> Array:
    """Batches [..., n, d] of some widths as one [..., n, sum of d]."""
    return library(parts[0]).concatenate(parts, -1)


def one_below_other(*parts: Array) -> Array:
    """Batches [..., n, d] of some lengths as one [..., sum of n, d]; one alone as it is."""
    return parts[0] if len(parts) == 1 else library(parts[0]).concatenate(parts, -2)


def rows_apart(rows: Array, count: int) -> list[Array]:
    """A batch [..., n, d] as views of so many rows each; the other way of one_below_other."""
    return [rows[..., first : first + count, :] for first in range(0, rows.shape[-2], count)]


def sigmoid(logits: Array) -> Array:
    """1 / (1 + exp(-x)), of the same precision."""
    return special.expit(logits) if isinstance(logits, np.ndarray) else torch.sigmoid(logits)


def log_sigmoid(logits: Array) -> Array:
    """The logarithm of sigmoid, finite for logits far below 0."""
    return special.log_expit(logits) if isinstance(logits, np.ndarray) else functional.logsigmoid(logits)


def positive(array: Array) -> Array:
    """1 where a number is above 0 and 0 elsewhere, to multiply by."""
    # numpy would turn truth values into numbers anew for every product.
    return (array > 0).astype(array.dtype) if isinstance(array, np.ndarray) else array > 0


def sum_of_squares(rows: Array) -> Array:
    """The sum over all numbers of a batch [n, d], or of each run's [run, n, d]."""
    if isinstance(rows, np.ndarray):
        flat = rows.ravel()
        return flat @ flat
    flat = rows.flatten(-2)
    return torch.linalg.vecdot(flat, flat)


def rows_in(order: Tensor, rows: Array) -> Array:
    """Rows [n, d] in another order [n]; of stacked runs [run, n, d] each in its own [run, n]."""
    if isinstance(rows, np.ndarray):
        return rows[order.numpy()]
    return torch.take_along_dim(rows, order[..., None], -2)
