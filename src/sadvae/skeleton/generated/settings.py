"""The settings of the generator: how many clips, and how hard they are to tell apart."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class GeneratedSettings(BaseModel):
    """How many clips are generated, and how hard they are; every clip follows from the settings and the seed.

    actions: names of actions, None for all of them. Class ids and names stay those of the whole list.
    subjects, repetitions: every subject performs every action that many times. seed: 0 or more.
    style: how much subjects and repetitions differ in habit, extent, path, tempo and idle movement (0: all alike).
    view_degrees: the body is turned away from the camera by at most this angle. noise: sensor noise in metres
    (standard deviation). dropped: expected stretches in which a joint is lost, a clip.
    left_handed: the share of left-handed subjects. frames: (fewest, most) frames of a clip, at 30 a second.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    actions: tuple[str, ...] | None = None
    subjects: int = Field(default=8, ge=1, le=1000)
    repetitions: int = Field(default=3, ge=1, le=1000)
    seed: int = Field(default=0, ge=0)
    style: float = Field(default=1.2, ge=0, le=2)
    view_degrees: float = Field(default=40.0, ge=0, le=180)
    noise: float = Field(default=0.025, ge=0, le=0.2)
    dropped: float = Field(default=6.0, ge=0, le=50)
    left_handed: float = Field(default=0.25, ge=0, le=1)
    frames: tuple[int, int] = (40, 90)

    @model_validator(mode="after")
    def _frames_in_order(self) -> GeneratedSettings:
        if not 20 <= self.frames[0] <= self.frames[1] <= 1000:
            raise ValueError("frames must be (fewest, most), both from 20 to 1000, in this order")
        return self
