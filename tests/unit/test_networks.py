"""The skeleton networks as a whole: shapes on every layout, sizes as published, gradients, and that each can learn."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sadvae.encoders.architectures import Network, new_network, parameter_count
from sadvae.encoders.ctr_gcn import RefinedGraphConvolution
from sadvae.encoders.fusion import LateFusion, sum_of_losses
from sadvae.encoders.network import EncoderOutput, Pointwise
from sadvae.encoders.posec3d import Bottleneck, PoseC3D
from sadvae.encoders.settings import Architecture, EncoderSettings, encoder_preset
from sadvae.encoders.temporal import TemporalConvolution
from sadvae.errors import SadvaeError
from sadvae.skeleton.layouts import load_layout
from sadvae.types import Layout
from tests.conftest import ROOT, STICK

GRAPHS: tuple[Architecture, ...] = ("st_gcn", "st_gcn_pp", "ctr_gcn", "shift_gcn")
every_graph = pytest.mark.parametrize("architecture", GRAPHS)
every_architecture = pytest.mark.parametrize("architecture", [*GRAPHS, "posec3d"])
DRAWN = {"heatmaps": {"pixels": 6, "stem": 3}, "streams": ("joint", "bone")}


def small(architecture: Architecture, **changes: object) -> EncoderSettings:
    changed = {"architecture": architecture, "widths": (16, 32), "strides": (1, 2), "temporal_kernel": 3}
    changed = changed | (DRAWN if architecture == "posec3d" else {}) | changes
    return EncoderSettings.model_validate(encoder_preset("st_gcn_pp").model_dump() | changed)


def network_of(settings: EncoderSettings, layout: Layout = STICK, classes: int = 4) -> Network:
    torch.manual_seed(0)
    return new_network(settings, layout, classes)


def run(network: nn.Module, bodies: torch.Tensor, clip_of_body: list[int] | None = None) -> EncoderOutput:
    clips = torch.arange(len(bodies)) if clip_of_body is None else torch.tensor(clip_of_body)
    return network(bodies, clips, int(clips.max()) + 1)


@every_architecture
@pytest.mark.parametrize("name", ["kinect-v1", "kinect-v2", "coco-17"])
def test_any_layout_gives_features_logits_and_a_map(architecture: Architecture, name: str) -> None:
    layout = load_layout(name)
    network = network_of(small(architecture), layout, 7)
    found = run(network, torch.randn(3, 9, len(layout.joints), 12), [0, 1, 1])
    assert found.features.shape == (2, 32)
    assert found.logits.shape == (2, 7)
    # Two blocks of different widths leave 2 x 2 of 6 x 6 pixels.
    places = 4 if architecture == "posec3d" else len(layout.joints)
    assert found.feature_map.shape == (3, 5, places, 32)
    assert [logits is found.logits for logits in found.trained_logits] == [True]


# Millions, as others have published them for 25 joints and one stream; docs/encoders.md names the sources.
@pytest.mark.parametrize(
    ("preset", "classes", "published"),
    [
        ("st_gcn_published", 60, 3.10),
        ("st_gcn_pp_published", 60, 1.39),
        ("ctr_gcn_published", 120, 1.46),
        ("shift_gcn_published", 60, 0.70),
    ],
)
def test_published_sizes_have_the_published_number_of_parameters(preset: str, classes: int, published: float) -> None:
    settings = encoder_preset(preset)
    count = parameter_count(network_of(settings, load_layout("kinect-v2"), classes))
    assert count / 1e6 == pytest.approx(published, abs=0.013)
    assert (len(settings.widths), settings.frames, settings.streams) == (10, 64, ("joint",))


def test_every_preset_is_explained() -> None:
    with pytest.raises(SadvaeError, match="expected ") as caught:
        encoder_preset("unheard")
    page = (ROOT / "docs" / "encoders.md").read_text()
    for name in str(caught.value).partition("expected ")[2].rstrip(".").split(", "):
        assert f"`{name}`" in page
        assert name.removesuffix("_published") in (encoder_preset.__doc__ or "")


def test_posec3d_has_the_published_size() -> None:
    settings = encoder_preset("posec3d_published")
    network = network_of(settings, load_layout("coco-17"), 60)
    assert parameter_count(network) / 1e6 == pytest.approx(2.0, abs=0.05)
    assert (len(settings.widths), settings.frames, settings.streams) == (13, 48, ("joint",))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        found = run(network.eval(), torch.randn(1, 48, 17, 12))
    # 15.9 G multiply-adds at 56 x 56 pixels; torch counts multiplications and additions.
    assert counter.get_total_flops() / 2e9 == pytest.approx(15.9, rel=0.03)
    # Three stages halve the picture, the last one the frames too: 24 of 48 frames, 7 x 7 of 56 x 56 pixels.
    assert found.feature_map.shape == (1, 24, 7 * 7, 512)


def test_only_the_first_stage_of_posec3d_sees_single_frames() -> None:
    network = network_of(small("posec3d", widths=(16, 16, 32, 16), strides=(1, 1, 1, 1)))
    assert isinstance(network, PoseC3D)
    paths = [block.path for block in network.blocks if isinstance(block, Bottleneck)]
    assert [type(path[0]) for path in paths] == [Pointwise, Pointwise, TemporalConvolution, TemporalConvolution]
    # Three stages, each of which halves the sides of the picture.
    assert [path[3].side for path in paths] == [6, 3, 3, 2]


def test_posec3d_sees_all_bodies_of_a_clip_in_one_volume() -> None:
    network, x = network_of(small("posec3d")).eval(), torch.randn(2, 8, 5, 12)
    with torch.no_grad():
        apart, once, twice = run(network, x), run(network, x, [0, 0]), run(network, x.flip(0), [0, 0])
    torch.testing.assert_close(once.features, twice.features)
    assert (once.features - apart.features.mean(0)).abs().max() > 1e-4
    assert torch.equal(once.feature_map[0], once.feature_map[1])
    torch.testing.assert_close(once.feature_map[0].mean((0, 1)), once.features[0])


@every_graph
def test_features_of_a_clip_are_the_mean_over_its_bodies(architecture: Architecture) -> None:
    network = network_of(small(architecture)).eval()
    x = torch.randn(3, 8, 5, 12)
    with torch.no_grad():
        alone = [run(network, x[i : i + 1]).features[0] for i in range(3)]
        both = run(network, x, [0, 1, 1])
    torch.testing.assert_close(both.features[0], alone[0])
    torch.testing.assert_close(both.features[1], (alone[1] + alone[2]) / 2)


@every_architecture
@pytest.mark.parametrize("fusion", ["early", "late"])
def test_the_gradient_reaches_every_parameter(architecture: Architecture, fusion: str) -> None:
    network = network_of(small(architecture, fusion=fusion)).train()
    for module in network.modules():
        if isinstance(module, RefinedGraphConvolution):
            nn.init.constant_(module.alpha, 0.5)
    sum_of_losses(run(network, torch.randn(6, 8, 5, 12)), torch.arange(6) % 4, 0.1).backward()
    unmoved = [name for name, p in network.named_parameters() if p.grad is None or p.grad.abs().max() < 1e-7]
    assert unmoved == []


@every_architecture
def test_evaluation_repeats_itself_and_training_does_not(architecture: Architecture) -> None:
    network, x = network_of(small(architecture, dropout=0.5)), torch.randn(4, 8, 5, 12)
    with torch.no_grad():
        network.train()
        assert not torch.equal(run(network, x).logits, run(network, x).logits)
        network.eval()
        assert torch.equal(run(network, x).logits, run(network, x).logits)


@every_architecture
def test_a_trivial_task_is_overfitted_in_a_few_steps(architecture: Architecture) -> None:
    network, x, labels = network_of(small(architecture, dropout=0.0)).train(), torch.randn(8, 8, 5, 12), torch.arange(8)
    labels = labels % 4
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(20):
        optimiser.zero_grad()
        sum_of_losses(run(network, x), labels, 0.0).backward()
        optimiser.step()
    output = run(network, x)
    assert sum_of_losses(output, labels, 0.0).item() < 0.1
    assert output.logits.argmax(1).tolist() == labels.tolist()


@every_architecture
def test_half_precision_gives_nearly_the_same(architecture: Architecture) -> None:
    network, x = network_of(small(architecture)).eval(), torch.randn(2, 8, 5, 12)
    with torch.no_grad():
        exact = run(network, x).logits
        with torch.autocast("cpu", torch.bfloat16):
            half = run(network, x).logits
    torch.testing.assert_close(half.float(), exact, atol=0.05, rtol=0.05)


def test_a_network_reads_the_streams_of_its_settings_and_no_other() -> None:
    network = network_of(small("st_gcn", streams=("bone", "joint motion"))).eval()
    x = torch.randn(2, 8, 5, 12)
    other = x.clone()
    other[..., [0, 1, 2, 9, 10, 11]] = 7
    with torch.no_grad():
        assert torch.equal(run(network, x).logits, run(network, other).logits)
        other[..., 4] += 1
        assert not torch.equal(run(network, x).logits, run(network, other).logits)


def test_late_fusion_is_the_mean_of_networks_that_each_read_one_stream() -> None:
    network = network_of(small("st_gcn", streams=("joint", "bone motion"), fusion="late")).eval()
    assert isinstance(network, LateFusion)
    x, labels = torch.randn(3, 8, 5, 12), torch.tensor([0, 3])
    with torch.no_grad():
        found = run(network, x, [0, 1, 1])
        one, two = (run(part, x, [0, 1, 1]) for part in network.networks)
        torch.testing.assert_close(found.features, (one.features + two.features) / 2)
        torch.testing.assert_close(found.logits, (one.logits + two.logits) / 2)
        torch.testing.assert_close(found.feature_map, (one.feature_map + two.feature_map) / 2)
        losses = [nn.functional.cross_entropy(part.logits, labels) for part in (one, two)]
        torch.testing.assert_close(sum_of_losses(found, labels, 0.0), losses[0] + losses[1])
        # The mean of log-softmax says the same.
        mixed = (one.logits.log_softmax(1) + two.logits.log_softmax(1)) / 2
        torch.testing.assert_close(found.logits.softmax(1), mixed.softmax(1))
    assert [part.columns for part in network.networks] == [[0, 1, 2], [9, 10, 11]]


def test_late_fusion_of_one_stream_is_that_stream() -> None:
    assert not isinstance(network_of(small("st_gcn", streams=("bone",), fusion="late")), LateFusion)
