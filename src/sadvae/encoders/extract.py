"""Features and seen-class logits of clips from a trained encoder: the same clip always gives the same numbers."""

from __future__ import annotations

import numpy as np
import torch

from sadvae.encoders.bodies import Bodies
from sadvae.encoders.streams import all_streams, parents
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.types import ClipSet, FeatureSet, FloatArray

BATCH = 128


def extract(encoder: TrainedEncoder, clips: ClipSet) -> FeatureSet:
    """Whole clips, resized without any change, to pooled features [n, d] and logits [n, class].

    A clip without a label gets -1. Raises SadvaeError for clips of another layout or another preparation.
    """
    _check(encoder, clips)
    batches = [clips.clips[i : i + BATCH] for i in range(0, len(clips.clips), BATCH)]
    outputs = [_run(encoder, Bodies.of(batch), len(batch)) for batch in batches]
    width = encoder.settings.widths[-1]
    empty = np.zeros((0, width), np.float32), np.zeros((0, encoder.class_count), np.float32)
    features, logits = (np.concatenate(arrays) for arrays in zip(empty, *outputs, strict=True))
    subjects = [clip.subject for clip in clips.clips]
    return FeatureSet(
        features,
        np.array([-1 if clip.label is None else clip.label for clip in clips.clips], dtype=np.int64),
        tuple(clip.clip_id for clip in clips.clips),
        tuple(s for s in subjects if s is not None) if all(s is not None for s in subjects) else None,
        logits,
        encoder.trace,
        f"{encoder.trace.name} on {clips.dataset}",
    )


def _run(encoder: TrainedEncoder, bodies: Bodies, count: int) -> tuple[FloatArray, FloatArray]:
    rows = torch.arange(len(bodies.lengths))
    whole = torch.zeros(len(rows)), torch.ones(len(rows))
    joints = bodies.resized(rows, encoder.settings.frames, *whole)
    with torch.inference_mode():
        streams = all_streams(joints, torch.tensor(parents(encoder.layout)))
        output = encoder.network(streams, bodies.clips, count)
    return output.features.numpy(), output.logits.numpy()


def _check(encoder: TrainedEncoder, clips: ClipSet) -> None:
    if clips.layout.joints != encoder.layout.joints:
        raise SadvaeError(
            f"{clips.dataset} has layout {clips.layout.name!r} ({len(clips.layout.joints)} joints); this encoder was "
            f"trained on {encoder.layout.name!r} ({len(encoder.layout.joints)} joints); train one for this layout."
        )
    if clips.steps != encoder.steps:
        raise SadvaeError(
            f"{clips.dataset} was prepared with steps {', '.join(clips.steps) or '(none)'}; this encoder knows "
            f"clips with steps {', '.join(encoder.steps) or '(none)'}; prepare the clips in the same way."
        )
