"""Compose random movements: clips of people who perform them, and the sentences that say them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadvae.skeleton.composed.movement import Movement, draw_movement
from sadvae.skeleton.composed.perform import perform_movement
from sadvae.skeleton.composed.sentences import describe_movement
from sadvae.skeleton.composed.settings import ComposeSettings
from sadvae.skeleton.generated.sensor import add_noise, seen_from_camera
from sadvae.skeleton.generated.subjects import draw_subject
from sadvae.skeleton.layouts import load_layout
from sadvae.types import ClipSet, Layout, SkeletonClip

# What a stream of random numbers is for; part of its seed, so that streams never meet.
_MOVEMENT, _MOMENT, _SUBJECT = 3, 4, 5


@dataclass(frozen=True, eq=False)
class Composed:
    """Movements with their words; movement = class id = position.

    clips: raw clips, float32 [1, frame, 25, 3] in metres, layout kinect-v2, dataset "composed". sentences: of each
    movement, two to four whole ones. parts: short names of what hands, and trunk and legs do, such as ("sweep right
    hand up", "squat"), which several movements may share; class names of the clips are these after the movement's
    number.
    """

    clips: ClipSet
    sentences: tuple[tuple[str, ...], ...]
    parts: tuple[tuple[str, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """A short name of each movement."""
        return tuple(map(named, self.parts))


def named(parts: tuple[str, ...]) -> str:
    """The short name of a movement with these parts."""
    return " and ".join(parts)


def compose(settings: ComposeSettings | None = None) -> Composed:
    """Compose random movements of hands, trunk and legs, the clips of people who perform them, and their sentences.

    settings: how many (default ComposeSettings()). A movement, its words and its clips depend on the seed, its number
    and the settings of difficulty, not on how many others there are.
    """
    chosen = settings or ComposeSettings()
    layout = load_layout("kinect-v2")
    drawn = [_drawn(number, chosen.seed) for number in range(chosen.movements)]
    clips = tuple(
        _clip(movement, number, repetition, chosen, layout)
        for number, (movement, _, _) in enumerate(drawn)
        for repetition in range(chosen.repetitions)
    )
    _, sentences, parts = zip(*drawn, strict=True)
    class_names = tuple(f"{number} {named(one)}" for number, one in enumerate(parts))
    return Composed(ClipSet("composed", layout, clips, class_names), sentences, parts)


def _drawn(number: int, seed: int) -> tuple[Movement, tuple[str, ...], tuple[str, ...]]:
    generator = np.random.default_rng([seed, _MOVEMENT, number])
    movement = draw_movement(generator)
    return (movement, *describe_movement(movement, generator))


def _clip(movement: Movement, number: int, repetition: int, settings: ComposeSettings, layout: Layout) -> SkeletonClip:
    moment = np.random.default_rng([settings.seed, _MOMENT, number, repetition])
    person = np.random.default_rng([settings.seed, _SUBJECT, number, repetition])
    body = perform_movement(movement, draw_subject(person, settings.style, 0.0), moment, settings.style)
    viewed = seen_from_camera(body, moment, settings.view_degrees)
    joints = add_noise(viewed, moment, settings.noise).astype(np.float32)[None]
    name = f"{number}_{repetition}"
    return SkeletonClip(joints, layout, f"composed_{name}", number, name)
