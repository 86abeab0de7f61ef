"""What is read of a video, and how much of it at most."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class VideoSettings(BaseModel):
    """Limits of videos, and what becomes of frames without a person.

    most_bytes, most_seconds, most_side: of a file, of its length, and of the longer side of its pictures in pixels; a
    video with more is refused. frames_per_second: of a faster video, frames are left out evenly until this rate.
    longest_gap: seconds without a person that are filled by going straight from the pose before to the pose after;
    a longer gap stays empty. least_frames: frames with a person that a clip needs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_bytes: int = Field(default=4 * 2**30, ge=1)
    most_seconds: float = Field(default=600.0, gt=0)
    most_side: int = Field(default=4096, ge=16)
    frames_per_second: float = Field(default=30.0, gt=0)
    longest_gap: float = Field(default=0.5, ge=0)
    least_frames: int = Field(default=5, ge=1)
