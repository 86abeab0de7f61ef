"""The settings of composed movements: how many, and how much their performances differ."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator

from sadvae.errors import SadvaeError
from sadvae.faults import fault_in_settings


class ComposeSettings(BaseModel):
    """How many movements are composed and how often each is performed; everything follows from these and the seed.

    movements: how many. repetitions: of each, every one by a person of its own. seed: 0 or more. style: how much
    persons and performances differ (0: all alike). view_degrees: the body is turned away from the camera by at most
    this angle. noise: sensor noise in metres (standard deviation). Raises SadvaeError for values out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    movements: int = Field(default=2000, ge=1, le=100_000)
    repetitions: int = Field(default=2, ge=1, le=1000)
    seed: int = Field(default=0, ge=0)
    style: float = Field(default=1.0, ge=0, le=2)
    view_degrees: float = Field(default=10.0, ge=0, le=180)
    noise: float = Field(default=0.012, ge=0, le=0.2)

    @model_validator(mode="wrap")
    @classmethod
    def _refused_in_one_sentence(cls, value: Any, check: ModelWrapValidatorHandler[ComposeSettings]) -> ComposeSettings:
        try:
            return check(value)
        except ValidationError as error:
            raise SadvaeError(f"composed movements: {fault_in_settings(error)}.") from error
