"""Settings of the skeleton encoder and of its training, and the presets by name."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from sadvae.encoders.heatmaps import HeatmapSettings
from sadvae.errors import SadvaeError

Architecture = Literal["st_gcn", "st_gcn_pp", "ctr_gcn", "shift_gcn", "posec3d", "kinematics"]
Features = Literal["network", "kinematics"]
Stream = Literal["joint", "bone", "joint motion", "bone motion"]

# What the channels of a block are divided among: branches over time, or one within a bottleneck for four behind it.
_BRANCHES = {"st_gcn_pp": 6, "ctr_gcn": 4, "posec3d": 4}
# Far above what is of use, and few enough for any machine.
MOST_BLOCKS, MOST_CHANNELS = 100, 4096


class EncoderSettings(BaseModel):
    """Everything that moves the encoder's numbers.

    architecture: one of the files of that name; "kinematics" has neither blocks nor streams, so that what is said of
    them here does not move it. streams: what is read of the joints. fusion: "early" joins the streams
    as channels of one network, "late" trains one network a stream and takes the mean of what they say.
    features: what alignment reads: what the network's last block says, or numbers of movement (kinematics.py) beside
    the network, which then gives the logits alone.
    widths, strides: one graph block each; a stride of 2 halves the frames. The last width is that of the features.
    temporal_kernel: frames that a temporal convolution sees (Shift-GCN has none).
    frames: every clip is resized to this many. crop: the smallest share of a clip that a training sample keeps.
    rotation_degrees: largest random turn about y, the vertical but for the recipes agcn and pyskl (a third of it about
    the other axes). scale: largest random change of each body axis, as a share. joint_dropout: share of joints
    that a training sample loses for good. noise: standard deviation added to joints, in trunk lengths. averaging: the
    decay by epoch of the moving average of weights that is kept in the end (0: the last weights).

    Of the training (docs/training.md): optimiser: AdamW, or SGD with a nesterov momentum of 0.9. schedule: how the rate
    goes on after the warm-up: cosine down to zero, or a tenth of it from each epoch of `drops` on. mirror: share of
    training samples that are mirrored, of classes that name no side. precision: see precision.py. compile: use
    torch.compile. validation: share of the training subjects that pick the epoch (0: the last epoch counts).
    heatmaps: how PoseC3D draws joints (heatmaps.py); its streams are joint and bone, and it drops features behind the
    last block, where the others drop channels in each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: Architecture = "st_gcn"
    streams: tuple[Stream, ...] = ("joint", "bone", "joint motion", "bone motion")
    fusion: Literal["early", "late"] = "early"
    features: Features = "network"
    widths: tuple[int, ...] = Field(default=(64, 128, 256), max_length=MOST_BLOCKS)
    strides: tuple[int, ...] = Field(default=(2, 2, 2), max_length=MOST_BLOCKS)
    temporal_kernel: int = Field(default=5, ge=1, le=1001)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    frames: int = Field(default=48, ge=4, le=10_000)
    epochs: int = Field(default=40, ge=1, le=1_000_000)
    batch_size: int = Field(default=32, ge=2, le=1_000_000)
    learning_rate: float = Field(default=3e-3, gt=0)
    weight_decay: float = Field(default=0.02, ge=0)
    warm_up: float = Field(default=0.15, ge=0, lt=1)
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    crop: float = Field(default=0.75, gt=0, le=1)
    rotation_degrees: float = Field(default=20.0, ge=0, le=180)
    scale: float = Field(default=0.1, ge=0, lt=1)
    joint_dropout: float = Field(default=0.05, ge=0, lt=1)
    noise: float = Field(default=0.01, ge=0)
    averaging: float = Field(default=0.7, ge=0, lt=1)

    optimiser: Literal["adamw", "sgd"] = "adamw"
    schedule: Literal["cosine", "step"] = "cosine"
    drops: tuple[int, ...] = ()
    mirror: float = Field(default=0.0, ge=0, le=1)
    precision: Literal["float32", "bfloat16", "tf32", "auto"] = "auto"
    compile: bool = False
    validation: float = Field(default=0.0, ge=0, lt=1)
    heatmaps: HeatmapSettings | None = None

    @property
    def feature_kind(self) -> Features:
        """Whose features alignment reads: the network's, or numbers of movement."""
        return "kinematics" if self.architecture == "kinematics" else self.features

    @property
    def losses(self) -> int:
        """How many parts of the network learn side by side, each by a loss of its own."""
        return len(self.streams) if self.fusion == "late" and self.architecture != "kinematics" else 1

    @model_serializer(mode="wrap")
    def _as_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Written as before there was a choice of features, and heatmaps, so that what is finished stays finished.
        left_out = ("features", "network"), ("heatmaps", None)
        return {k: value for k, value in write(self).items() if (k, value) not in left_out}

    @model_validator(mode="after")
    def _features_of_a_network(self) -> EncoderSettings:
        if self.features == "kinematics" and self.architecture == "kinematics":
            raise ValueError("architecture 'kinematics' has no network beside its features; leave features out")
        return self

    @model_validator(mode="after")
    def _one_stride_a_width(self) -> EncoderSettings:
        if not self.widths or len(self.widths) != len(self.strides) or min(*self.widths, *self.strides) < 1:
            raise ValueError("widths and strides must be positive and of the same number, at least one")
        if max(*self.widths, *self.strides) > MOST_CHANNELS:
            raise ValueError(f"widths and strides must be at most {MOST_CHANNELS}")
        if self.temporal_kernel % 2 == 0:
            raise ValueError("temporal_kernel must be odd")
        return self

    @model_validator(mode="after")
    def _streams_once_and_branches_filled(self) -> EncoderSettings:
        if not self.streams or len(set(self.streams)) != len(self.streams):
            raise ValueError("streams must name at least one stream, and each only once")
        branches = _BRANCHES.get(self.architecture, 1)
        if min(self.widths) < branches:
            raise ValueError(f"widths of {self.architecture} must be at least {branches}, one channel a part")
        return self

    @model_validator(mode="after")
    def _heatmaps_of_posec3d(self) -> EncoderSettings:
        if (self.heatmaps is not None) != (self.architecture == "posec3d"):
            raise ValueError("heatmaps are for architecture 'posec3d' and for it alone, which needs them")
        if self.heatmaps and not set(self.streams) <= {"joint", "bone"}:
            raise ValueError(f"posec3d draws the streams joint and bone alone (found {', '.join(self.streams)})")
        return self

    @model_validator(mode="after")
    def _drops_of_the_step_schedule(self) -> EncoderSettings:
        if bool(self.drops) != (self.schedule == "step") or not all(0 < drop < self.epochs for drop in self.drops):
            raise ValueError(
                "drops are epochs between 0 and epochs, for schedule 'step' and for it alone "
                f"(found drops {list(self.drops)}, schedule {self.schedule!r}, {self.epochs} epochs)"
            )
        return self


_PUBLISHED: dict[str, Any] = {
    "streams": ("joint",),
    "widths": (64, 64, 64, 64, 128, 128, 128, 256, 256, 256),
    "strides": (1, 1, 1, 1, 2, 1, 1, 2, 1, 1),
    "frames": 64,
    "dropout": 0.0,
}
# Lost joints would change every number of a limb.
_KINEMATICS: dict[str, Any] = {
    "architecture": "kinematics",
    "epochs": 20,
    "joint_dropout": 0.0,
    "widths": (250,),
    "strides": (1,),
}
# Twice the steps of the field's default for little more time; chosen on training subjects (docs/accuracy.md).
_COMPACT: dict[str, Any] = {"batch_size": 16}
# As published: SlowOnly of 4, 6 and 3 blocks.
_POSEC3D: dict[str, Any] = {
    "architecture": "posec3d",
    "streams": ("joint",),
    "widths": (128,) * 4 + (256,) * 6 + (512,) * 3,
    "strides": (1,) * 10 + (2, 1, 1),
    "frames": 48,
    "temporal_kernel": 3,
    "dropout": 0.5,
    "heatmaps": HeatmapSettings(),
}
_PRESETS: dict[str, dict[str, Any]] = {
    "default": {**_COMPACT, "architecture": "st_gcn_pp", "temporal_kernel": 3, "features": "kinematics"},
    "demo": {"widths": (48, 96, 256), "strides": (2, 2, 2), "frames": 24, "epochs": 20},
    "st_gcn": {**_COMPACT},
    "st_gcn_pp": {**_COMPACT, "architecture": "st_gcn_pp", "temporal_kernel": 3},
    "ctr_gcn": {**_COMPACT, "architecture": "ctr_gcn"},
    "shift_gcn": {**_COMPACT, "architecture": "shift_gcn"},
    "posec3d": {
        **_COMPACT,
        **_POSEC3D,
        "widths": (64, 128, 128, 128, 256, 256),
        "strides": (2, 1, 1, 2, 1, 1),
        "frames": 32,
        # Of few clips it learns slower than graphs do (docs/accuracy.md).
        "epochs": 80,
        "heatmaps": HeatmapSettings(pixels=12, sigma=0.8, views=("front", "side"), stem=3),
    },
    "kinematics": {**_COMPACT, **_KINEMATICS},
    "st_gcn_published": {**_PUBLISHED, "temporal_kernel": 9, "dropout": 0.5},
    "st_gcn_pp_published": {**_PUBLISHED, "architecture": "st_gcn_pp", "temporal_kernel": 3},
    "ctr_gcn_published": {**_PUBLISHED, "architecture": "ctr_gcn"},
    "shift_gcn_published": {**_PUBLISHED, "architecture": "shift_gcn"},
    "posec3d_published": _POSEC3D,
}


def encoder_preset(name: str) -> EncoderSettings:
    """The encoder settings of that name.

    default: the network of st_gcn_pp (docs/accuracy.md) beside features of kinematics; demo: small and quick;
    st_gcn, st_gcn_pp, ctr_gcn, shift_gcn, posec3d: compact networks with their own features; kinematics: numbers of
    movement without a network, in seconds; and these five networks with _published: as large as published, the joint
    stream alone. docs/encoders.md has a table of them.
    Raises SadvaeError for any other name.
    """
    if name not in _PRESETS:
        raise SadvaeError(f"unknown encoder preset {name!r}; expected {', '.join(_PRESETS)}.")
    return EncoderSettings(**_PRESETS[name])
