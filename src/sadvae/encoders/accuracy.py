"""How often a trained encoder names the class of a clip, all classes in question."""

from __future__ import annotations

import numpy as np

from sadvae.encoder_record import ClassAccuracy, Scores
from sadvae.encoders.extract import extract
from sadvae.encoders.trained import TrainedEncoder
from sadvae.types import ClipSet, FloatArray, IntArray


def encoder_scores(encoder: TrainedEncoder, clips: ClipSet) -> Scores:
    """Top-1 of an encoder on labelled clips, among the classes that it was trained on."""
    features = extract(encoder, clips)
    assert features.seen_logits is not None
    return top_one(features.seen_logits, features.labels, encoder.trace.classes, clips.class_names)


def top_one(logits: FloatArray, labels: IntArray, trained: tuple[int, ...], names: tuple[str, ...]) -> Scores:
    """Scores of logits [n, class] against labels [n]; only the columns of trained classes are looked at."""
    ids = np.array(trained)
    predicted = ids[logits[:, ids].argmax(1)]
    confusion = np.zeros((len(ids), len(ids)), dtype=np.int64)
    np.add.at(confusion, (np.searchsorted(ids, labels), np.searchsorted(ids, predicted)), 1)
    classes = [
        ClassAccuracy(id=c, name=names[c], count=int(row.sum()), accuracy=float(row[i] / row.sum()))
        for i, (c, row) in enumerate(zip(trained, confusion, strict=True))
        if row.any()
    ]
    return Scores(
        accuracy=float(np.mean(predicted == labels)),
        class_mean=float(np.mean([c.accuracy for c in classes])),
        classes=classes,
        confusion_ids=list(trained),
        confusion=confusion.tolist(),
    )
