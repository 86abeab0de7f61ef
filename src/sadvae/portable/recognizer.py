"""The recogniser that `sadvae export --to onnx` writes: asked as sadvae.recognizer.Recognizer is, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import read_arrays
from sadvae.methods.fusion import soft_fusion
from sadvae.portable.config import PortableConfig, read_config
from sadvae.portable.graph import Graph
from sadvae.portable.text import GraphTextEncoder, load_text
from sadvae.recognition.answers import Prediction, ranked
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
from sadvae.text.class_lists import known_descriptions
from sadvae.text.embed import embed_classes
from sadvae.types import ClassTexts, ClipSet, FloatArray, Layout


@dataclass(frozen=True, eq=False)
class PortableEncoder:
    """The skeleton encoder: its layout and its graph."""

    layout: Layout
    graph: Graph

    def __call__(self, clips: ClipSet) -> tuple[FloatArray, FloatArray]:
        """Features [n, d] and logits [n, class] of prepared clips, one after the other."""
        found = [self.graph(joints=_bodies(clip.joints)) for clip in clips.clips]
        features, logits = (np.concatenate(rows) for rows in zip(*found, strict=True))
        if not (np.isfinite(features).all() and np.isfinite(logits).all()):
            raise SadvaeError("the encoder gave a number that is not finite; check the clips, or export again.")
        return features, logits


def _bodies(joints: FloatArray) -> FloatArray:
    """The bodies that are there; padding is all zeros."""
    there = joints[np.any(joints, axis=(1, 2, 3))]
    return np.ascontiguousarray(there if len(there) else joints[:1])


@dataclass(frozen=True, eq=False)
class PortableRecognizer:
    """Graphs of encoder, decision and text, and what they are used with. Load one with PortableRecognizer.load.

    frozen: text vectors of names that were known at export. known_texts: of the trained classes, [seen class, d].
    """

    config: PortableConfig
    encoder: PortableEncoder
    decision: Graph
    text: GraphTextEncoder | None
    frozen: dict[str, FloatArray]
    known_texts: FloatArray | None
    _embedded: dict[tuple[str, tuple[str, ...]], FloatArray] = field(default_factory=dict, repr=False)

    @staticmethod
    def load(folder: str | Path) -> PortableRecognizer:
        """Read an exported folder. Raises SadvaeError if it is missing, damaged, or a library is not installed."""
        folder = Path(folder)
        config, arrays = read_config(folder), read_arrays(folder / "classes.npz")
        try:
            names, vectors, known = (arrays[name] for name in ("names", "vectors", "known_texts"))
            frozen = dict(zip(map(str, names.tolist()), vectors.astype(np.float32), strict=True))
        except (KeyError, ValueError) as error:
            raise SadvaeError(f"{folder}/classes.npz is damaged ({error}); export the recogniser again.") from error
        return PortableRecognizer(
            config,
            PortableEncoder(config.layout, Graph(folder / "encoder.onnx")),
            Graph(folder / "decision.onnx"),
            load_text(folder, config.tokens) if config.tokens else None,
            frozen,
            known.astype(np.float32) if len(known) == len(config.seen) else None,
        )

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
        """As sadvae.recognizer.Recognizer.predict."""
        names = checked_names(classes)
        config = self.config
        asked = asked_clips(
            clips, config.layout, config.prepare, map_layout=map_layout, note=note, taken=config.layouts
        )
        given = checked_descriptions(names, descriptions)
        candidates, probabilities, fits = self._decided(self.encoder(asked), names, given, mode, note)
        found = []
        for row, clip in enumerate(asked.clips):
            fit = None if fits is None else float(fits[row])
            best = ranked(candidates, probabilities[row], top_k)
            found.append(Prediction(clip.clip_id, best, fit, fit is not None and fit < none_of_these))
        return found

    def embed(self, names: Sequence[str], descriptions: Descriptions | None = None) -> FloatArray:
        """As sadvae.recognizer.Recognizer.embed; names that were frozen at export need no text model."""
        given = checked_descriptions(names, descriptions)
        told = [(name, own or known_descriptions(name)) for name, own in zip(names, given, strict=True)]
        fixed = {pair for pair, own in zip(told, given, strict=True) if not own and pair[0] in self.frozen}
        new = [pair for pair in dict.fromkeys(told) if pair not in self._embedded and pair not in fixed]
        if new:
            if self.text is None:
                raise SadvaeError(
                    f"this recogniser was exported without its text model and knows no vector of {new[0][0]!r}; it "
                    f"knows {', '.join(self.frozen) or 'none'}; export it with --text-model."
                )
            texts = ClassTexts(tuple(range(len(new))), *zip(*new, strict=True))
            parts = self.config.parts
            rows = embed_classes(texts, self.text, mode=self.config.text_mode, parts=parts).of(texts.ids, parts=parts)
            self._embedded.update(zip(new, rows, strict=True))
        return np.stack([self.frozen[pair[0]] if pair in fixed else self._embedded[pair] for pair in told])

    def _decided(
        self,
        of_clips: tuple[FloatArray, FloatArray],
        names: tuple[str, ...],
        given: tuple[tuple[str, ...], ...],
        mode: Mode,
        note: Note | None,
    ) -> tuple[tuple[str, ...], FloatArray, FloatArray | None]:
        """Candidates, their probabilities [n, k], and how likely any fits [n], as recognition/question.py has them."""
        seen_names, known = self.config.seen_names, self.known_texts
        new, rivals = divided(names, given, seen_names, mode)
        typed = tuple(names[i] for i in new)
        if mode == "gzsl" and typed:
            self._check_gate(len(typed))
        # The graph wants at least one name and one rival; what it says of a stand-in is not looked at.
        stand_in = np.ones((1, self.config.text_width), np.float32)
        vectors = self.embed(typed, [given[i] for i in new]) if typed else stand_in
        say_alike(typed, vectors, note)
        against = known[list(rivals)] if known is not None and rivals else vectors[:1]
        unseen, seen, gate, fits = self.decision(
            features=of_clips[0], logits=of_clips[1], vectors=vectors, rivals=against
        )
        fitted = fits if self.config.has_fit and known is not None and rivals and typed else None
        if mode == "zsl":
            return typed, unseen.astype(np.float32), fitted
        if not typed:
            return seen_names, seen.astype(np.float32), None
        candidates = (*seen_names, *(f"{name} (new)" if name in seen_names else name for name in typed))
        fitted = None if fitted is None else gate + (1 - gate) * fitted
        return candidates, soft_fusion(seen, unseen, gate), fitted

    def _check_gate(self, typed: int) -> None:
        if not self.config.has_gate:
            raise SadvaeError(
                "this recogniser has no gate, so it cannot weigh trained against new classes; use mode zsl."
            )
        wanted = self.config.gate_names
        if wanted not in (None, typed):
            raise SadvaeError(f"the published gate was fitted with {wanted} new classes and is asked about {typed}.")
