"""What people take home: a recogniser that names actions from words typed now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sadvae import __version__
from sadvae.encoders.posture import average_posture
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.methods.calibration import Calibration
from sadvae.methods.gate import Gate
from sadvae.methods.protocol import Trained, class_vectors, needs_parts
from sadvae.recognition.answers import Answer, Explanation, Prediction
from sadvae.recognition.asked import (
    Asked,
    Descriptions,
    Mode,
    Note,
    asked_clips,
    checked_descriptions,
    checked_names,
    divided,
    say_alike,
)
from sadvae.recognition.card import model_card
from sadvae.recognition.config import Origin, RecognizerConfig
from sadvae.recognition.explain import effects
from sadvae.recognition.folder import Parts, read_parts, write_parts
from sadvae.recognition.hub import downloaded, is_hub_name, uploaded
from sadvae.recognition.memory import Memory, Told
from sadvae.recognition.question import Question
from sadvae.skeleton.recipe import settings_from_steps
from sadvae.text.class_lists import known_descriptions
from sadvae.text.encoders import TextEncoder
from sadvae.types import ClassEmbeddings, ClipSet, FloatArray

__all__ = ["Answer", "Explanation", "Mode", "Prediction", "Recognizer", "RecognizerConfig", "new_recognizer"]


@dataclass(frozen=True, eq=False)
class Recognizer:
    """Skeleton encoder, trained alignment, gate, calibration and text encoder in one object.

    Load one with Recognizer.load(folder); ask it with predict(clip, ["wave", "fall down"]).
    known_texts: text vectors of the trained classes, float32 [seen class, d], where they are at hand.
    """

    config: RecognizerConfig
    encoder: TrainedEncoder
    trained: Trained
    gate: Gate | None
    text_encoder: TextEncoder | None = None
    calibration: Calibration | None = None
    known_texts: FloatArray | None = None
    memory: Memory = field(default_factory=Memory, repr=False)

    @property
    def parts(self) -> Parts:
        """All that a folder of this recogniser holds."""
        return Parts(self.config, self.encoder, self.trained, self.gate, self.calibration, self.known_texts)

    def save(self, folder: str | Path) -> None:
        """Write config.json, model.safetensors and README.md, the model card; whole or not at all."""
        write_parts(Path(folder), self.parts, model_card(self.parts))

    save_pretrained = save

    @staticmethod
    def load(folder: str | Path, text_encoder: TextEncoder | None = None) -> Recognizer:
        """Read a recogniser from its folder.

        text_encoder: use this one in place of the one that the folder names.
        Raises SadvaeError if the folder is missing, incomplete or of another format.
        """
        p = read_parts(Path(folder))
        return Recognizer(p.config, p.encoder, p.trained, p.gate, text_encoder, p.calibration, p.known_texts)

    @staticmethod
    def from_pretrained(name: str | Path, *, revision: str | None = None, **options: Any) -> Recognizer:
        """A recogniser from a folder, or from the Hugging Face hub by its name OWNER/MODEL.

        options: of huggingface_hub.snapshot_download: token, cache_dir, local_files_only, force_download.
        Raises SadvaeError for a file, and if neither has it.
        """
        if Path(name).is_file():
            raise SadvaeError(f"{name} is a file; the recogniser's folder comes first, then clips.")
        away = not Path(name).is_dir() and is_hub_name(str(name))
        return Recognizer.load(downloaded(str(name), revision, **options) if away else name)

    def push_to_hub(
        self, name: str, *, private: bool | None = None, token: str | None = None, message: str = "Add recogniser"
    ) -> str:
        """Save to the Hugging Face hub as OWNER/MODEL; returns the address of the commit. Raises SadvaeError."""
        return uploaded(self.save, name, private=private, token=token, message=message)

    def predict(
        self,
        clips: Asked,
        classes: Sequence[str],
        descriptions: Descriptions | None = None,
        *,
        top_k: int | None = None,
        mode: Mode = "zsl",
        none_of_these: float = 0.5,
        map_layout: bool = False,
        note: Note | None = None,
    ) -> list[Prediction]:
        """Rank class names for raw clips, or for the clips of skeleton files.

        classes: any names, typed now. descriptions: for each name, sentences on how the body moves (they help).
        mode: "zsl" asks about these names alone; "gzsl" adds the classes that the recogniser was trained on.
        none_of_these: a prediction says "none of these" where any name fits with less than this probability; 0: never.
        map_layout: bring clips of another layout to this recogniser's (skeleton/joint_maps.py) in place of refusing
        them, which config.layouts get unasked. note: is called with sentences on what was mapped and what is missing,
        and on names that the text encoder reads alike.
        Returns one Prediction per clip, probabilities summing to 1 over all candidates, the best top_k of them; clips
        get numbers behind their names where two have one name.
        Raises SadvaeError for unreadable clips, another skeleton layout, no or doubled names, or a top_k below 1, and
        UnfitError for clips that hold nothing to recognise.
        """
        names = checked_names(classes)
        features = self.memory.features(self.encoder, self._prepared(clips, map_layout, note))
        question = self._question(names, descriptions, mode)
        say_alike(question.new, question.vectors, note)
        return question.predictions(features, top_k, none_of_these)

    def explain(
        self,
        clips: Asked,
        classes: Sequence[str],
        descriptions: Descriptions | None = None,
        *,
        mode: Mode = "zsl",
        map_layout: bool = False,
        note: Note | None = None,
    ) -> list[Explanation]:
        """Why each clip gets its best answer: the nearest trained classes, and which joints and moments mattered.

        Arguments and errors are those of predict. Body parts, joints and moments are taken away one at a
        time (recognition/explain.py), which costs as much as predicting 15 clips more than there are joints.
        """
        names = checked_names(classes)
        asked, question = self._prepared(clips, map_layout, note), self._question(names, descriptions, mode)
        features = self.memory.features(self.encoder, asked)
        best = question.probabilities(features).argmax(axis=1)
        return [
            self._explained(asked, row, int(column), question, near)
            for row, (column, near) in enumerate(zip(best, question.nearest(features), strict=True))
        ]

    def embed(self, names: Sequence[str], descriptions: Descriptions | None = None) -> FloatArray:
        """Text embeddings of class names, with descriptions where given: float32 [class, d].

        For a method that reads verbs and nouns apart [class, 3 d]; those come from the names (text/parts_of_speech.py).
        A name without descriptions that a built-in class list has takes its descriptions from there. Names that were
        embedded before are remembered.
        """
        given = checked_descriptions(names, descriptions)
        told = [Told(name, own or known_descriptions(name)) for own, name in zip(given, names, strict=True)]
        config, parts = self.config, needs_parts(self.trained)
        encoder = self.text_encoder or self.memory.text_encoder(config.text_encoder)
        return self.memory.vectors(told, encoder, config.text_mode, parts=parts)

    def _prepared(self, clips: Asked, map_layout: bool, note: Note | None) -> ClipSet:
        config, layout = self.config, self.encoder.layout
        return asked_clips(clips, layout, config.prepare, map_layout=map_layout, note=note, taken=config.layouts)

    def _question(self, names: tuple[str, ...], descriptions: Descriptions | None, mode: Mode) -> Question:
        given = checked_descriptions(names, descriptions)
        new, rivals = divided(names, given, self.config.seen_names, mode)
        typed = tuple(names[i] for i in new)
        vectors = self.embed(typed, [given[i] for i in new]) if typed else np.zeros((0, 0), np.float32)
        texts = self.known_texts[list(rivals)] if self.known_texts is not None else None
        return Question(self.parts, typed, vectors, self.config.seen_names if mode == "gzsl" else (), texts)

    def _explained(
        self, asked: ClipSet, row: int, column: int, question: Question, nearest: tuple[Answer, ...]
    ) -> Explanation:
        def ask(clips: ClipSet) -> FloatArray:
            return question.probabilities(self.memory.features(self.encoder, clips))[:, column]

        clip = asked.clips[row]
        found = effects(clip, asked.steps, average_posture(self.encoder), ask)
        answer = Answer(question.names[column], found.whole)
        return Explanation(clip.clip_id, answer, nearest, found.parts, found.joints, found.moments)


def new_recognizer(
    encoder: TrainedEncoder,
    trained: Trained,
    gate: Gate | None,
    *,
    dataset: str,
    class_names: tuple[str, ...],
    seen: tuple[int, ...],
    embeddings: ClassEmbeddings,
    calibration: Calibration | None = None,
    record: Origin | None = None,
    text_encoder: TextEncoder | None = None,
    layouts: tuple[str, ...] = (),
) -> Recognizer:
    """A recogniser from its trained parts; it will prepare clips and embed names as in training.

    layouts: names of the layouts of clips that were mapped for its training, if any were.
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
        record=record or Origin(),
        layouts=tuple(dict.fromkeys(layouts)),
    )
    known = np.ascontiguousarray(class_vectors(trained, embeddings, seen))
    return Recognizer(config, encoder, trained, gate, text_encoder, calibration, known)
