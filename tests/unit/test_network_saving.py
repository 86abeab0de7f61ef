"""Every network is trained, saved, loaded and used; folders from before there was a choice still load."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sadvae.encoders.architectures import new_network
from sadvae.encoders.extract import extract
from sadvae.encoders.fusion import LateFusion, sum_of_losses
from sadvae.encoders.pretrain import pretrain
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.protocol import divide
from sadvae.splits.reader import build_split
from sadvae.types import EncoderTrace
from tests.conftest import make_clips
from tests.memory import LargestTensor

SMALL = {"widths": (8, 16), "strides": (1, 2), "frames": 8, "epochs": 2, "batch_size": 8}
CLIPS = make_clips(6, 4, 2)
TASK = divide(CLIPS, build_split("s", [5], 6))
BEFORE = {
    *("input_norm.weight", "blocks.0.graph.importance", "blocks.0.graph.linear.weight", "blocks.0.graph_norm.weight"),
    *("blocks.0.temporal.convolution.weight", "blocks.0.temporal_norm.running_var", "blocks.1.shortcut.0.weight"),
    *("blocks.1.shortcut.1.bias", "classifier.weight"),
}


@pytest.mark.parametrize(
    "chosen",
    [
        {"architecture": "st_gcn_pp", "streams": ("bone",)},
        {"architecture": "ctr_gcn"},
        {"architecture": "shift_gcn", "streams": ("joint", "bone")},
        {"streams": ("joint", "joint motion"), "fusion": "late"},
        {"architecture": "posec3d", "streams": ("joint", "bone"), "heatmaps": {"pixels": 8}},
    ],
)
def test_any_network_is_trained_saved_loaded_and_used(tmp_path: Path, chosen: dict) -> None:
    encoder = pretrain(TASK, 6, EncoderSettings.model_validate(SMALL | chosen), 0)
    encoder.save(tmp_path / "e")
    again = TrainedEncoder.load(tmp_path / "e")
    found = extract(again, CLIPS)
    assert again.settings == encoder.settings
    assert found.features.shape == (len(CLIPS.clips), 16)
    assert found.seen_logits is not None
    assert found.seen_logits.shape == (len(CLIPS.clips), 6)
    np.testing.assert_array_equal(found.features, extract(encoder, CLIPS).features)


def test_folders_from_before_there_was_a_choice_still_load(tmp_path: Path) -> None:
    encoder = pretrain(TASK, 6, EncoderSettings.model_validate(SMALL), 0)
    assert set(encoder.network.state_dict()) >= BEFORE
    encoder.save(tmp_path / "e")
    path = tmp_path / "e" / "config.json"
    about = json.loads(path.read_text())
    for field in ("architecture", "streams", "fusion"):
        del about["settings"][field]
    path.write_text(json.dumps(about))
    again = TrainedEncoder.load(tmp_path / "e")
    np.testing.assert_array_equal(extract(again, CLIPS).features, extract(encoder, CLIPS).features)


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    pretrain(TASK, 6, EncoderSettings.model_validate(SMALL), 0).save(tmp_path / "e")
    path = tmp_path / "e" / "config.json"
    path.write_text(path.read_text().replace('"st_gcn"', '"shift_gcn"'))
    with pytest.raises(SadvaeError, match="is not a skeleton encoder of sadvae"):
        TrainedEncoder.load(tmp_path / "e")


@pytest.mark.parametrize("architecture", ["st_gcn", "st_gcn_pp", "ctr_gcn", "shift_gcn", "posec3d"])
def test_huge_settings_take_no_memory(tmp_path: Path, architecture: str) -> None:
    drawn = {"streams": ("joint",), "heatmaps": {"pixels": 8}} if architecture == "posec3d" else {}
    settings = EncoderSettings.model_validate(SMALL | {"architecture": architecture} | drawn)
    network = new_network(settings, CLIPS.layout, 6)
    encoder = TrainedEncoder(settings, CLIPS.layout, 6, CLIPS.steps, EncoderTrace("s", (0,)), network)
    about, weights = encoder.describe(), encoder.weights()
    for change in (
        {"settings": about["settings"] | {"widths": (8, 512)}},
        {"settings": about["settings"] | {"widths": (8, 60_000)}},
        {"class_count": 10**6},
        {"class_count": 10**12},
        {"layout": about["layout"] | {"joints": [str(joint) for joint in range(1001)]}},
    ):
        with LargestTensor() as largest, pytest.raises(ValueError, match=r"should have shape|at most"):
            TrainedEncoder.restore(about | change, weights, tmp_path)
        assert largest.numbers < 10_000


def test_late_fusion_trains_each_network_by_its_own_loss() -> None:
    """Two streams together end where each ends alone: no gradient crosses between networks."""
    settings = EncoderSettings.model_validate(SMALL | {"streams": ("joint", "bone"), "fusion": "late", "dropout": 0.0})
    torch.manual_seed(0)
    network = new_network(settings, CLIPS.layout, 6).train()
    assert isinstance(network, LateFusion)
    x, rows, labels = torch.randn(6, 8, 5, 12), torch.arange(6), torch.arange(6)
    sum_of_losses(network(x, rows, 6), labels, 0.1).backward()
    together = [p.grad.clone() for p in network.networks[1].parameters() if p.grad is not None]
    network.zero_grad()
    sum_of_losses(network.networks[1](x, rows, 6), labels, 0.1).backward()
    torch.testing.assert_close(together, [p.grad for p in network.networks[1].parameters()])
