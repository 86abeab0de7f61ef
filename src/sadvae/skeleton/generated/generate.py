"""Generate a set of clips: every subject performs every action several times."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import ValidationError

from sadvae.errors import SadvaeError
from sadvae.faults import fault_in_settings
from sadvae.skeleton.generated.actions import ACTIONS, action_names
from sadvae.skeleton.generated.perform import perform
from sadvae.skeleton.generated.sensor import add_noise, drop_joints, seen_from_camera
from sadvae.skeleton.generated.settings import GeneratedSettings
from sadvae.skeleton.generated.subjects import Subject, draw_subject
from sadvae.skeleton.layouts import load_layout
from sadvae.types import ClipSet, Layout, SkeletonClip

# What a stream of random numbers is for; part of its seed, so that streams never meet.
_SUBJECT, _HABIT, _MOMENT = 0, 1, 2


def generate_clip_set(settings: GeneratedSettings | None = None, **changes: Any) -> ClipSet:
    """Generate clips of people who perform named actions in front of a depth camera.

    settings: how many and how hard (default GeneratedSettings()); changes: fields of it to change, by name
    (actions, subjects, repetitions, seed, style, view_degrees, noise, dropped, left_handed, frames).
    Returns raw clips, float32 [1, frame, 25, 3] in metres, layout kinect-v2, dataset "generated", subjects "1", "2"
    and so on; a joint that was lost is (0, 0, 0). Class ids are positions in action_names(), also when only some
    actions are asked for. A clip depends on its action, subject, repetition, the seed and the settings of difficulty,
    not on what else is generated. Raises SadvaeError for unknown actions and settings out of range.
    """
    chosen = _changed(settings or GeneratedSettings(), changes)
    labels = _labels(chosen)
    layout = load_layout("kinect-v2")
    clips = tuple(
        _clip(label, subject, number, repetition, chosen, layout)
        for number, subject in enumerate(_subjects(chosen), start=1)
        for label in labels
        for repetition in range(1, chosen.repetitions + 1)
    )
    return ClipSet("generated", layout, clips, action_names())


def _changed(settings: GeneratedSettings, changes: dict[str, Any]) -> GeneratedSettings:
    try:
        return GeneratedSettings.model_validate(settings.model_dump() | changes)
    except ValidationError as error:
        raise SadvaeError(f"generated motion: {fault_in_settings(error)}.") from error


def _labels(settings: GeneratedSettings) -> list[int]:
    ids = {name: position for position, name in enumerate(action_names())}
    wanted = action_names() if settings.actions is None else settings.actions
    unknown = [name for name in wanted if name not in ids]
    if unknown or not wanted:
        raise SadvaeError(
            f"generated motion has no action {(unknown or ['(none asked for)'])[0]!r}; choose from: {', '.join(ids)}."
        )
    return sorted({ids[name] for name in wanted})


def _subjects(settings: GeneratedSettings) -> list[Subject]:
    return [
        draw_subject(np.random.default_rng([settings.seed, _SUBJECT, number]), settings.style, settings.left_handed)
        for number in range(1, settings.subjects + 1)
    ]


def _clip(
    label: int, subject: Subject, number: int, repetition: int, settings: GeneratedSettings, layout: Layout
) -> SkeletonClip:
    habit = np.random.default_rng([settings.seed, _HABIT, number, label])
    moment = np.random.default_rng([settings.seed, _MOMENT, number, label, repetition])
    body = perform(ACTIONS[label], subject, habit, moment, settings.frames, settings.style)
    viewed = seen_from_camera(body, moment, settings.view_degrees)
    noisy = add_noise(viewed, moment, settings.noise).astype(np.float32)
    joints = drop_joints(noisy, moment, settings.dropped)[None]
    return SkeletonClip(
        joints, layout, f"generated_a{label + 1:02d}_s{number:02d}_r{repetition:02d}", label, str(number)
    )
