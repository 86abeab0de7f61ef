"""What is read of a video, and how much of it at most."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator

from sadvae.errors import SadvaeError
from sadvae.faults import fault_in_settings


class VideoSettings(BaseModel):
    """Limits of videos, and what becomes of frames without a person.

    most_bytes, most_seconds, most_side: of a file, of its length, and of the longer side of its pictures in pixels; a
    video with more is refused. frames_per_second: of a faster video, frames are left out evenly until this rate.
    longest_gap: seconds without a person that are filled by going straight from the pose before to the pose after;
    a longer gap stays empty. least_frames: frames with a person that a clip needs.
    Raises SadvaeError for values out of range, infinity among them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    most_bytes: int = Field(default=4 * 2**30, ge=1)
    most_seconds: float = Field(default=600.0, gt=0)
    most_side: int = Field(default=4096, ge=16)
    frames_per_second: float = Field(default=30.0, gt=0)
    longest_gap: float = Field(default=0.5, ge=0)
    least_frames: int = Field(default=5, ge=1)

    @model_validator(mode="wrap")
    @classmethod
    def _refused_in_one_sentence(cls, value: Any, check: ModelWrapValidatorHandler[VideoSettings]) -> VideoSettings:
        try:
            return check(value)
        except ValidationError as error:
            raise SadvaeError(f"limits of videos: {fault_in_settings(error)}.") from error
