"""What a training step is made of, in numpy, against torch and its autograd."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits
from torch import nn

from sadvae.errors import SadvaeError
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.adam import Adam, Moved
from sadvae.methods.affine import Affine, Pairs
from sadvae.methods.arrays import Array, log_sigmoid, positive, rows_in, side_by_side, sigmoid, sum_of_squares
from sadvae.methods.buffer import Buffer, Place, pieces_of
from sadvae.methods.draws import RandomDraws
from sadvae.methods.networks import Standardiser
from sadvae.methods.sa_dvae import SADVAE, Terms, Trainer, new_training, raw_data, sadvae, train_epoch
from sadvae.methods.training import TrainingData
from sadvae.threads import one_thread

SEEDS = st.integers(0, 2**31)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def same(found: Array, wanted: torch.Tensor) -> None:
    assert found.dtype == wanted.numpy().dtype
    torch.testing.assert_close(torch.from_numpy(np.asarray(found)), wanted)


@given(SEEDS, st.integers(1, 9), st.integers(1, 9))
def test_numpy_and_torch_do_the_same(seed: int, rows: int, width: int) -> None:
    x, y = normal(rows, width, seed=seed) * 30, normal(rows, width, seed=seed + 1)
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
    same(sigmoid(x.numpy()), sigmoid(x))
    same(log_sigmoid(x.numpy()), log_sigmoid(x))
    same(sum_of_squares(x.numpy()), sum_of_squares(x))
    same(y.numpy() * positive(x.numpy()), y * positive(x))
    same(rows_in(order, x.numpy()), x[order])
    same(rows_in(order[None], x[None]).numpy(), x[order][None])
    same(side_by_side(x.numpy(), y.numpy()), side_by_side(x, y))


@pytest.mark.parametrize("scaled", [False, True])
def test_batches_in_numpy_are_those_in_torch(scaled: bool) -> None:
    features, columns = normal(20, 4) * 3 + 1, torch.arange(20) % 5
    before = features.clone()
    scaling = Standardiser(4) if scaled else None
    if scaling is not None:
        scaling.fit(features)
    data = TrainingData(features, columns, normal(5, 6), scaling)
    rows = torch.tensor([3, 0, 3, 19])
    for one, other in zip(data.array_batch(rows.numpy()), data.batch(rows), strict=True):
        same(one, other)
    assert torch.equal(features, before)


@pytest.mark.parametrize("kind", ["per_sample", "per_dimension"])
def test_draws_in_numpy_are_those_in_torch(kind: Literal["per_sample", "per_dimension"]) -> None:
    for like in (normal(5, 3), normal(5, 3).double()):
        one, other = (RandomDraws(kind, torch.Generator().manual_seed(1)) for _ in range(2))
        for _ in range(2):
            same(one.noise(like.numpy()), other.noise(like))


@pytest.mark.parametrize("inputs", [3, 255, 256, 300])
@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("most", [10**6, 700, 1])
def test_a_layer_learns_what_autograd_finds(
    inputs: int, batches: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On both sides of the width from which on the product is turned; moved as a whole, and output by output."""
    monkeypatch.setattr("sadvae.methods.buffer._PIECE", most)
    linear, other = nn.Linear(inputs, 7), nn.Linear(2, 1)
    buffer = Buffer({"layer": (linear,), "other": (other,)}, Adam(1e-30))
    layer = buffer.layers["layer"]
    for seed in range(batches):
        rows, gradient = normal(4, inputs, seed=seed).requires_grad_(), normal(4, 7, seed=seed + 9)
        answers = linear(rows)
        answers.backward(gradient)
        found = layer(rows.detach().numpy())
        assert found.flags.c_contiguous
        same(found, answers.detach())
        layer.learn(rows.detach().numpy(), gradient.numpy())
        assert rows.grad is not None
        same(layer.back(gradient.numpy()), rows.grad)
    buffer.step()
    wanted = [linear.weight.grad, linear.bias.grad, torch.zeros(3)]
    torch.testing.assert_close(learnt(buffer), torch.cat([each.flatten() for each in wanted if each is not None]))
    buffer.step()
    assert not any(piece.gradient.any() for piece in buffer.pieces), "what was learnt was not forgotten"


def learnt(buffer: Buffer) -> torch.Tensor:
    """The gradient of the first step, out of Adam's running mean, which began at 0."""
    return torch.cat([piece.moved.mean for piece in buffer.pieces]) / (1 - buffer.adam.betas[0])


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=5), st.integers(1, 60))
def test_pieces_are_all_of_a_buffer_in_order(sizes: list[tuple[int, int]], most: int) -> None:
    places, end = dict[str, Place](), 0
    for number, (outputs, inputs) in enumerate(sizes):
        places[f"layer {number}"] = place = Place(end, outputs, inputs)
        end = place.end
    pieces = pieces_of(places, most)
    parts = [part for piece in pieces for part in piece]
    assert [part.begin for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == end
    for name, place in places.items():
        outputs = [part.outputs for part in parts if part.layer == name]
        assert [row for own in outputs for row in range(place.outputs)[own]] == list(range(place.outputs))
    for piece in pieces:
        assert len(piece) == 1 or piece[-1].end - piece[0].begin <= most


def test_pairs_find_the_way_back_of_gradients() -> None:
    hidden, output = nn.Linear(6, 5), nn.Linear(5, 1)
    layers = Buffer({"hidden": (hidden,), "output": (output,)}, Adam(0.1)).layers
    rows = normal(8, 6).requires_grad_()
    logits = output(torch.relu(hidden(rows)))
    logits.sum().backward()
    pairs = Pairs(layers, rows.detach().numpy())
    same(pairs.logits, logits.detach())
    assert rows.grad is not None
    same(pairs.back(np.ones((8, 1), np.float32)), rows.grad)


def test_modules_of_a_buffer_move_with_it() -> None:
    first, second = nn.Linear(3, 2), nn.Linear(3, 4)
    before = first.weight.detach().clone()
    buffer = Buffer({"both": (first, second)}, Adam(0.1))
    layer = buffer.layers["both"]
    assert torch.equal(torch.from_numpy(layer.weight[:2]), before)
    layer.learn(np.ones((1, 3), np.float32), np.ones((1, 6), np.float32))
    buffer.step()
    torch.testing.assert_close(first.weight.detach(), before - 0.1)
    assert np.array_equal(layer.weight, torch.cat([first.weight, second.weight]).detach().numpy())
    assert np.array_equal(layer.bias, torch.cat([first.bias, second.bias]).detach().numpy())


@pytest.mark.parametrize("how", [{}, {"betas": (0.5, 0.9), "epsilon": 1e-3}])
def test_adam_takes_the_steps_of_torch(how: dict[str, Any]) -> None:
    adam = Adam(0.03, **how)
    parameters = normal(50)
    theirs = parameters.clone()
    optimiser = torch.optim.Adam([theirs], lr=0.03, betas=adam.betas, eps=adam.epsilon)
    moved = Moved(parameters, torch.zeros(2, 50))
    for step in range(20):
        theirs.grad = normal(50, seed=step) * (step % 3)
        adam.step(moved, theirs.grad)
        optimiser.step()
        torch.testing.assert_close(parameters, theirs, rtol=1e-6, atol=1e-7)
    assert moved.steps == 20


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info()} | {torch.get_num_threads()}


def test_a_training_takes_one_thread_and_leaves_the_others_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = []
    step = Trainer.step

    def watched(*inputs: Any) -> Terms:
        seen.append(threads())
        return step(*inputs)

    monkeypatch.setattr(Trainer, "step", watched)
    settings = sadvae(latent=8, style=2, epochs=1, iterations_per_epoch=2)
    generator = torch.Generator().manual_seed(0)
    trainer, data, _ = new_training(raw_data(trivial_task()), settings, generator)
    with threadpool_limits(2):
        train_epoch(trainer, data, 0, generator)
        assert threads() == {2}
    assert seen
    assert all(found == {1} for found in seen)


def test_one_thread_is_given_back() -> None:
    with threadpool_limits(2):
        with one_thread():
            assert threads() == {1}
        assert threads() == {2}


def test_a_training_that_diverges_says_so_and_nothing_else() -> None:
    """Warnings are errors in tests: numpy's of overflows must not reach the user beside the sentence."""
    settings = sadvae(latent=8, style=2, epochs=3, learning_rate=1e18)
    with pytest.raises(SadvaeError, match="the loss of SA-DVAE is not a number"):
        SADVAE(settings).fit(trivial_task(), 0)


def test_a_layer_that_is_to_learn_nothing_has_a_gradient_of_0() -> None:
    layer = Affine(np.ones((2, 3), np.float32), np.ones(2, np.float32))
    weight, bias = np.full((2, 3), 7, np.float32), np.full(2, 7, np.float32)
    layer.write_gradient(weight, bias)
    assert not weight.any()
    assert not bias.any()
