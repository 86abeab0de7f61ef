"""Features, seen-class logits and feature maps of clips from a trained encoder, in memory or streamed to files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from sadvae.encoders.inference import Inference, InferenceSettings, Outputs, Progress
from sadvae.encoders.kinematics import NUMBERS
from sadvae.encoders.posec3d import picture_strides
from sadvae.encoders.trained import TrainedEncoder
from sadvae.features.rows import RowFile, map_rows, row_file
from sadvae.types import ClipSet, FeatureSet, FloatArray


def extract(
    encoder: TrainedEncoder,
    clips: ClipSet,
    settings: InferenceSettings | None = None,
    progress: Progress | None = None,
) -> FeatureSet:
    """Pooled features [n, d] and logits [n, class] of whole clips, in memory. A clip without a label gets -1.

    Raises SadvaeError for clips of another layout, another preparation or another number of classes.
    """
    outputs = Inference(encoder, settings or InferenceSettings()).outputs(clips, progress=progress)
    found = [(batch.features, batch.logits) for batch in outputs]
    empty = np.zeros((0, feature_width(encoder)), np.float32), np.zeros((0, encoder.class_count), np.float32)
    features, logits = (np.concatenate(arrays) for arrays in zip(empty, *found, strict=True))
    return feature_set(encoder, clips, features, logits, encoder.digest())


def extract_to_files(
    folder: Path,
    stem: str,
    encoder: TrainedEncoder,
    clips: ClipSet,
    settings: InferenceSettings | None = None,
    *,
    maps: bool = False,
    progress: Progress | None = None,
) -> FeatureSet:
    """As extract, with arrays that are mapped from folder/STEM.features.npy and STEM.logits.npy.

    maps: write STEM.maps.npy too, as extract_maps does. Nothing but one batch, and the clips of the next, is in memory.
    """
    count, width = len(clips.clips), feature_width(encoder)
    shapes = {"features": (count, width), "logits": (count, encoder.class_count)}
    shapes |= {"maps": (count, *map_shape(encoder))} if maps else {}
    paths = {name: folder / f"{stem}.{name}.npy" for name in shapes}
    with ExitStack() as stack:
        files = {name: stack.enter_context(row_file(paths[name], shape)) for name, shape in shapes.items()}
        inference = Inference(encoder, settings or InferenceSettings())
        _stream(inference.outputs(clips, maps=maps, progress=progress), files)
    features, logits = (map_rows(paths[name], shapes[name]) for name in ("features", "logits"))
    return feature_set(encoder, clips, features, logits, encoder.digest())


def extract_maps(
    encoder: TrainedEncoder,
    clips: ClipSet,
    path: Path,
    settings: InferenceSettings | None = None,
    progress: Progress | None = None,
) -> FloatArray:
    """Write the feature map of every clip before pooling to an .npy file; returns it mapped.

    float32 [clip, d, frame', joint], mean over the bodies of a clip, in the order of the clips; frame' is the number of
    frames that the encoder's strides leave. PoseC3D has pixels in place of joints, row by row. The mean over frames and
    joints is the clip's feature, where the network gives the features.
    """
    shape = (len(clips.clips), *map_shape(encoder))
    with row_file(path, shape) as file:
        inference = Inference(encoder, settings or InferenceSettings())
        _stream(inference.outputs(clips, maps=True, progress=progress), {"maps": file})
    return map_rows(path, shape)


def _stream(outputs: Iterator[Outputs], files: dict[str, RowFile]) -> None:
    for batch in outputs:
        for name, file in files.items():
            file.write(getattr(batch, name))


def feature_width(encoder: TrainedEncoder) -> int:
    """The number of dimensions of an encoder's features."""
    return NUMBERS if encoder.settings.feature_kind == "kinematics" else encoder.settings.widths[-1]


def map_shape(encoder: TrainedEncoder) -> tuple[int, int, int]:
    """The sides of a feature map: dimensions, frames that the strides leave, and joints, or pixels of PoseC3D."""
    settings = encoder.settings
    places = len(encoder.layout.joints)
    if settings.heatmaps:
        places = _left(settings.heatmaps.pixels, picture_strides(settings.widths)) ** 2
    return settings.widths[-1], _left(settings.frames, settings.strides), places


def _left(count: int, strides: Sequence[int]) -> int:
    """How many frames, or rows of a picture, strides leave."""
    for stride in strides:
        count = -(-count // stride)
    return count


def feature_set(
    encoder: TrainedEncoder, clips: ClipSet, features: FloatArray, logits: FloatArray, digest: str = ""
) -> FeatureSet:
    """Features with the labels, names and subjects of their clips, and what their encoder was trained on.

    digest: of the encoder's weights, where it is to be kept.
    """
    subjects = [clip.subject for clip in clips.clips]
    return FeatureSet(
        features,
        np.array([-1 if clip.label is None else clip.label for clip in clips.clips], dtype=np.int64),
        tuple(clip.clip_id for clip in clips.clips),
        tuple(s for s in subjects if s is not None) if all(s is not None for s in subjects) else None,
        logits,
        encoder.trace,
        f"{encoder.trace.name} on {clips.dataset}",
        digest,
    )
