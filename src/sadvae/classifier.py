"""A recogniser in the way of scikit-learn: fit, predict, predict_proba and score on lists of clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from sadvae import stages
from sadvae.encoders.levels import extract_level
from sadvae.encoders.pretrain import pretrain
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.evaluation.calibrate import calibrate
from sadvae.evaluation.evaluate import calibrate_gate
from sadvae.evaluation.selection import LastStep, train_levels
from sadvae.files import hash_arrays
from sadvae.methods.gate import GATES
from sadvae.protocol import hold_out
from sadvae.recognition.asked import Mode, checked_names, told_apart
from sadvae.recognizer import Recognizer, new_recognizer
from sadvae.settings import PresetSettings, check_seed
from sadvae.skeleton.preprocess import prepare_clip_set
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.task import ClipTask, ZeroShotTask
from sadvae.teaching import material_with_vectors, taught
from sadvae.text.class_lists import known_descriptions
from sadvae.text.embed import embed_classes
from sadvae.text.encoders import TextEncoder, load_text_encoder
from sadvae.types import ClassEmbeddings, ClassSplit, ClassTexts, ClipSet, SkeletonClip

# A task names what is unseen; where the user names nothing yet, this stands for all other actions.
OTHERS = "another action"


class ZeroShotClassifier(ClassifierMixin, BaseEstimator):
    """Learns from clips with names, and answers with those names and with new ones that no clip shows.

    X is a list of raw SkeletonClip of one layout, y the name of each clip's action.

    new_names: names to answer with beside those of y. mode: "gzsl" answers with both, "zsl" with new_names alone.
    held_out: the share of the classes of y (at least two) that is held out for the gate and the calibration, which
    costs a second training. Where it is 0, or y has fewer than four classes, nothing is held out: then probabilities
    are not calibrated, and new names need mode "zsl".
    encoder, method: presets; encoder_changes, method_changes: settings to change in them. prepare: preparation of clips
    (default: sadvae's own). text_encoder: a name for sadvae.text.encoders.load_text_encoder, or a text encoder; mode of
    the texts: text_mode. gate: see methods/gate.py. cache: a folder that keeps the movements that "taught" composes
    and the vectors of their texts, which spares the next fit about 35 seconds. seed: of everything random.

    After fit: classes_, sorted names, the columns of predict_proba; recognizer_, which can be saved.
    """

    def __init__(
        self,
        new_names: Sequence[str] = (),
        *,
        mode: Mode = "gzsl",
        held_out: float = 0.2,
        encoder: str = "default",
        encoder_changes: dict[str, Any] | None = None,
        method: str = "taught",
        method_changes: dict[str, Any] | None = None,
        prepare: PrepareSettings | None = None,
        text_encoder: str | TextEncoder = "minilm",
        text_mode: str = "descriptions+words",
        gate: str = GATES[0],
        cache: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        self.new_names, self.held_out = new_names, held_out
        self.mode: Mode = mode
        self.encoder, self.encoder_changes = encoder, encoder_changes
        self.method, self.method_changes = method, method_changes
        self.prepare, self.text_encoder, self.text_mode = prepare, text_encoder, text_mode
        self.gate, self.cache, self.seed = gate, cache, seed

    def fit(self, X: Sequence[SkeletonClip], y: Sequence[str]) -> Self:  # noqa: N803 (scikit-learn's name)
        """Train on clips and the names of their actions. Raises SadvaeError for clips or names that do not do."""
        check_seed(self.seed)
        given, told = _named(X), _checked(y)
        names, new = sorted(set(told)), self._new_names(told)
        classes = (*names, *(new or (OTHERS,)))
        split = self._split(len(names), len(new))
        clips = self._clips(given, [names.index(name) for name in told], classes)
        none = clips.where([False] * len(clips.clips))
        task = ClipTask(split, clips, none, none)
        lower = _held_out(task) if split.validation_unseen else None
        encoder_settings = stages.encoder_settings(_preset(self.encoder, self.encoder_changes))
        encoders = [self._pretrained(level, encoder_settings) for level in (task, lower) if level]
        embeddings = self._embeddings(classes)
        aligned = None
        for level, encoder in zip((lower, task) if lower else (task,), reversed(encoders), strict=True):
            parts = extract_level(encoder, level)
            aligned = ZeroShotTask(level.split, *parts, embeddings, aligned, level.allow)
        assert aligned is not None
        self.recognizer_ = self._aligned(encoders[0], aligned, classes)
        self.classes_ = np.array(sorted({*(names if self.mode == "gzsl" else ()), *new}))
        return self

    def predict_proba(self, X: Sequence[SkeletonClip]) -> NDArray[np.float64]:  # noqa: N803
        """Probabilities float64 [clip, class] in the order of classes_; rows sum to 1."""
        check_is_fitted(self)
        recognizer: Recognizer = self.recognizer_
        asked = tuple(self.new_names) or tuple(self.classes_.tolist())
        rows = [
            {answer.name: answer.probability for answer in prediction.answers}
            for prediction in recognizer.predict(_named(X), asked, mode=self.mode)
        ]
        found = np.array([[row[name] for name in self.classes_.tolist()] for row in rows], dtype=np.float64)
        return found / found.sum(axis=1, keepdims=True)

    def predict(self, X: Sequence[SkeletonClip]) -> NDArray[np.str_]:  # noqa: N803
        """The name of each clip's action."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _new_names(self, y: Sequence[str]) -> tuple[str, ...]:
        if not len(self.new_names):
            if self.mode == "zsl":
                raise SadvaeError('mode "zsl" answers with new names alone; give new_names, or take mode "gzsl".')
            return ()
        known = {name.casefold() for name in y}
        names = checked_names(self.new_names)
        new = tuple(name for name in names if name.casefold() not in known)
        if self.mode == "zsl" and len(new) < len(names):
            trained = next(name for name in names if name not in new)
            raise SadvaeError(
                f'{trained!r} is among new_names and among the names of training clips; take mode "gzsl".'
            )
        return new

    def _split(self, seen: int, new: int) -> ClassSplit:
        """Seen classes, new ones, and the seen classes that are held out, evenly spread."""
        held = max(2, round(self.held_out * seen)) if self.held_out else 0
        held = held if seen - held >= 2 else 0
        if new and self.mode == "gzsl" and not held:
            raise SadvaeError(
                f"new names beside {seen} trained ones (held_out {self.held_out}) need a gate, which needs two classes "
                'held out and two left; give clips of more classes, set held_out, or take mode "zsl".'
            )
        chosen = tuple(int(c) for c in np.linspace(0, seen - 1, held).round())
        return ClassSplit("fit", tuple(range(seen)), tuple(range(seen, seen + max(new, 1))), chosen)

    def _clips(self, given: Sequence[SkeletonClip], labels: list[int], classes: tuple[str, ...]) -> ClipSet:
        if len(given) != len(labels):
            raise SadvaeError(f"{len(given)} clips come with {len(labels)} names; expected one each.")
        clips = tuple(
            SkeletonClip(clip.joints, clip.layout, clip.clip_id, label, clip.subject)
            for clip, label in zip(given, labels, strict=True)
        )
        raw = ClipSet("clips", clips[0].layout, clips, classes)
        prepared, dropped = prepare_clip_set(raw, self.prepare or PrepareSettings())
        if dropped:
            raise SadvaeError(f"clip {dropped[0].clip_id!r} cannot be learned from: {dropped[0].reason}.")
        return prepared

    def _pretrained(self, task: ClipTask, settings: EncoderSettings) -> TrainedEncoder:
        return pretrain(task, len(task.train.class_names), settings, self.seed)

    def _encoder(self) -> TextEncoder:
        return load_text_encoder(self.text_encoder) if isinstance(self.text_encoder, str) else self.text_encoder

    def _embeddings(self, classes: tuple[str, ...]) -> ClassEmbeddings:
        told = tuple(known_descriptions(name) for name in classes)
        texts = ClassTexts(tuple(range(len(classes))), classes, told)
        return embed_classes(texts, self._encoder(), mode=self.text_mode)

    def _taught(self, task: ZeroShotTask, classes: tuple[str, ...]) -> ZeroShotTask:
        encoder = self._encoder()
        material, words = material_with_vectors(encoder, self.text_mode, self.cache)
        return taught(task, classes, material, words, encoder, every=True)

    def _aligned(self, encoder: TrainedEncoder, task: ZeroShotTask, classes: tuple[str, ...]) -> Recognizer:
        chosen = _preset(self.method, self.method_changes)
        if stages.takes_lessons(chosen) and encoder.settings.feature_kind == "kinematics":
            task = self._taught(task, classes)
        levels = train_levels(stages.main_method(chosen), task, self.seed, LastStep())
        return new_recognizer(
            encoder,
            levels.trained,
            calibrate_gate(self.gate, levels, task, self.seed),
            dataset="clips",
            class_names=classes,
            seen=task.split.seen,
            embeddings=task.classes,
            calibration=calibrate(levels, task),
            text_encoder=None if isinstance(self.text_encoder, str) else self.text_encoder,
        )


def _preset(name: str, changes: dict[str, Any] | None) -> PresetSettings:
    return PresetSettings(preset=name, changes=changes or {})


def _checked(names: Sequence[str]) -> list[str]:
    """The names of actions as texts. Predictions are without blanks, so names with blanks would never be right."""
    found = [str(name) for name in names]
    odd = next((name for name in found if not name or name != name.strip()), None)
    if odd is not None:
        raise SadvaeError(f"a name in y is {odd!r}; expected names without blanks around them, so strip them first.")
    return found


def _held_out(task: ClipTask) -> ClipTask:
    """The calibration level. Each clip is divided once, and its copies follow it, so that none is on both sides."""
    contents = [(clip.label, clip.subject, hash_arrays(clip.joints)) for clip in task.train.clips]
    content_of = dict(zip((clip.clip_id for clip in task.train.clips), contents, strict=True))
    firsts = {content: clip_id for clip_id, content in reversed(content_of.items())}
    lower = hold_out(replace(task, train=task.train.where(firsts[content_of[name]] == name for name in content_of)))

    def with_copies(part: ClipSet) -> ClipSet:
        held = {content_of[clip.clip_id] for clip in part.clips}
        return task.train.where(content in held for content in contents)

    train, seen, unseen = map(with_copies, (lower.train, lower.test_seen, lower.test_unseen))
    return replace(lower, train=train, test_seen=seen, test_unseen=unseen)


def _named(clips: Sequence[SkeletonClip]) -> list[SkeletonClip]:
    """Clips as they are; names that occur twice, as where a fold draws with replacement, get a number."""
    if not len(clips):
        raise SadvaeError("there are no clips; give a list of SkeletonClip.")
    stray = next((clip for clip in clips if not isinstance(clip, SkeletonClip)), None)
    if stray is not None:
        raise SadvaeError(f"a clip is a {type(stray).__name__}; give a list of SkeletonClip (see docs/recognizer.md).")
    return told_apart(clips)
