"""The settings of preparation: which steps there are, the names that clips carry, and presets by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sadvae.errors import SadvaeError
from sadvae.faults import first_fault


class PrepareSettings(BaseModel):
    """Which preparation clips get. The defaults are our own recipe; recipe="NAME" starts from another of RECIPES.

    all_bodies: start from every body that the sensor reported, where the reader would drop noise and join tracks.
    bodies: at most this many of a clip are kept, by order: "motion" is variance, "energy" the deviations of 2s-AGCN.
    shortest: clips with fewer frames with a body are left out. repeat_to: a clip gets this many frames and repeats
    over empty ones at its end; None drops empty frames. half: numbers are rounded to float16.
    fill: interpolate lost joints in time. centre: what is moved to the origin. upright: turn as 2s-AGCN does.
    canonicalise: bring each clip to the body frame of its main body (see canonical.py).
    most_frames: only the middle of longer clips is kept. share: the middle share of frames that is kept.
    frames: every clip gets this many, by sampling: "resize" interpolates, "uniform" picks frames.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    all_bodies: bool = False
    bodies: int = Field(default=2, ge=1, le=100)
    order: Literal["motion", "energy"] = "motion"
    shortest: int = Field(default=1, ge=1, le=10_000)
    repeat_to: int | None = Field(default=None, ge=1, le=10_000)
    half: bool = False
    fill: bool = True
    centre: Literal["as it is", "first frame", "each frame"] = "as it is"
    upright: bool = False
    canonicalise: bool = True
    most_frames: int | None = Field(default=None, ge=1, le=10_000)
    share: float = Field(default=1.0, gt=0, le=1)
    frames: int | None = Field(default=None, ge=1, le=10_000)
    sampling: Literal["resize", "uniform"] = "resize"

    @model_validator(mode="before")
    @classmethod
    def _from_recipe(cls, fields: Any) -> Any:
        if not isinstance(fields, dict) or "recipe" not in fields:
            return fields
        if fields["recipe"] not in RECIPES:
            raise ValueError(f"unknown recipe; choose {', '.join(RECIPES)}")
        return RECIPES[fields["recipe"]] | {name: value for name, value in fields.items() if name != "recipe"}

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the steps in their order, as prepared clips carry them."""
        return tuple(name for name in _names(self) if name)


def _names(chosen: PrepareSettings) -> tuple[str, ...]:
    """The name of each step, empty for one that is not taken. _PATTERNS reads them back."""
    sampled = "" if chosen.frames is None else f"{_SAMPLING[chosen.sampling]}: {chosen.frames}"
    return (
        "all bodies of the sensor" if chosen.all_bodies else "",
        f"{_ORDER[chosen.order]}: {chosen.bodies}",
        "drop empty frames" if chosen.repeat_to is None else f"repeat over empty frames to: {chosen.repeat_to}",
        f"drop clips under frames: {chosen.shortest}" if chosen.shortest > 1 else "",
        "round to float16" if chosen.half else "",
        "fill lost joints" if chosen.fill else "",
        _CENTRE[chosen.centre],
        "turn upright" if chosen.upright else "",
        "canonicalise" if chosen.canonicalise else "",
        f"keep middle frames: {chosen.most_frames}" if chosen.most_frames is not None else "",
        f"keep middle share: {chosen.share!r}" if chosen.share < 1 else "",
        sampled,
    )


_CENTRE = {
    "as it is": "",
    "first frame": "centre on the spine of the first frame",
    "each frame": "centre on the spine of each frame",
}
_ORDER = {"motion": "keep bodies", "energy": "keep bodies by energy"}
_SAMPLING = {"resize": "resize to frames", "uniform": "pick frames"}
_PLAIN: dict[str, Any] = {"fill": False, "canonicalise": False}
# What a step's name says of the settings; the value is what the name ends in, where none is given.
_PATTERNS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("all bodies of the sensor", "", {"all_bodies": True}),
    (r"keep bodies: (\d+)", "bodies", {"order": "motion"}),
    (r"keep bodies by energy: (\d+)", "bodies", {"order": "energy"}),
    (r"repeat over empty frames to: (\d+)", "repeat_to", {}),
    (r"drop clips under frames: (\d+)", "shortest", {}),
    ("round to float16", "", {"half": True}),
    ("fill lost joints", "", {"fill": True}),
    (_CENTRE["first frame"], "", {"centre": "first frame"}),
    (_CENTRE["each frame"], "", {"centre": "each frame"}),
    ("turn upright", "", {"upright": True}),
    ("canonicalise", "", {"canonicalise": True}),
    (r"keep middle frames: (\d+)", "most_frames", {}),
    (r"keep middle share: (0\.\d+)", "share", {}),
    (r"resize to frames: (\d+)", "frames", {"sampling": "resize"}),
    (r"pick frames: (\d+)", "frames", {"sampling": "uniform"}),
)


def settings_from_steps(steps: Sequence[str]) -> PrepareSettings:
    """The settings whose steps these are. Raises SadvaeError if no settings have them."""
    fields = dict(_PLAIN)
    for step in steps:
        for pattern, field, known in _PATTERNS:
            if found := re.fullmatch(pattern, step, re.ASCII):
                fields |= known | ({field: found[1]} if field else {})
    try:
        settings = PrepareSettings.model_validate(fields)
    except ValidationError:
        settings = None
    if settings is None or settings.steps != tuple(steps):
        raise SadvaeError(
            f"clips were prepared with steps {', '.join(steps) or '(none)'}, which this version does not make; it "
            f"makes, for example, {', '.join(PrepareSettings().steps)}."
        )
    return settings


# The recipes of published projects as they feed an encoder at test time; docs/clips.md says what each does.
RECIPES: dict[str, dict[str, Any]] = {
    "sadvae": {},
    "ctrgcn": _PLAIN | {"centre": "first frame", "share": 0.95, "frames": 64},
    "agcn": _PLAIN | {"all_bodies": True, "order": "energy", "repeat_to": 300, "centre": "each frame", "upright": True},
    "pyskl": _PLAIN | {"half": True, "centre": "first frame", "upright": True, "frames": 100, "sampling": "uniform"},
    "aimclr": _PLAIN | {"most_frames": 300, "frames": 50},
}


def recipe(name: str, **changes: Any) -> PrepareSettings:
    """The settings of a named recipe with changes. Raises SadvaeError for an unknown recipe or setting."""
    try:
        return PrepareSettings.model_validate({"recipe": name} | changes)
    except ValidationError as error:
        raise SadvaeError(f"recipe {name!r}: {first_fault(error, PrepareSettings)}.") from error
