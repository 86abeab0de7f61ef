"""One question to a recogniser: the candidates, and their probabilities for any clips."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.methods.calibration import fit_scores, logits_of, tempered
from sadvae.methods.fusion import soft_fusion
from sadvae.methods.gate import Gate, GateInput
from sadvae.methods.softmax import softmax
from sadvae.recognition.answers import Answer, Prediction, ranked
from sadvae.recognition.folder import Parts
from sadvae.types import FeatureSet, FloatArray


@dataclass(frozen=True, eq=False)
class Question:
    """Names typed now, with the trained classes or without.

    new: the names that are answered by their texts; vectors: theirs, float32 [new, d]. trained: the names of trained
    classes that are candidates too, all of them or none. rivals: text vectors of the trained classes that were not
    typed [rival, d], which a name has to beat to fit; None where they are not at hand.
    """

    parts: Parts
    new: tuple[str, ...]
    vectors: FloatArray
    trained: tuple[str, ...]
    rivals: FloatArray | None

    @property
    def names(self) -> tuple[str, ...]:
        """All candidates, in the order of the columns of probabilities()."""
        return (*self.trained, *(f"{name} (new)" if name in self.trained else name for name in self.new))

    def probabilities(self, features: FeatureSet) -> FloatArray:
        """Of all candidates: float32 [n, k], rows sum to 1."""
        if not self.trained:
            return self._of_new(features)[1]
        seen = self._of_trained(features)
        if not self.new:
            return seen
        raw, unseen = self._of_new(features)
        return soft_fusion(seen, unseen, self._seen_probability(features, raw))

    def fits(self, features: FeatureSet) -> FloatArray | None:
        """P(any of the candidates fits): float32 [n]; None without calibration, or where all are trained classes."""
        fit = self.parts.calibration.fit if self.parts.calibration else None
        if fit is None or self.rivals is None or not len(self.rivals) or not self.new:
            return None
        both = np.concatenate([self.vectors, self.rivals])
        logits = logits_of(self.parts.trained.unseen_probabilities(features.features, both))
        new = fit.probability(fit_scores(logits[:, : len(self.new)], logits[:, len(self.new) :]))
        if not self.trained:
            return new
        seen = self._seen_probability(features, self._of_new(features)[0])
        return (seen + (1 - seen) * new).astype(np.float32)

    def predictions(self, features: FeatureSet, top_k: int | None, none_below: float) -> list[Prediction]:
        """One Prediction a clip: the best top_k answers; none of these where a fit is less likely than none_below."""
        fits, names = self.fits(features), self.names
        found = [
            Prediction(clip_id, ranked(names, row, top_k))
            for clip_id, row in zip(features.clip_ids, self.probabilities(features), strict=True)
        ]
        if fits is None:
            return found
        return [replace(p, fits=float(f), none_of_these=bool(f < none_below)) for p, f in zip(found, fits, strict=True)]

    def nearest(self, features: FeatureSet, count: int = 3) -> list[tuple[Answer, ...]]:
        """For each clip the trained classes that it looks most like."""
        return [ranked(self.parts.config.seen_names, row, count) for row in self._of_trained(features)]

    def _of_new(self, features: FeatureSet) -> tuple[FloatArray, FloatArray]:
        """Probabilities of the new names, as the method gives them and calibrated."""
        raw = self.parts.trained.unseen_probabilities(features.features, self.vectors)
        found = self.parts.calibration.unseen if self.parts.calibration else None
        return raw, tempered(logits_of(raw), found.value) if found else raw

    def _of_trained(self, features: FeatureSet) -> FloatArray:
        """Probabilities of the trained classes, calibrated."""
        if features.seen_logits is None:
            raise SadvaeError("the features carry no logits of the trained classes.")
        found = self.parts.calibration.seen if self.parts.calibration else None
        logits = features.seen_logits[:, list(self.parts.config.seen)]
        return tempered(logits, found.value) if found else softmax(logits)

    def _seen_probability(self, features: FeatureSet, unseen: FloatArray) -> FloatArray:
        """P(a trained class), by the gate, which reads what the method gives, not what is calibrated."""
        assert features.seen_logits is not None
        return _gate(self.parts).seen_probability(GateInput(unseen, features.seen_logits), self.parts.config.seen)


def _gate(parts: Parts) -> Gate:
    if parts.gate is None:
        raise SadvaeError("this recogniser has no gate, so it cannot weigh trained against new classes; use mode zsl.")
    return parts.gate
