"""Extraction: folded networks compute the same, files are streamed, maps fit the features, misfits are named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from sadvae.encoders import inference
from sadvae.encoders.architectures import new_network
from sadvae.encoders.bodies import Bodies
from sadvae.encoders.extract import extract, extract_maps, extract_to_files, feature_set
from sadvae.encoders.folding import folded
from sadvae.encoders.inference import InferenceSettings
from sadvae.encoders.settings import EncoderSettings, encoder_preset
from sadvae.encoders.streams import all_streams, parents
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.features.rows import map_rows, row_file
from sadvae.skeleton.manifest import new_manifest
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.skeleton.store import read_clip_store, write_clip_store
from sadvae.types import ClipSet, EncoderTrace, SkeletonClip
from tests.conftest import STICK, make_clips

SMALL = {"widths": (8, 16), "strides": (1, 2), "frames": 9}
ARCHITECTURES = ("st_gcn", "st_gcn_pp", "ctr_gcn", "shift_gcn", "posec3d")


def used_network(settings: EncoderSettings, classes: int = 4) -> nn.Module:
    """A network whose weights and statistics are nothing like those of a new one."""
    torch.manual_seed(0)
    network = new_network(settings, STICK, classes)
    for part in network.modules():
        if isinstance(part, _BatchNorm):
            assert part.running_mean is not None
            assert part.running_var is not None
            part.running_mean.normal_()
            part.running_var.uniform_(0.2, 3)
    for parameter in network.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return network.requires_grad_(False).eval()


def used_encoder(architecture: str = "st_gcn", **changes) -> TrainedEncoder:
    settings = EncoderSettings(**(encoder_preset(architecture).model_dump() | SMALL | changes))
    network: Any = used_network(settings)
    return TrainedEncoder(settings, STICK, 4, (), EncoderTrace("e", (0, 1)), network)


def norms(network: nn.Module) -> int:
    return sum(isinstance(part, _BatchNorm) for part in network.modules())


# Norms before and after folding, in two blocks: what stays is the input's norm, norms of joined branches and of shifts.
@pytest.mark.parametrize(
    ("architecture", "changes", "before", "after"),
    [
        ("st_gcn", {}, 6, 1),
        ("st_gcn", {"fusion": "late", "streams": ("joint", "bone")}, 12, 2),
        ("st_gcn_pp", {}, 12, 3),
        ("ctr_gcn", {}, 10, 5),
        ("shift_gcn", {}, 10, 7),
        # Of heatmaps there is no norm of the input, and every norm follows a convolution.
        ("posec3d", {}, 9, 0),
        ("posec3d", {"fusion": "late", "streams": ("joint", "bone")}, 18, 0),
    ],
)
def test_a_folded_network_computes_the_same(architecture: str, changes: dict, before: int, after: int) -> None:
    network = used_encoder(architecture, **changes).network
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    quick = folded(network)
    assert (norms(network), norms(quick)) == (before, after)
    x, clip_of_body = torch.randn(5, 9, 5, 12), torch.tensor([0, 0, 1, 2, 2])
    expected, found = network(x, clip_of_body, 3), quick(x, clip_of_body, 3)
    for name in ("features", "logits", "feature_map"):
        one, other = getattr(expected, name), getattr(found, name)
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-5 * float(one.abs().max()))
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())


def two_bodies(clips: ClipSet) -> ClipSet:
    """The same clips, where every third one gets a second body, and all have their own number of frames."""
    rng = np.random.default_rng(1)

    def changed(number: int, clip: SkeletonClip) -> SkeletonClip:
        shape = (1 + (number % 3 == 0), 4 + number % 7, 5, 3)
        return replace(clip, joints=rng.normal(size=shape).astype(np.float32))

    return replace(clips, clips=tuple(changed(*numbered) for numbered in enumerate(clips.clips)))


CLIPS = two_bodies(make_clips())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_extraction_is_the_unchanged_network_on_whole_clips(architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = used_encoder(architecture)
    bodies = Bodies.of(CLIPS.clips)
    rows = torch.arange(len(bodies.lengths))
    joints = bodies.resized(rows, 9, torch.zeros(len(rows)), torch.ones(len(rows)))
    plain = encoder.network(all_streams(joints, torch.tensor(parents(STICK))), bodies.clips, len(CLIPS.clips))
    monkeypatch.setattr(inference, "clips_at_once", lambda *_: 5)
    found = extract(encoder, CLIPS)
    assert found.seen_logits is not None
    scale = float(plain.features.abs().max())
    np.testing.assert_allclose(found.features, plain.features, rtol=1e-4, atol=1e-5 * scale)
    np.testing.assert_allclose(found.seen_logits, plain.logits, rtol=1e-4, atol=1e-5 * scale)
    assert found.clip_ids == tuple(clip.clip_id for clip in CLIPS.clips)
    assert found.labels.tolist() == [clip.label for clip in CLIPS.clips]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_bfloat16_agrees_to_its_digits(architecture: str) -> None:
    encoder = used_encoder(architecture)
    exact, quick = extract(encoder, CLIPS), extract(encoder, CLIPS, InferenceSettings("bfloat16"))
    assert not np.array_equal(exact.features, quick.features)
    error = np.linalg.norm(exact.features - quick.features) / np.linalg.norm(exact.features)
    assert error < 0.02
    assert quick.features.dtype == np.float32


def test_numbers_of_movement_do_not_depend_on_the_precision() -> None:
    clips = replace(CLIPS, clips=tuple(replace(clip, joints=clip.joints + 100) for clip in CLIPS.clips))
    for chosen in ({"features": "kinematics"}, {"architecture": "kinematics", "widths": (64, 32)}):
        encoder = used_encoder(**{"architecture": "st_gcn", **chosen})
        exact, quick = extract(encoder, clips), extract(encoder, clips, InferenceSettings("bfloat16"))
        assert exact.features.shape == (len(clips.clips), 250)
        np.testing.assert_array_equal(quick.features, exact.features)


def store(folder: Path, clips: ClipSet = CLIPS) -> ClipSet:
    write_clip_store(folder, clips, new_manifest(clips, PrepareSettings(), len(clips.clips), (), None))
    return read_clip_store(folder)


def test_a_store_is_read_by_the_batch_and_written_as_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips, encoder = store(tmp_path / "clips"), used_encoder()
    assert all(isinstance(clip.joints, np.memmap) for clip in clips.clips)
    monkeypatch.setattr(inference, "clips_at_once", lambda *_: 5)
    read: list[int] = []
    of: Callable = Bodies.of
    monkeypatch.setattr(Bodies, "of", staticmethod(lambda batch: read.append(len(batch)) or of(batch)))
    told: list[tuple[int, int]] = []
    found = extract_to_files(tmp_path, "x", encoder, clips, maps=True, progress=lambda *done: told.append(done))
    assert read == [5] * 6 + [2]
    assert told == [(min(5 * n, 32), 32) for n in range(1, 8)]
    assert isinstance(found.features, np.memmap)
    expected = extract(encoder, CLIPS)
    np.testing.assert_array_equal(found.features, expected.features)
    assert found.seen_logits is not None
    assert expected.seen_logits is not None
    np.testing.assert_array_equal(found.seen_logits, expected.seen_logits)
    maps = np.load(tmp_path / "x.maps.npy")
    assert (maps.shape, maps.dtype) == ((32, 16, 5, 5), np.float32)
    np.testing.assert_allclose(maps.mean(axis=(2, 3)), found.features, rtol=1e-4, atol=1e-5)
    assert sorted(p.name for p in tmp_path.glob("*.npy")) == ["x.features.npy", "x.logits.npy", "x.maps.npy"]


def test_maps_are_means_over_bodies(tmp_path: Path) -> None:
    encoder = used_encoder("ctr_gcn")
    both = SkeletonClip(np.random.default_rng(0).normal(size=(2, 6, 5, 3)).astype(np.float32), STICK, "both")
    apart = tuple(replace(both, joints=both.joints[i : i + 1], clip_id=f"body {i}") for i in range(2))
    found = extract_maps(encoder, ClipSet("two", STICK, (both, *apart), ()), tmp_path / "maps.npy")
    np.testing.assert_allclose(found[0], (found[1] + found[2]) / 2, rtol=1e-4, atol=1e-4)
    assert not np.allclose(found[1], found[2])


def test_maps_of_posec3d_have_pixels_and_both_bodies(tmp_path: Path) -> None:
    encoder = used_encoder("posec3d")
    found = extract_to_files(tmp_path, "x", encoder, CLIPS, maps=True)
    maps = np.load(tmp_path / "x.maps.npy")
    # Both blocks halve the sides of 12 x 12 pixels, the second one the frames.
    assert maps.shape == (32, 16, 5, 3 * 3)
    np.testing.assert_allclose(maps.mean(axis=(2, 3)), found.features, rtol=1e-4, atol=1e-5)


def test_no_clips_give_no_rows(tmp_path: Path) -> None:
    none = replace(CLIPS, clips=())
    found = extract_to_files(tmp_path, "x", used_encoder(), none, maps=True)
    assert found.features.shape == (0, 16)
    assert np.load(tmp_path / "x.maps.npy").shape == (0, 16, 5, 5)


def test_where_a_clip_names_nobody_the_features_name_no_subjects() -> None:
    clips, rows = make_clips(classes=1, subjects=2, repetitions=1), np.zeros((2, 4), np.float32)
    mixed = replace(clips, clips=(replace(clips.clips[0], subject=None), clips.clips[1]))
    assert feature_set(used_encoder(), mixed, rows, rows).subjects is None
    assert feature_set(used_encoder(), clips, rows, rows).subjects == ("1", "2")


def test_misfits_are_named(tmp_path: Path) -> None:
    encoder = used_encoder()
    with pytest.raises(SadvaeError, match=r"sticks has 3 classes; this encoder was trained with 4"):
        extract(encoder, make_clips(classes=3))
    with pytest.raises(SadvaeError, match=r"unknown precision 'half'; expected float32 or bfloat16"):
        InferenceSettings("half")  # type: ignore[arg-type]
    if not torch.cuda.is_available():
        with pytest.raises(SadvaeError, match=r"device 'cuda' is not there"):
            InferenceSettings(device="cuda")
    with pytest.raises(SadvaeError, match=r"device 'abacus' is not one that torch knows"):
        InferenceSettings(device="abacus")
    with pytest.raises(SadvaeError, match=r"device 'meta' is not there: torch cannot put a number on it"):
        InferenceSettings(device="meta")
    broken = replace(CLIPS.clips[3], joints=np.sign(CLIPS.clips[3].joints) * np.float32(3e38))
    with pytest.raises(SadvaeError, match=f"the features of clip '{broken.clip_id}' are not finite"):
        extract(encoder, replace(CLIPS, clips=(*CLIPS.clips[:3], broken)))


def test_nothing_is_left_of_a_stopped_extraction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise StoppedError

    monkeypatch.setattr(inference, "clips_at_once", lambda *_: 5)
    with pytest.raises(StoppedError):
        extract_to_files(tmp_path, "x", used_encoder(), CLIPS, maps=True, progress=stop)
    assert not list(tmp_path.iterdir())


def test_row_files_are_plain_arrays_and_whole(tmp_path: Path) -> None:
    path, rows = tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(7, 2, 3)).astype(np.float32)
    with row_file(path, rows.shape) as file:
        file.write(rows[:3])
        file.write(rows[3:].transpose(0, 2, 1).copy().transpose(0, 2, 1))
    np.testing.assert_array_equal(np.load(path), rows)
    np.testing.assert_array_equal(map_rows(path, rows.shape), rows)
    with (
        pytest.raises(SadvaeError, match=r"short\.npy got 3 of 7 rows"),
        row_file(tmp_path / "short.npy", (7,)) as file,
    ):
        file.write(rows[:3, 0, 0])
    with pytest.raises(ValueError, match="shape"), row_file(tmp_path / "odd.npy", (7, 2)) as file:
        file.write(rows)
    assert [p.name for p in tmp_path.iterdir()] == ["rows.npy"]
