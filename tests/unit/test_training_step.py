"""The training step of SA-DVAE, whose gradients are written by hand, against autograd on the loss written plainly.

Also its narrow text side: the same loss, and networks of full width that do the same on training texts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn import functional

from sadvae.methods.buffer import Buffer
from sadvae.methods.draws import RandomDraws
from sadvae.methods.networks import Networks
from sadvae.methods.sa_dvae import Terms, Trainer, decision_seed, new_training
from sadvae.methods.schedules import Weights
from sadvae.methods.settings import SADVAESettings, paper, published, sadvae
from sadvae.methods.text_span import TextSpan
from sadvae.methods.training import TrainingData

DX, DY, R, V, N = 7, 11, 5, 3, 6
WEIGHTS = Weights(kl_skeleton=0.3, kl_text=0.2, cross=1.7, total_correlation=0.6, discriminator=0.9)
KINDS = ("weight", "bias")
SIZES: dict[str, Any] = {"latent": R, "style": V, "discriminator_every": 1}
EVERY = pytest.mark.parametrize(
    "settings",
    [sadvae(**SIZES), published(**SIZES), paper(**SIZES), sadvae(**SIZES, squared_error="sum", noise="per_sample")],
    ids=["sadvae", "published", "paper", "sadvae, sum"],
)


def new_networks(settings: SADVAESettings) -> Networks:
    networks = Networks(DX, DY, R, V, relu=settings.decoder_output == "relu")
    networks.initialise(torch.Generator().manual_seed(1))
    for parameter in networks.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2))
    return networks


def batch(classes: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    """Features [n, DX], their texts [n, DY], and the texts of all classes."""
    generator = torch.Generator().manual_seed(3)
    texts = torch.randn(classes, DY, generator=generator)
    return torch.randn(N, DX, generator=generator), texts[torch.arange(N) % classes], texts


def draws(settings: SADVAESettings) -> RandomDraws:
    return RandomDraws(settings.noise, torch.Generator().manual_seed(4))


def numbers(terms: Terms) -> Tensor:
    return torch.tensor([float(term) for term in vars(terms).values()])


def gradients_of(buffer: Buffer) -> list[Tensor]:
    """Of each layer in the first step, out of Adam's running mean, which began at 0."""
    means = torch.cat([piece.moved.mean for piece in buffer.pieces]) / (1 - buffer.adam.betas[0])
    return [means[place.begin : place.end] for place in buffer.places.values()]


def kl(posterior: tuple[Tensor, Tensor]) -> Tensor:
    mean, log_variance = posterior
    return kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()


def plain_step(settings: SADVAESettings, networks: Networks, x: Tensor, y: Tensor) -> tuple[list[Tensor], Tensor]:
    """Terms of the loss in the order of Terms, and D_T's own loss, with the draws of a step; D_T does not move."""
    random = draws(settings)
    mean, log_variance = networks.skeleton_encoder(x)
    style = mean[:, R:], log_variance[:, R:]
    semantic, text = (mean[:, :R], log_variance[:, :R]), networks.text_encoder(y)

    def sample(posterior: tuple[Tensor, Tensor]) -> Tensor:
        return posterior[0] + (posterior[1] / 2).exp() * random.noise(posterior[0])

    z_r, z_v, z_y = sample(semantic), sample(style), sample(text)
    sides = [semantic, text] if settings.discriminator_text_branch else [semantic]
    pairs = [(sample(side).detach(), sample(style).detach()) for side in sides]
    own = torch.zeros(())
    for left, right in pairs:
        shuffled = torch.cat([left[random.permutation(N)], right[random.permutation(N)]], 1)
        logits = networks.discriminator(torch.cat([torch.cat([left, right], 1), shuffled]))
        truth = torch.cat([torch.ones(N, 1), torch.zeros(N, 1)])
        own = own + functional.binary_cross_entropy_with_logits(logits, truth) / len(pairs)

    def error(found: Tensor, wanted: Tensor) -> Tensor:
        each = ((found - wanted) ** 2).mean(0)
        return each.mean() if settings.squared_error == "mean" else each.sum()

    d_x, d_y, d_t = networks.skeleton_decoder, networks.text_decoder, networks.discriminator
    joint = d_t(torch.cat([z_r, z_v], 1))
    if settings.total_correlation == "paper":
        shuffled = d_t(torch.cat([z_r, z_v[random.permutation(N)]], 1))
        correlation = torch.log(torch.sigmoid(joint)).mean() + torch.log(1 - torch.sigmoid(shuffled)).mean()
    else:
        correlation = (torch.sigmoid(joint) if settings.total_correlation == "published" else joint).mean()
    w = WEIGHTS
    terms = [
        error(d_x(torch.cat([z_r, z_v], 1)), x),
        w.kl_skeleton * (kl(semantic) + kl(style)),
        error(d_y(z_y), y),
        w.kl_text * kl(text),
        w.cross * (error(d_y(z_r), y) + error(d_x(torch.cat([z_y, z_v], 1)), x)),
        w.total_correlation * correlation,
    ]
    return [*terms, torch.stack(terms).sum()], w.discriminator * own


@EVERY
def test_terms_and_gradients_agree_with_autograd(settings: SADVAESettings) -> None:
    x, y, _ = batch()
    reference = new_networks(settings)
    terms, own = plain_step(settings, reference, x, y)
    judge = [*reference.discriminator.hidden.parameters(), *reference.discriminator.output.parameters()]
    of_judge = torch.cat([g.flatten() for g in torch.autograd.grad(own, judge)])
    networks = new_networks(settings)
    trainer = Trainer(settings.model_copy(update={"learning_rate": 1e-30}), networks)
    found = trainer.step(x.numpy(), y.numpy(), WEIGHTS, draws(settings), 0)
    torch.testing.assert_close(numbers(found), torch.stack(terms), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(torch.cat(gradients_of(trainer.judge)), of_judge, rtol=1e-4, atol=1e-7)
    moved = [p for name, p in reference.named_parameters() if not name.startswith("discriminator")]
    gradients = torch.autograd.grad(terms[-1], moved)
    learnt = dict(zip(trainer.layers, gradients_of(trainer.buffer), strict=True))
    for name, side in (("x", "skeleton"), ("y", "text")):
        named = dict(zip(moved, gradients, strict=True))
        encoder, decoder = getattr(reference, f"{side}_encoder"), getattr(reference, f"{side}_decoder").linear
        stacked = [torch.cat([named[getattr(h, k)] for h in (encoder.mean, encoder.log_variance)]) for k in KINDS]
        for layer, wanted in ((f"E_{name}", stacked), (f"D_{name}", [named[decoder.weight], named[decoder.bias]])):
            flat = torch.cat([part.flatten() for part in wanted])
            torch.testing.assert_close(learnt[layer], flat, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("squared", ["mean", "sum"])
def test_within_the_span_the_loss_is_that_of_full_width(squared: Literal["mean", "sum"]) -> None:
    settings = sadvae(**SIZES, squared_error=squared)
    x, y, texts = batch()
    span = TextSpan.of(new_networks(settings), texts)
    wide = Networks(DX, DY, R, V, relu=False)
    narrow = Trainer(settings, span.narrow, DY)
    for step in range(3):
        wide.load_state_dict(span.widen())
        full = Trainer(settings, wide)
        random = draws(settings), draws(settings)
        found = narrow.step(x.numpy(), span.coordinates(y).numpy(), WEIGHTS, random[0], step)
        expected = full.step(x.numpy(), y.numpy(), WEIGHTS, random[1], step)
        torch.testing.assert_close(numbers(found), numbers(expected), rtol=1e-5, atol=1e-5)


def test_beyond_the_span_the_encoder_is_as_it_started_and_the_decoder_silent() -> None:
    settings = sadvae(**SIZES)
    started, (x, y, texts) = new_networks(settings), batch()
    span = TextSpan.of(started, texts)
    trainer = Trainer(settings, span.narrow, DY)
    for step in range(5):
        trainer.step(x.numpy(), span.coordinates(y).numpy(), WEIGHTS, draws(settings), step)
    wide = Networks(DX, DY, R, V, relu=False)
    wide.load_state_dict(span.widen())
    beyond = torch.eye(DY) - span.basis @ span.basis.T
    assert span.basis.shape == (DY, 4)
    torch.testing.assert_close(span.basis.T @ span.basis, torch.eye(4))
    with torch.no_grad():
        for head in ("mean", "log_variance"):
            left, right = (getattr(n.text_encoder, head).weight @ beyond for n in (wide, started))
            torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-6)
        answers = wide.text_decoder(torch.randn(9, R))
        torch.testing.assert_close(answers @ beyond, torch.zeros(9, DY), rtol=0, atol=1e-5)
        for left, right in zip(
            wide.text_encoder(texts), span.narrow.text_encoder(span.coordinates(texts)), strict=True
        ):
            torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-5)


def test_a_single_class_spans_something() -> None:
    assert TextSpan.of(new_networks(sadvae(**SIZES)), torch.zeros(1, DY)).basis.shape == (DY, 1)


def test_within_the_span_a_mean_over_the_text_is_still_over_its_full_width() -> None:
    raw = TrainingData(torch.randn(20, DX), torch.arange(20) % 3, torch.randn(3, DY))
    trainer, data, _ = new_training(raw, sadvae(), torch.Generator())
    assert data.classes.shape[1] < DY
    assert trainer.widths == {"D_x": DX, "D_y": DY}


def test_texts_are_standardised_by_classes_not_by_clips() -> None:
    raw = TrainingData(torch.randn(20, DX), torch.tensor([0] * 18 + [1, 2]), torch.randn(3, DY))
    _, _, weights = new_training(raw, sadvae(), torch.Generator())
    torch.testing.assert_close(weights()["text_scaling.mean"], raw.classes.mean(0))


def test_a_discriminator_loss_of_weight_0_still_moves_with_what_adam_remembers() -> None:
    """Adam's moments outlive a gradient of 0: skipping its arithmetic must not skip the step."""
    settings, (x, y, _) = published(**SIZES), batch()
    networks = new_networks(settings)
    trainer, random = Trainer(settings, networks), draws(settings)
    trainer.step(x.numpy(), y.numpy(), WEIGHTS, random, 0)
    before = networks.discriminator.hidden.weight.clone()
    trainer.step(x.numpy(), y.numpy(), replace(WEIGHTS, discriminator=0.0), random, 0)
    assert not torch.equal(networks.discriminator.hidden.weight, before)


def test_a_step_that_was_broken_off_leaves_nothing_to_learn() -> None:
    """The permutation of equation 4 is drawn after decoders and D_T were told what to learn."""

    class Ending(RandomDraws):
        left: int

        def permutation(self, count: int) -> Tensor:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            return super().permutation(count)

    settings, (x, y, _) = paper(**SIZES), batch()
    networks, other = new_networks(settings), new_networks(settings)
    trainer = Trainer(settings, networks)
    ending = Ending(settings.noise, torch.Generator().manual_seed(5))
    ending.left = 5 if settings.discriminator_text_branch else 3
    with pytest.raises(KeyboardInterrupt):
        trainer.step(x.numpy(), y.numpy(), replace(WEIGHTS, discriminator=0.0), ending, 0)
    assert trainer.layers["D_x"].pending
    # D_T's moments have moved on by a gradient of 0, which leaves it where it was.
    trainer.step(x.numpy(), y.numpy(), WEIGHTS, draws(settings), 1)
    Trainer(settings, other).step(x.numpy(), y.numpy(), WEIGHTS, draws(settings), 1)
    for name, parameter in other.named_parameters():
        if not name.startswith("discriminator"):
            torch.testing.assert_close(networks.get_parameter(name), parameter)


def test_every_epoch_and_seed_starts_its_decision_elsewhere() -> None:
    assert len({decision_seed(seed, epoch) for seed in range(5) for epoch in range(20)}) == 100
