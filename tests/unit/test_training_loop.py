"""The training loop of the baselines: its batches, its mean terms, and a loss that is no number."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from sadvae.errors import SadvaeError
from sadvae.methods.training import Batch, Regime, TrainingData, train


def data(count: int) -> TrainingData:
    return TrainingData(torch.arange(float(count))[:, None], torch.arange(count) % 2, torch.eye(2))


@pytest.mark.parametrize(("count", "least", "batches"), [(10, 1, 3), (10, 7, 7), (3, 5, 5), (1, 2, 2)])
def test_an_epoch_is_a_pass_or_as_many_as_fill_the_least_iterations(count: int, least: int, batches: int) -> None:
    net, seen, shares = nn.Linear(1, 1), [], []

    def losses(batch: Batch) -> dict[str, Tensor]:
        seen.append(batch.skeleton[:, 0].tolist())
        shares.append(batch.progress)
        assert torch.equal(batch.text, batch.classes[batch.columns])
        return {"a": net(batch.skeleton).mean() * 0 + 1, "b": torch.tensor(2.0)}

    regime = Regime(2, least, 4, 0.1)
    means = [terms for _, terms in train(net, losses, data(count), regime, torch.Generator().manual_seed(0), "x")]
    assert means == [{"a": 1.0, "b": 2.0, "total": 3.0}] * 2
    assert len(seen) == 2 * batches
    assert sorted([row for rows in seen for row in rows][:count]) == list(range(count))
    assert shares == pytest.approx([i / len(seen) for i in range(len(seen))])


def test_a_loss_that_is_no_number_is_one_sentence() -> None:
    net = nn.Linear(1, 1)
    steps = train(
        net, lambda batch: {"a": net(batch.skeleton).mean() / 0}, data(4), Regime(1, 1, 4, 0.5), torch.Generator(), "x"
    )
    with pytest.raises(SadvaeError, match=r"loss of x is not a number in epoch 1; lower learning_rate \(now 0.5\)"):
        list(steps)
