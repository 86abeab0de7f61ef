"""What a loaded recogniser keeps between questions: its encoder set up for use, and the vectors of known names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sadvae.encoders.extract import feature_set
from sadvae.encoders.inference import Inference, InferenceSettings
from sadvae.encoders.trained import TrainedEncoder
from sadvae.text.embed import embed_classes
from sadvae.text.encoders import TextEncoder, load_text_encoder
from sadvae.types import ClassTexts, ClipSet, FeatureSet, FloatArray

# Names whose vectors are kept; one takes a few kilobytes.
MOST_NAMES = 50_000


class Told(NamedTuple):
    """A name and the sentences that describe it; a tuple, as thousands are looked up for every question."""

    name: str
    descriptions: tuple[str, ...]


@dataclass(eq=False)
class Memory:
    """Filled by the first question, so that the next ones pay for what is new in them alone."""

    _encoders: dict[str, TextEncoder] = field(default_factory=dict)
    _vectors: dict[tuple[str, Told], FloatArray] = field(default_factory=dict)
    _inference: Inference | None = None

    def text_encoder(self, name: str) -> TextEncoder:
        """The text encoder of that name, loaded once."""
        if name not in self._encoders:
            self._encoders[name] = load_text_encoder(name)
        return self._encoders[name]

    def vectors(self, told: Sequence[Told], encoder: TextEncoder, mode: str, *, parts: bool) -> FloatArray:
        """Text vectors of names float32 [name, d], with parts [name, 3 d]; only names that are new are embedded."""
        of = f"{encoder.name} {encoder.model_hash} {mode} {parts}"
        found = {one: self._vectors[of, one] for one in told if (of, one) in self._vectors}
        new = [one for one in dict.fromkeys(told) if one not in found]
        if new:
            texts = ClassTexts(tuple(range(len(new))), *zip(*((t.name, t.descriptions) for t in new), strict=True))
            rows = embed_classes(texts, encoder, mode=mode, parts=parts).of(texts.ids, parts=parts)
            found |= dict(zip(new, rows, strict=True))
            self._keep({(of, one): found[one] for one in new})
        return np.stack([found[one] for one in told])

    def features(self, encoder: TrainedEncoder, clips: ClipSet) -> FeatureSet:
        """Features and logits of prepared clips, as encoders.extract.extract gives them."""
        if self._inference is None or self._inference.encoder is not encoder:
            self._inference = Inference(encoder, InferenceSettings())
        batches = [(batch.features, batch.logits) for batch in self._inference.outputs(clips)]
        features, logits = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
        return feature_set(encoder, clips, features, logits)

    def _keep(self, new: dict[tuple[str, Told], FloatArray]) -> None:
        self._vectors |= new
        while len(self._vectors) > MOST_NAMES:
            del self._vectors[next(iter(self._vectors))]
