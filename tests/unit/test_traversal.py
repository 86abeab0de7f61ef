"""Decoding undoes encoding of a linear model; a traversal keeps one half, moves the other, and names real clips."""

from __future__ import annotations

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.evaluation.traversal import principal_directions, traverse
from sadvae.evaluation.trivial import trivial_task
from sadvae.methods.protocol import Decodes, Latents
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import sadvae
from sadvae.methods.trained_sa_dvae import TrainedSADVAE
from sadvae.task import ZeroShotTask

SMALL = {"latent": 12, "style": 2, "epochs": 4, "iterations_per_epoch": 40}


@pytest.fixture(scope="module")
def task() -> ZeroShotTask:
    return trivial_task()


@pytest.fixture(scope="module")
def trained(task: ZeroShotTask) -> TrainedSADVAE:
    found = SADVAE(sadvae(**SMALL)).fit(task, 0)
    assert isinstance(found, TrainedSADVAE)
    return found


def test_principal_directions_are_those_of_the_covariance() -> None:
    rows = (np.random.default_rng(0).normal(size=(60, 4)) @ np.diag([4, 2, 1, 0.5])).astype(np.float32)
    found = principal_directions(rows)
    values = np.sort(np.linalg.eigvalsh(np.cov(rows.T.astype(np.float64))))[::-1]
    np.testing.assert_allclose(found.spreads**2, values, rtol=1e-5)
    np.testing.assert_allclose(found.shares, values / values.sum(), rtol=1e-5)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(4), atol=1e-6)
    assert (found.axes[np.arange(4), np.abs(found.axes).argmax(axis=1)] > 0).all()


def test_decoding_is_the_decoder_in_the_scale_of_features(task: ZeroShotTask, trained: TrainedSADVAE) -> None:
    features = task.test_seen.features
    latents = trained.latents(features)
    decoded = trained.decode(latents)
    weights = {name: value.numpy() for name, value in trained.weights().items()}
    joint = np.concatenate([latents.semantic, latents.style], axis=1)
    plain = joint @ weights["skeleton_decoder.linear.weight"].T + weights["skeleton_decoder.linear.bias"]
    expected = plain * weights["skeleton_scaling.scale"] + weights["skeleton_scaling.mean"]
    np.testing.assert_allclose(decoded, expected, rtol=1e-4, atol=1e-4)
    left = ((decoded - features) ** 2).mean() / features.var(axis=0).mean()
    assert left < 0.5
    with pytest.raises(SadvaeError, match=r"2 \+ 12 dimensions; this SA-DVAE has 12 \+ 2"):
        trained.decode(Latents(latents.style, latents.semantic))


@pytest.mark.parametrize("half", ["z_r", "z_v"])
def test_a_traversal_moves_one_half_alone(task: ZeroShotTask, trained: TrainedSADVAE, half: str) -> None:
    clip = task.test_unseen.clip_ids[5]
    found = traverse(trained, task, clip, half, 0, steps=(-1, 0, 1), nearest=2)  # pyright: ignore[reportArgumentType]
    row = task.test_unseen.features[5:6]
    low, middle, high = (step.features for step in found.steps)
    np.testing.assert_allclose(middle, trained.decode(trained.latents(row))[0], rtol=1e-5, atol=1e-5)
    # The decoder is linear: equal moves to both sides, in the plane of the moved half's columns.
    np.testing.assert_allclose(high - middle, middle - low, atol=1e-4)
    columns = trained.weights()["skeleton_decoder.linear.weight"].numpy()
    own = columns[:, :12] if half == "z_r" else columns[:, 12:]
    move = (high - middle) / trained.weights()["skeleton_scaling.scale"].numpy()
    np.testing.assert_allclose(own @ np.linalg.lstsq(own, move, rcond=None)[0], move, atol=1e-4)
    assert np.abs(move).max() > 0
    assert (found.clip_id, found.label, found.half) == (clip, int(task.test_unseen.labels[5]), half)
    assert all(len(step.nearest) == 2 for step in found.steps)


def test_the_nearest_clips_are_nearest(task: ZeroShotTask, trained: TrainedSADVAE) -> None:
    found = traverse(trained, task, task.test_seen.clip_ids[0], "z_v", 1)
    mean = task.train.features.mean(axis=0)
    features = np.concatenate([task.test_seen.features, task.test_unseen.features]) - mean
    ids = [*task.test_seen.clip_ids, *task.test_unseen.clip_ids]
    for step in found.steps:
        wanted = step.features - mean
        cosines = [float(f @ wanted / np.linalg.norm(f) / np.linalg.norm(wanted)) for f in features]
        best = int(np.argmax(cosines))
        assert step.nearest[0].clip_id == ids[best]
        assert step.nearest[0].similarity == pytest.approx(cosines[best], abs=1e-5)
        assert [n.similarity for n in step.nearest] == sorted((n.similarity for n in step.nearest), reverse=True)


def test_what_cannot_be_traversed_is_said(task: ZeroShotTask, trained: TrainedSADVAE) -> None:
    clip = task.test_seen.clip_ids[0]
    linear = RidgeNearestText().fit(task, 0)
    assert (isinstance(trained, Decodes), isinstance(linear, Decodes)) == (True, False)
    with pytest.raises(SadvaeError, match="no decoder"):
        traverse(linear, task, clip, "z_v")
    with pytest.raises(SadvaeError, match="not among the"):
        traverse(trained, task, "nobody", "z_v")
    with pytest.raises(SadvaeError, match="directions 0 to 1"):
        traverse(trained, task, clip, "z_v", 2)
