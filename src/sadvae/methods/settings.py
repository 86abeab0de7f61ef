"""Settings of SA-DVAE: the paper's, the published code's and ours, every difference a named field."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from sadvae.errors import SadvaeError
from sadvae.faults import first_fault

# What every method's settings share: they stay as they are, and unknown names, infinities and NaN are refused.
STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
UnseenRule = Literal["classifier", "cosine", "gaussian", "reconstruction", "decoded", "generated", "both"]
# Of latent dimensions, samples and steps: far above what is of use, and few enough for any machine.
LARGEST = 10_000
_S = TypeVar("_S", bound=BaseModel)
# The name of the default, which is no preset of SA-DVAE.
TAUGHT = "taught"
PRESETS = ("sadvae", "taught_sa_dvae", "published", "paper")


class SADVAESettings(BaseModel):
    """Everything that moves SA-DVAE's numbers; docs/method.md explains each field and compares the presets."""

    model_config = STRICT

    # Sizes (paper, section 4): r dimensions for z_r, v for z_v. Without z_v there is no total correlation either.
    latent: int = Field(default=160, ge=1, le=LARGEST)
    style: int = Field(default=8, ge=0, le=LARGEST)
    # Optimisation. iterations_per_epoch: None, or "all" in files, is one pass over the training data.
    batch_size: int = Field(default=64, ge=1)
    epochs: int = Field(default=4, ge=1)
    iterations_per_epoch: int | None = Field(default=50, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    discriminator_every: int = Field(default=5, ge=1)
    # Features and texts are centred and scaled to unit mean square, by statistics of the training data.
    standardise: bool = True
    # "span": the text side trains within the span of the training texts (text_span.py; linear decoders alone).
    text_space: Literal["full", "span"] = "span"
    # Deviations between the paper and its code (numbers: docs/method.md).
    noise: Literal["per_sample", "per_dimension"] = "per_dimension"
    decoder_output: Literal["relu", "linear"] = "linear"
    squared_error: Literal["mean", "sum"] = "mean"
    schedule: Literal["published", "paper", "constant"] = "constant"
    kl_weight: float = Field(default=0.01, ge=0)
    cross_weight: float = Field(default=3.0, ge=0)
    total_correlation: Literal["published", "paper", "density_ratio"] = "density_ratio"
    total_correlation_weight: float = Field(default=0.1, ge=0)
    discriminator_text_branch: bool = False
    discriminator_damped: bool = False
    # The unseen decision.
    unseen_rule: UnseenRule = "both"
    temperature: float = Field(default=0.7, gt=0)
    classifier_relu: bool = False
    classifier_samples: int = Field(default=500, ge=1, le=LARGEST)
    classifier_steps: int = Field(default=300, ge=1, le=LARGEST)
    classifier_learning_rate: float = Field(default=1e-3, gt=0)

    @property
    def narrows_text(self) -> bool:
        """Whether the text side trains within the span; ReLU acts on single coordinates and so bars a change."""
        return self.text_space == "span" and self.decoder_output == "linear"

    @field_validator("iterations_per_epoch", mode="before")
    @classmethod
    def _one_pass(cls, value: Any) -> Any:
        """TOML has no None, so files say "all"."""
        return None if value == "all" else value


class TaughtSettings(BaseModel):
    """Settings of the preset `taught` (taught.py).

    lesson_share: how much of the squared error is of composed movements, the rest is of training clips. penalty: on the
    map's squared size, for features of unit length. hub_correction: see hubs.py. temperature: moves no answer.
    """

    model_config = STRICT

    lesson_share: float = Field(default=0.9, ge=0, lt=1)
    penalty: float = Field(default=0.003, gt=0)
    hub_correction: bool = True
    temperature: float = Field(default=0.5, gt=0)


class TaughtSADVAESettings(SADVAESettings):
    """SA-DVAE's settings, and those of what is taught beside the training clips (taught_sa_dvae.py).

    lesson_share: of every batch, how much is composed movements. hub_correction: see hubs.py. unseen_rule does not
    count: it is always "both".
    """

    iterations_per_epoch: int | None = Field(default=150, ge=1)
    temperature: float = Field(default=1.0, gt=0)
    lesson_share: float = Field(default=0.6, ge=0, lt=1, validate_default=True)
    hub_correction: bool = True

    @property
    def lessons_per_batch(self) -> int:
        """How many of a batch are composed movements."""
        return _lessons(self.lesson_share, self.batch_size)

    @field_validator("lesson_share")
    @classmethod
    def _leaves_own_clips(cls, value: float, info: ValidationInfo) -> float:
        size = info.data.get("batch_size")
        if size is not None and _lessons(value, size) >= size:
            raise ValueError(f"{value} leaves no training clip in a batch of {size}; lower it or raise batch_size")
        return value


def _lessons(share: float, batch_size: int) -> int:
    return round(share * batch_size)


# What the paper and its code have in common: sizes, steps and weights.
_AUTHORS: dict[str, Any] = {
    "latent": 160,
    "style": 8,
    "batch_size": 32,
    "epochs": 10,
    "iterations_per_epoch": None,
    "learning_rate": 3.389022400898623e-05,
    "standardise": False,
    "text_space": "full",
    "kl_weight": 0.1,
    "cross_weight": 1.0,
    "total_correlation_weight": 0.1,
    "unseen_rule": "classifier",
}


def published(**changes: Any) -> SADVAESettings:
    """The published code's arithmetic, with its sizes and rate for NTU RGB+D 60 on the SynSE splits."""
    return _changed(
        _AUTHORS
        | {
            "noise": "per_sample",
            "decoder_output": "relu",
            "schedule": "published",
            "total_correlation": "published",
            "discriminator_text_branch": True,
            "discriminator_damped": True,
            "classifier_relu": True,
        },
        changes,
    )


def paper(**changes: Any) -> SADVAESettings:
    """The paper's equations as written, with the published code's sizes and rate."""
    return _changed(_AUTHORS | {"squared_error": "sum", "schedule": "paper", "total_correlation": "paper"}, changes)


def sadvae(**changes: Any) -> SADVAESettings:
    """Ours, the default; chosen on held-out classes of the calibration level (benchmarks/choose_sadvae.py)."""
    return _changed({}, changes)


def taught_sa_dvae(**changes: Any) -> TaughtSADVAESettings:
    """SA-DVAE of the preset `sadvae`, taught by composed movements too."""
    return _changed({}, changes, TaughtSADVAESettings)


def taught(**changes: Any) -> TaughtSettings:
    """The default: one linear map, taught by composed movements too. Raises SadvaeError for an unknown field."""
    return _changed({}, changes, TaughtSettings)


def preset(name: str, /, **changes: Any) -> SADVAESettings:
    """The preset of that name with changes. Raises SadvaeError for an unknown preset or field."""
    if name not in PRESETS:
        raise SadvaeError(f"unknown preset {name!r}; expected one of {', '.join((TAUGHT, *PRESETS))}, or a baseline.")
    return {"taught_sa_dvae": taught_sa_dvae, "sadvae": sadvae, "published": published, "paper": paper}[name](**changes)


def _changed(base: dict[str, Any], changes: dict[str, Any], kind: type[_S] = SADVAESettings) -> _S:
    try:
        return kind.model_validate(base | changes)
    except ValidationError as error:
        whose = "setting of taught" if kind is TaughtSettings else "SA-DVAE setting"
        raise SadvaeError(f"{whose} {first_fault(error, kind)}.") from error
