"""Lessons from composed movements: composed, prepared and measured once, then put into words by any text encoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sadvae import __version__
from sadvae.encoders.kinematics import FARTHEST
from sadvae.encoders.measures import numbers_of
from sadvae.encoders.settings import EncoderSettings
from sadvae.errors import SadvaeError
from sadvae.files import read_arrays, write_arrays
from sadvae.lessons import Lessons
from sadvae.skeleton.composed import ComposeSettings, compose, named
from sadvae.skeleton.preprocess import prepare_clip_set
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.task import ZeroShotTask
from sadvae.text.embed import embed_classes
from sadvae.text.encoders import TextEncoder
from sadvae.types import ClassTexts, FloatArray, IntArray

# From this cosine on, a part of a movement is called nearly like a class: "jog" and "run", "bend" and "bend down".
CLOSE = 0.5


@dataclass(frozen=True, eq=False)
class Material:
    """What lessons are made of: features float32 [n, number], movements int64 [n], and what each movement is called.

    sentences: of each movement. parts: short names of what hands, and what trunk and legs do.
    """

    features: FloatArray
    movements: IntArray
    sentences: tuple[tuple[str, ...], ...]
    parts: tuple[tuple[str, ...], ...]

    def vectors(self, encoder: TextEncoder, mode: str, cache: Path | None = None) -> FloatArray:
        """The texts that a mode takes of each movement, as a vector of that encoder: float32 [movement, e].

        cache: see text/embed.py.
        """
        words = ClassTexts(tuple(range(len(self.parts))), tuple(map(named, self.parts)), self.sentences)
        return embed_classes(words, encoder, mode=_mode(mode), cache=cache, parts=False).vectors

    def apart_from(self, names: Sequence[str], encoder: TextEncoder, close: float = CLOSE) -> list[int]:
        """The movements without a part whose name is at least `close` (a cosine) to one of `names`.

        So that no class which counts as unseen is taught under another name. Raises SadvaeError where none is left.
        """
        from sklearn.metrics.pairwise import cosine_similarity

        flat = sorted({part for parts in self.parts for part in parts})
        near = cosine_similarity(encoder.encode(flat), encoder.encode(list(names))).max(axis=1) >= close
        out = {part for part, is_near in zip(flat, near, strict=True) if is_near}
        kept = [number for number, parts in enumerate(self.parts) if not out & set(parts)]
        if not kept:
            raise SadvaeError("every composed movement has a part called nearly like an unseen class; none can teach.")
        return kept

    def lessons(self, vectors: FloatArray, kept: Sequence[int]) -> Lessons:
        """Lessons of the movements `kept`, with their rows of vectors() as texts."""
        rows = np.isin(self.movements, kept)
        movements = np.searchsorted(kept, self.movements[rows]).astype(np.int64)
        return Lessons(self.features[rows], movements, vectors[list(kept)])


def taught(
    task: ZeroShotTask,
    class_names: Sequence[str],
    material: Material,
    vectors: FloatArray,
    encoder: TextEncoder,
    *,
    every: bool = False,
) -> ZeroShotTask:
    """A task and its calibration with lessons, each without movements called nearly like one of its unseen classes.

    vectors: of material, from the same encoder and mode as the task's classes. every: teach the task every movement, to
    get the best recogniser where nothing is measured on its unseen classes; calibration, which measures, stays apart.
    """
    unseen, lower = set(task.split.unseen), task.calibration

    def lessons(classes: set[int]) -> Lessons:
        return material.lessons(vectors, material.apart_from([class_names[c] for c in sorted(classes)], encoder))

    if lower is not None:
        lower = replace(lower, lessons=lessons(unseen | set(lower.split.unseen)))
    own = material.lessons(vectors, range(len(vectors))) if every else lessons(unseen)
    return replace(task, lessons=own, calibration=lower)


def _mode(mode: str) -> str:
    """Composed movements have sentences of their own, so the lexicon's are not wanted for them."""
    return mode.replace("movement", "descriptions")


def make_material(settings: ComposeSettings | None = None) -> Material:
    """Compose movements, prepare their clips as any others, and take their numbers of movement.

    Numbers are standardised by these clips alone and clipped as an encoder does (encoders/kinematics.py).
    """
    found = compose(settings)
    clips, _ = prepare_clip_set(found.clips, PrepareSettings())
    numbers = numbers_of(clips, EncoderSettings().frames).numpy()
    features = (numbers - numbers.mean(0)) / np.sqrt(numbers.var(0) + 1e-5)
    labels = np.array([clip.label for clip in clips.clips], dtype=np.int64)
    return Material(features.clip(-FARTHEST, FARTHEST).astype(np.float32), labels, found.sentences, found.parts)


def material_with_vectors(
    encoder: TextEncoder, mode: str, cache: str | Path | None = None
) -> tuple[Material, FloatArray]:
    """Composed movements, and the vectors of their texts for a mode: float32 [movement, e].

    cache: a folder that keeps both for the next time; a damaged file in it is made again.
    """
    folder = Path(cache) if cache is not None else None
    material = make_material() if folder is None else _kept(folder)
    return material, material.vectors(encoder, mode, folder)


def _kept(folder: Path) -> Material:
    key = hashlib.sha256(f"{__version__} {ComposeSettings().model_dump_json()}".encode()).hexdigest()
    path = folder / f"composed-{key[:32]}.npz"
    try:
        return read_material(path)
    except SadvaeError:
        material = make_material()
        write_material(path, material)
        return material


def write_material(path: Path, material: Material) -> None:
    """Write material as .npz; the file appears whole or not at all."""
    words = json.dumps([material.sentences, material.parts])
    write_arrays(path, {"features": material.features, "movements": material.movements, "words": np.array(words)})


def read_material(path: Path) -> Material:
    """Read what write_material wrote. Raises SadvaeError if it is missing or damaged."""
    arrays = read_arrays(path)
    try:
        sentences, parts = (tuple(map(tuple, words)) for words in json.loads(str(arrays["words"])))
        features, movements = arrays["features"].astype(np.float32), arrays["movements"].astype(np.int64)
        return Material(features, movements, sentences, parts)
    except (KeyError, ValueError, TypeError) as error:
        raise SadvaeError(
            f"{path} does not hold composed lessons ({error}); delete it, and it is made anew."
        ) from error
