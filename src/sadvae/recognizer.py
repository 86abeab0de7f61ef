"""What people take home: a recogniser that names actions from words typed now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from sadvae import __version__
from sadvae.encoders.extract import extract
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.files import atomic_folder, read_json, write_json
from sadvae.methods.fusion import soft_fusion
from sadvae.methods.gate import Gate, GateInput, gate_from_json, gate_to_json
from sadvae.methods.protocol import Trained, class_vectors, needs_parts
from sadvae.methods.softmax import softmax
from sadvae.methods.store import load_trained, save_trained
from sadvae.skeleton.joint_maps import joint_map, map_clip
from sadvae.skeleton.preprocess import prepare_clip_set
from sadvae.skeleton.read import read_clips
from sadvae.skeleton.recipe import PrepareSettings, settings_from_steps
from sadvae.text.class_lists import known_descriptions
from sadvae.text.embed import embed_classes
from sadvae.text.encoders import TextEncoder, load_text_encoder
from sadvae.types import ClassEmbeddings, ClassTexts, ClipSet, FeatureSet, FloatArray, SkeletonClip

FORMAT = "sadvae-recognizer-1"
Mode = Literal["zsl", "gzsl"]


class RecognizerConfig(BaseModel):
    """What a recogniser remembers beside its weights: classes it was trained on, preparation and text settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = FORMAT
    dataset: str
    class_names: tuple[str, ...]
    seen: tuple[int, ...]
    prepare: PrepareSettings
    text_encoder: str
    text_mode: str
    version: str
    record: dict[str, Any] = {}


@dataclass(frozen=True)
class Answer:
    """A class name and the probability that the recogniser gives it among the names it was asked about."""

    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The answers for one clip, best first."""

    clip_id: str
    answers: tuple[Answer, ...]

    @property
    def best(self) -> Answer:
        """The first answer."""
        return self.answers[0]


@dataclass(frozen=True, eq=False)
class Recognizer:
    """Skeleton encoder, trained alignment, gate and text encoder in one object.

    Load one with Recognizer.load(folder); ask it with predict(clip, ["wave", "fall down"]).
    """

    config: RecognizerConfig
    encoder: TrainedEncoder
    trained: Trained
    gate: Gate | None
    text_encoder: TextEncoder | None = None

    def save(self, folder: Path) -> None:
        """Write the recogniser as a folder: config.json, encoder/, method/ and gate.json; whole or not at all."""
        with atomic_folder(Path(folder)) as new:
            write_json(new / "config.json", self.config.model_dump(mode="json"))
            write_json(new / "gate.json", gate_to_json(self.gate) if self.gate else None)
            self.encoder.save(new / "encoder")
            save_trained(new / "method", self.trained)

    @staticmethod
    def load(folder: str | Path, text_encoder: TextEncoder | None = None) -> Recognizer:
        """Read a recogniser from its folder.

        text_encoder: use this one in place of the one that the folder names.
        Raises SadvaeError if the folder is missing, incomplete or of another format.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise SadvaeError(
                f"{folder} is not a recogniser folder; expected what `sadvae run` or `sadvae train` writes."
            )
        try:
            config = RecognizerConfig.model_validate(read_json(folder / "config.json"))
        except ValidationError as error:
            raise SadvaeError(f"{folder}/config.json is not a recogniser's: {error.errors()[0]['msg']}.") from error
        if config.format != FORMAT:
            raise SadvaeError(f"{folder} has format {config.format!r}; this version reads {FORMAT!r}.")
        gate = read_json(folder / "gate.json")
        return Recognizer(
            config,
            TrainedEncoder.load(folder / "encoder"),
            load_trained(folder / "method"),
            gate_from_json(gate) if gate else None,
            text_encoder,
        )

    def predict(
        self,
        clips: SkeletonClip | str | Path | Iterable[SkeletonClip | str | Path],
        classes: Sequence[str],
        descriptions: Sequence[Sequence[str]] | None = None,
        *,
        top_k: int | None = None,
        mode: Mode = "zsl",
        map_layout: bool = False,
        note: Callable[[str], None] | None = None,
    ) -> list[Prediction]:
        """Rank class names for raw clips, or for the clips of skeleton files.

        classes: any names, typed now. descriptions: for each name, sentences on how the body moves (they help).
        mode: "zsl" asks about these names alone; "gzsl" adds the classes that the recogniser was trained on.
        map_layout: bring clips of another layout to this recogniser's (skeleton/joint_maps.py) in place of refusing
        them; note is called with a sentence on what was mapped and what is missing.
        Returns one Prediction per clip, probabilities summing to 1 over all candidates, the best top_k of them.
        Raises SadvaeError for unreadable or empty clips, another skeleton layout, or no or doubled names.
        """
        names = _checked_names(classes)
        read = _read_all(clips, self.config.prepare.all_bodies)
        if map_layout:
            read = self._mapped(read, note)
        features = extract(self.encoder, self._prepare(read))
        probabilities = self.trained.unseen_probabilities(features.features, self.embed(names, descriptions))
        if mode == "gzsl":
            names, probabilities = self._with_seen(names, features, probabilities)
        return [
            _ranked(clip_id, names, row, top_k) for clip_id, row in zip(features.clip_ids, probabilities, strict=True)
        ]

    def embed(self, names: Sequence[str], descriptions: Sequence[Sequence[str]] | None = None) -> FloatArray:
        """Text embeddings of class names, with descriptions where given: float32 [class, d].

        For a method that reads verbs and nouns apart [class, 3 d]; those come from the names (text/parts_of_speech.py).
        A name without descriptions that a built-in class list has takes its descriptions from there.
        """
        given = tuple(tuple(d) for d in descriptions) if descriptions is not None else ((),) * len(names)
        if len(given) != len(names):
            raise SadvaeError(
                f"{len(names)} class names come with {len(given)} lists of descriptions; expected one each."
            )
        told = tuple(own or known_descriptions(name) for own, name in zip(given, names, strict=True))
        texts = ClassTexts(tuple(range(len(names))), tuple(names), told)
        encoder = self.text_encoder or load_text_encoder(self.config.text_encoder)
        parts = needs_parts(self.trained)
        classes = embed_classes(texts, encoder, mode=self.config.text_mode, parts=parts)
        return class_vectors(self.trained, classes, texts.ids)

    def _mapped(self, clips: Sequence[SkeletonClip], note: Callable[[str], None] | None) -> list[SkeletonClip]:
        target = self.encoder.layout
        others = {clip.layout.joints: clip.layout for clip in clips if clip.layout.joints != target.joints}
        if note is not None:
            for layout in others.values():
                note(joint_map(layout, target).sentence)
        return [map_clip(clip, target) for clip in clips]

    def _prepare(self, clips: Sequence[SkeletonClip]) -> ClipSet:
        first = clips[0]
        if first.layout.joints != self.encoder.layout.joints:
            raise SadvaeError(
                f"clip {first.clip_id!r} has layout {first.layout.name!r} ({len(first.layout.joints)} joints); "
                f"this recogniser knows {self.encoder.layout.name!r} ({len(self.encoder.layout.joints)} joints); "
                "ask for --map-layout (map_layout=True) to bring it to that layout."
            )
        unlabelled = tuple(SkeletonClip(c.joints, c.layout, c.clip_id, None, c.subject) for c in clips)
        prepared, dropped = prepare_clip_set(ClipSet("asked", first.layout, unlabelled, ()), self.config.prepare)
        if dropped:
            raise SadvaeError(f"clip {dropped[0].clip_id!r} cannot be recognised: {dropped[0].reason}.")
        return prepared

    def _with_seen(
        self, names: tuple[str, ...], features: FeatureSet, unseen: FloatArray
    ) -> tuple[tuple[str, ...], FloatArray]:
        if self.gate is None or features.seen_logits is None:
            raise SadvaeError(
                "this recogniser has no gate, so it cannot weigh trained against new classes; use mode zsl."
            )
        seen = softmax(features.seen_logits[:, self.config.seen])
        seen_names = tuple(self.config.class_names[c] for c in self.config.seen)
        gate = self.gate.seen_probability(GateInput(unseen, features.seen_logits), self.config.seen)
        both = soft_fusion(seen, unseen, gate)
        return (*seen_names, *(f"{n} (new)" if n in seen_names else n for n in names)), both


def new_recognizer(
    encoder: TrainedEncoder,
    trained: Trained,
    gate: Gate | None,
    *,
    dataset: str,
    class_names: tuple[str, ...],
    seen: tuple[int, ...],
    embeddings: ClassEmbeddings,
    record: dict[str, Any] | None = None,
) -> Recognizer:
    """A recogniser from its trained parts; it will prepare clips and embed names as in training.

    Raises SadvaeError where the embeddings came from elsewhere, so that new names could not be embedded alike.
    """
    if not embeddings.mode:
        raise SadvaeError(
            f"the class embeddings were imported ({embeddings.encoder}), so a recogniser could not embed new names "
            "alike; make them with `sadvae embed`, or leave the recogniser out."
        )
    config = RecognizerConfig(
        dataset=dataset,
        class_names=class_names,
        seen=seen,
        prepare=settings_from_steps(encoder.steps),
        text_encoder=embeddings.encoder,
        text_mode=embeddings.mode,
        version=__version__,
        record=record or {},
    )
    return Recognizer(config, encoder, trained, gate)


def _checked_names(classes: Sequence[str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in classes)
    if not names or not all(names):
        raise SadvaeError('no class names to choose from; give some, for example "swipe left, bowling, squat".')
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise SadvaeError(f"class name {twice[0]!r} is given twice; give each name once.")
    return names


def _read_all(
    clips: SkeletonClip | str | Path | Iterable[SkeletonClip | str | Path], all_bodies: bool
) -> list[SkeletonClip]:
    given = [clips] if isinstance(clips, SkeletonClip | str | Path) else list(clips)
    read: list[SkeletonClip] = []
    for item in given:
        read.extend([item] if isinstance(item, SkeletonClip) else read_clips(Path(item), all_bodies=all_bodies))
    if not read:
        raise SadvaeError("no clips to recognise; give at least one clip or file.")
    return read


def _ranked(clip_id: str, names: Sequence[str], row: FloatArray, top_k: int | None) -> Prediction:
    order = np.argsort(-row, kind="stable")[:top_k]
    return Prediction(clip_id, tuple(Answer(names[int(i)], float(row[i])) for i in order))
