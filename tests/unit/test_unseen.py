"""Unseen rules against hand computation, and the classifier against scikit-learn."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch.distributions import MultivariateNormal

from sadvae.methods.draws import RandomDraws
from sadvae.methods.networks import Networks, Standardiser
from sadvae.methods.settings import SADVAESettings, UnseenRule, sadvae
from sadvae.methods.unseen import UnseenClassifier, gaussian_rule, train_classifier, unseen_probabilities

R, V, DX, DY, N, K = 4, 2, 6, 5, 7, 3
DETERMINISTIC = [rule for rule in get_args(UnseenRule) if rule != "classifier"]


def tensor(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def networks() -> Networks:
    made = Networks(DX, DY, R, V, relu=False)
    made.initialise(torch.Generator().manual_seed(0))
    return made.requires_grad_(False)


def ask(networks: Networks, rule: str, seed: int = 0, **changes: Any) -> np.ndarray:
    settings = sadvae(latent=R, style=V, unseen_rule=rule, temperature=0.3, classifier_samples=20, **changes)
    return unseen_probabilities(settings, networks, tensor(N, DX, seed=1), tensor(K, DY, seed=2), seed).numpy()


def softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores)
    return e / e.sum(axis=1, keepdims=True)


def by_hand(networks: Networks, rule: str) -> np.ndarray:
    """Scores over temperature, one clip and one class at a time."""
    x, y = tensor(N, DX, seed=1), tensor(K, DY, seed=2)
    mean, _ = networks.skeleton_encoder(x)
    z_y, _ = networks.text_encoder(y)

    def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
        return float(a @ b / a.norm() / b.norm())

    scores = np.zeros((N, K))
    for i in range(N):
        for k in range(K):
            z_r, z_v = mean[i, :R], mean[i, R:]
            own = networks.skeleton_decoder(torch.cat([z_y[k], z_v])[None])[0]
            plain = networks.skeleton_decoder(torch.cat([z_y[k], torch.zeros(V)])[None])[0]
            decoded = cosine(networks.text_decoder(z_r[None])[0], y[k])
            generated = cosine(x[i], plain)
            scores[i, k] = {
                "cosine": cosine(z_r, z_y[k]),
                "decoded": decoded,
                "generated": generated,
                "both": decoded + generated,
                "reconstruction": -float(((own - x[i]) ** 2).mean()),
            }[rule]
    return softmax(scores / 0.3)


@pytest.mark.parametrize("rule", [rule for rule in DETERMINISTIC if rule != "gaussian"])
def test_rules_agree_with_their_equations(networks: Networks, rule: str) -> None:
    np.testing.assert_allclose(ask(networks, rule), by_hand(networks, rule), rtol=1e-4)


def test_gaussian_rule_is_the_overlap_of_two_posteriors() -> None:
    clip, text = ((tensor(n, R, seed=s), tensor(n, R, seed=s + 1)) for n, s in ((N, 3), (K, 5)))
    scores = np.zeros((N, K))
    for i in range(N):
        for k in range(K):
            variance = torch.diag(clip[1][i].exp() + text[1][k].exp())
            scores[i, k] = float(MultivariateNormal(text[0][k], variance).log_prob(clip[0][i])) / R
    np.testing.assert_allclose(gaussian_rule(clip, text, 0.5).numpy(), softmax(scores / 0.5), rtol=1e-4)


@pytest.mark.parametrize("rule", get_args(UnseenRule))
def test_rows_are_probabilities(networks: Networks, rule: str) -> None:
    found = ask(networks, rule)
    assert found.shape == (N, K)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("rule", DETERMINISTIC)
def test_deterministic_rules_ignore_the_seed_and_follow_the_order_of_classes(networks: Networks, rule: str) -> None:
    np.testing.assert_array_equal(ask(networks, rule, seed=0), ask(networks, rule, seed=1))
    settings = sadvae(latent=R, style=V, unseen_rule=rule, temperature=0.3)
    order = [2, 0, 1]
    x, y = tensor(N, DX, seed=1), tensor(K, DY, seed=2)
    turned = unseen_probabilities(settings, networks, x, y[order], 0).numpy()
    np.testing.assert_allclose(turned, ask(networks, rule)[:, order], rtol=1e-5)


@pytest.mark.parametrize("rule", DETERMINISTIC)
def test_temperature_changes_confidence_and_no_answer(networks: Networks, rule: str) -> None:
    cold = sadvae(latent=R, style=V, unseen_rule=rule, temperature=0.1)
    warm = sadvae(latent=R, style=V, unseen_rule=rule, temperature=1.0)
    found = [unseen_probabilities(s, networks, tensor(N, DX, seed=1), tensor(K, DY, seed=2), 0) for s in (cold, warm)]
    assert torch.equal(found[0].argmax(1), found[1].argmax(1))
    assert (found[0].amax(1) > found[1].amax(1)).all()


def test_the_classifier_depends_on_its_seed_alone(networks: Networks) -> None:
    np.testing.assert_array_equal(ask(networks, "classifier", seed=3), ask(networks, "classifier", seed=3))
    assert not np.array_equal(ask(networks, "classifier", seed=3), ask(networks, "classifier", seed=4))


def test_a_relu_clips_logits_at_zero() -> None:
    clipped, free = UnseenClassifier(R, K, relu=True), UnseenClassifier(R, K, relu=False)
    clipped.load_state_dict(free.state_dict())
    x = torch.cat([tensor(N, R, seed=0), -tensor(N, R, seed=0)])
    with torch.no_grad():
        # Opposite inputs: without biases one of each pair has logits below 0.
        for network in (clipped, free):
            for name, parameter in network.named_parameters():
                if name.endswith("bias"):
                    parameter.zero_()
        torch.testing.assert_close(clipped(x), free(x).clamp(min=0))
        assert float(free(x).min()) < 0.0


def test_the_classifier_without_relu_agrees_with_logistic_regression(networks: Networks) -> None:
    """Trained long enough on the same samples, C_u is multinomial logistic regression without a penalty."""
    settings = SADVAESettings(
        latent=R, style=V, classifier_samples=40, classifier_steps=2000, classifier_learning_rate=0.02
    )
    text = tensor(K, DY, seed=2)
    classifier = UnseenClassifier(R, K, relu=False)
    train_classifier(
        classifier, networks, text, settings, RandomDraws("per_dimension", torch.Generator().manual_seed(0))
    )
    labels = torch.arange(K).repeat(40)
    mean, log_variance = networks.text_encoder(text[labels])
    noise = RandomDraws("per_dimension", torch.Generator().manual_seed(0)).noise(mean)
    samples = (mean + (log_variance / 2).exp() * noise).numpy()
    model = LogisticRegression(C=1e6, max_iter=10000, tol=1e-8).fit(samples, labels.numpy())
    probe = tensor(30, R, seed=8)
    np.testing.assert_allclose(classifier.probabilities(probe).numpy(), model.predict_proba(probe.numpy()), atol=0.01)


def test_standardised_rows_have_mean_zero_and_mean_square_one() -> None:
    rows = 3 * tensor(50, DX, seed=0) + 2
    scaling = Standardiser(DX)
    torch.testing.assert_close(scaling(rows), rows)
    scaling.fit(rows)
    torch.testing.assert_close(scaling(rows).mean(0), torch.zeros(DX), atol=1e-5, rtol=0)
    assert float(scaling(rows).pow(2).mean()) == pytest.approx(1, abs=1e-5)
    scaling.fit(rows[:1])
    assert torch.isfinite(scaling(rows)).all()
