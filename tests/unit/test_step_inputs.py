"""What is made ahead for steps of one run is what they would draw and encode one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sadvae.methods.arrays import WIDE
from sadvae.methods.drawn import drawn_ahead, step_needs
from sadvae.methods.draws import RandomDraws
from sadvae.methods.repeats import repeats_of
from sadvae.methods.sa_dvae import (
    SADVAESettings,
    Trainer,
    epoch_order,
    new_training,
    paper,
    published,
    sadvae,
    train_epoch,
)
from sadvae.methods.schedules import weights_at
from sadvae.methods.step_inputs import blocks_of, inputs_of_epoch
from sadvae.methods.training import TrainingData

SIZES = {"latent": 6, "style": 2, "batch_size": 16, "discriminator_every": 2}
ALL = [sadvae(**SIZES, text_space="full"), published(**SIZES), paper(**SIZES), sadvae(**SIZES | {"style": 0})]


def made(text_width: int, clips: int = 91) -> TrainingData:
    """Clips of five classes; the last batch of 16 has 11, and D_T is stepped in it."""
    generator = torch.Generator().manual_seed(7)
    skeleton, classes = torch.randn(clips, 9, generator=generator), torch.randn(5, text_width, generator=generator)
    return TrainingData(skeleton, torch.randint(5, (clips,), generator=generator), classes)


def started(settings: SADVAESettings, data: TrainingData) -> tuple[Trainer, TrainingData, torch.Generator]:
    generator = torch.Generator().manual_seed(3)
    trainer, data, _ = new_training(data, settings, generator)
    return trainer, data, generator


@given(st.integers(1, 40), st.integers(1, 5), st.sampled_from(ALL), st.sampled_from([torch.float32, torch.float64]))
def test_draws_ahead_are_those_one_by_one(clips: int, steps: int, settings: SADVAESettings, dtype: torch.dtype) -> None:
    one, other = (torch.Generator().manual_seed(clips) for _ in range(2))
    needs = [step_needs(settings, weights_at(settings, 3, i, steps), i) for i in range(steps)]
    ahead, plain = drawn_ahead(needs, clips, settings, one, dtype), RandomDraws(settings.noise, other)
    for need in (need for own in needs for need in own):
        if need is None:
            assert torch.equal(ahead.permutation(clips), plain.permutation(clips))
        else:
            like = torch.empty(clips, need, dtype=dtype).numpy()
            found, wanted = ahead.noise(like), plain.noise(like)
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
            assert np.array_equal(found, wanted)
    assert ahead.taken == len(ahead.numbers)
    assert torch.equal(one.get_state(), other.get_state())


@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 6), st.integers(0, 2**31))
def test_repeats_encode_each_text_once(batches: int, clips: int, texts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns, classes = rng.integers(0, texts, (batches, clips)), rng.standard_normal((texts, 3)).astype(np.float32)
    for repeats, own in zip(repeats_of(columns, classes), columns, strict=True):
        assert repeats.met.tolist() == sorted(set(own.tolist()))
        assert np.array_equal(repeats.spread(repeats.texts()), classes[own])
        rows = rng.standard_normal((clips, 2)).astype(np.float32)
        wanted = [rows[own == text].sum(0) for text in repeats.met]
        np.testing.assert_allclose(repeats.summed(rows), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("settings", ALL, ids=["sadvae", "published", "paper", "no style"])
@pytest.mark.parametrize("width", [8, WIDE])
def test_an_epoch_is_its_steps_one_by_one(settings: SADVAESettings, width: int) -> None:
    trainer, data, generator = started(settings, made(width))
    means = train_epoch(trainer, data, 3, generator)
    plain, data, drawing = started(settings, made(width))
    batches = list(epoch_order(len(data.skeleton), settings, drawing).split(settings.batch_size))
    totals, random = [], RandomDraws(settings.noise, drawing)
    for iteration, rows in enumerate(batches):
        weights = weights_at(settings, 3, iteration, len(batches))
        totals.append(plain.step(*data.array_batch(rows.numpy()), weights, random, iteration).total)
    assert means["total"] == pytest.approx(np.mean(totals), rel=1e-6)
    assert torch.equal(generator.get_state(), drawing.get_state())
    for buffer, wanted in ((trainer.buffer, plain.buffer), (trainer.judge, plain.judge)):
        # Of wide texts, gradients are summed in another order, and Adam divides small ones by themselves.
        bounds: dict[str, Any] = {"rtol": 0, "atol": 0} if width < WIDE else {"rtol": 1e-4, "atol": 1e-6}
        torch.testing.assert_close(buffer.parameters, wanted.parameters, **bounds)


@given(st.lists(st.sampled_from([3, 16, 5000]), min_size=1, max_size=200), st.integers(1, 400))
def test_blocks_are_all_steps_in_order_and_none_is_large(sizes: list[int], width: int) -> None:
    blocks = list(blocks_of([np.arange(size) for size in sizes], width))
    assert [step for block in blocks for step in block] == list(range(len(sizes)))
    for block in blocks:
        assert len({sizes[step] for step in block}) == 1
        assert len(block) == 1 or (len(block) <= 64 and len(block) * sizes[block[0]] * width <= 2**20)


def test_wide_texts_alone_are_encoded_once_each() -> None:
    settings = published(**SIZES)
    for width, wanted in ((WIDE - 1, False), (WIDE, True)):
        batches = [np.arange(16), np.arange(11)]
        inputs = list(
            inputs_of_epoch(settings, made(width), 0, batches, torch.Generator().manual_seed(0), torch.float32)
        )
        assert [one.repeats is not None for one in inputs] == [wanted, wanted]
