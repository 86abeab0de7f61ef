"""Settings of the skeleton encoder and of its training, and the presets by name."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sadvae.errors import SadvaeError


class EncoderSettings(BaseModel):
    """Everything that moves the encoder's numbers.

    widths, strides: one graph block each; a stride of 2 halves the frames. The last width is that of the features.
    frames: every clip is resized to this many. crop: the smallest share of a clip that a training sample keeps.
    rotation_degrees: largest random turn about the vertical (a third of it about the other axes). scale: largest
    random change of each body axis, as a share. joint_dropout: share of joints that a training sample loses for good.
    noise: standard deviation added to joints, in trunk lengths. averaging: decay by epoch of the moving average of
    weights that is kept in the end (0: the last weights).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    widths: tuple[int, ...] = (64, 128, 256)
    strides: tuple[int, ...] = (2, 2, 2)
    temporal_kernel: int = Field(default=5, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    frames: int = Field(default=48, ge=4)
    epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=32, ge=2)
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

    @model_validator(mode="after")
    def _one_stride_a_width(self) -> EncoderSettings:
        if not self.widths or len(self.widths) != len(self.strides) or min(*self.widths, *self.strides) < 1:
            raise ValueError("widths and strides must be positive and of the same number, at least one")
        if self.temporal_kernel % 2 == 0:
            raise ValueError("temporal_kernel must be odd")
        return self


def encoder_preset(name: str) -> EncoderSettings:
    """The encoder settings of that name: default, or demo (small and quick).

    Raises SadvaeError for any other name.
    """
    if name == "default":
        return EncoderSettings()
    if name == "demo":
        return EncoderSettings(widths=(48, 96, 256), strides=(2, 2, 2), frames=24, epochs=20)
    raise SadvaeError(f"unknown encoder preset {name!r}; expected default or demo.")
