"""A trained encoder set up for use: batches of clips to features, logits and feature maps, in one precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, get_args

import numpy as np
import torch

from sadvae.encoders.architectures import Network
from sadvae.encoders.bodies import Bodies
from sadvae.encoders.folding import folded
from sadvae.encoders.heatmaps import channels
from sadvae.encoders.network import SkeletonNetwork, mean_of_bodies
from sadvae.encoders.posec3d import EXPANSION, PoseC3D
from sadvae.encoders.precision import matrix_products
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.streams import all_streams, parents
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.types import ClipSet, FloatArray, Layout, SkeletonClip

Precision = Literal["float32", "bfloat16"]
Progress = Callable[[int, int], None]
# Numbers in the largest array of a batch: more of them leave the cache of a processor, fewer leave it waiting.
ROOM = 2**22
# A GPU waits for less.
GPU_ROOM = 2**27


@dataclass(frozen=True)
class InferenceSettings:
    """How an encoder runs; what it computes stays the same within the precision.

    precision: "float32", or "bfloat16", which keeps three digits and is faster where the processor multiplies it.
    device: "cpu", "cuda" or another name of torch.
    """

    precision: Precision = "float32"
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.precision not in get_args(Precision):
            raise SadvaeError(f"unknown precision {self.precision!r}; expected {' or '.join(get_args(Precision))}.")
        check_device(self.device)


def check_device(name: str) -> None:
    """Raise SadvaeError for a device that torch does not know or does not find."""
    try:
        kind = torch.device(name).type
    except RuntimeError as error:
        raise SadvaeError(f"device {name!r} is not one that torch knows; use cpu or cuda.") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise SadvaeError(f"device {name!r} is not there: torch finds no GPU; use cpu.")
    try:
        torch.ones(1, device=name).cpu()
    except (RuntimeError, AssertionError) as error:
        raise SadvaeError(f"device {name!r} is not there: torch cannot put a number on it; use cpu or cuda.") from error


@dataclass(frozen=True, eq=False)
class Outputs:
    """Of a batch of clips: features float32 [clip, d], logits [clip, class], maps [clip, d, frame, joint] if asked."""

    features: FloatArray
    logits: FloatArray
    maps: FloatArray | None


class Inference:
    """An encoder with its normalisations folded, on a device; the same clip always gives the same numbers."""

    def __init__(self, encoder: TrainedEncoder, settings: InferenceSettings) -> None:
        self.encoder, self.settings, self.device = encoder, settings, torch.device(settings.device)
        number = torch.float32 if settings.precision == "float32" else torch.bfloat16
        self.network = in_precision(folded(encoder.network), number).to(self.device)
        self.parent = torch.tensor(parents(encoder.layout), device=self.device)

    def outputs(self, clips: ClipSet, *, maps: bool = False, progress: Progress | None = None) -> Iterator[Outputs]:
        """The outputs of all clips, batch by batch; clips of a store are read a batch ahead.

        progress: called with clips done and clips in all. Raises SadvaeError for clips that the encoder does not fit.
        """
        check_fit(self.encoder, clips)
        if maps and self.encoder.settings.architecture == "kinematics":
            raise SadvaeError("an encoder of kinematics has no feature maps; leave them out, or pretrain a network.")
        size = clips_at_once(self.encoder.settings, len(self.encoder.layout.joints), self.device.type)
        done = 0
        for batch, bodies in put_together(clips.clips, size):
            found = self.run(bodies, len(batch), maps=maps)
            broken = ~np.isfinite(found.features).all(axis=1) | ~np.isfinite(found.logits).all(axis=1)
            if broken.any():
                name = batch[int(broken.argmax())].clip_id
                raise SadvaeError(f"the features of clip {name!r} are not finite; check the clip and the encoder.")
            yield found
            done += len(batch)
            if progress:
                progress(done, len(clips.clips))

    def run(self, bodies: Bodies, count: int, *, maps: bool = False) -> Outputs:
        """The outputs of `count` clips: whole, resized without any change."""
        bodies = bodies.to(self.device)
        rows = torch.arange(len(bodies.lengths), device=self.device)
        with torch.inference_mode(), matrix_products(self.settings.precision, self.device):
            joints = bodies.whole(rows, self.encoder.settings.frames)
            found = self.network(all_streams(joints, self.parent), bodies.clips, count)
            means = mean_of_bodies(found.feature_map.float().flatten(1), bodies.clips, count) if maps else None
        # [clip, frame, joint, d] to [clip, d, frame, joint].
        whole = means.view(count, *found.feature_map.shape[1:]).permute(0, 3, 1, 2) if means is not None else None
        return Outputs(
            found.features.cpu().numpy(), found.logits.cpu().numpy(), whole.cpu().numpy() if whole is not None else None
        )


def put_together(clips: Sequence[SkeletonClip], size: int) -> Iterator[tuple[Sequence[SkeletonClip], Bodies]]:
    """Batches of `size` clips and their bodies; a thread reads the next batch while one is in use."""
    batches = [clips[start : start + size] for start in range(0, len(clips), size)]
    coming: Future[Bodies] | None = None
    # A single batch starts no thread, which would take as long as a small network.
    with ThreadPoolExecutor(1) as thread:
        for batch, following in zip_longest(batches, batches[1:]):
            bodies = coming.result() if coming else Bodies.of(batch)
            coming = thread.submit(Bodies.of, following) if following else None
            yield batch, bodies


def clips_at_once(settings: EncoderSettings, joints: int, device: str = "cpu") -> int:
    """How many clips make a batch that runs fast: by the size of the largest array of a clip with one body."""
    # The streams themselves have 12 channels.
    largest = settings.frames * joints * (12 if settings.architecture == "kinematics" else settings.widths[0])
    if settings.heatmaps:
        drawn = channels(settings.streams, joints, settings.heatmaps)
        largest = settings.frames * settings.heatmaps.pixels**2 * max(drawn, settings.widths[0] // EXPANSION)
    if settings.architecture == "ctr_gcn":
        # Every channel of three subsets has edges of its own.
        largest = max(largest, 3 * settings.widths[-1] * joints**2)
    return max(1, (ROOM if device == "cpu" else GPU_ROOM) // largest)


def in_precision(network: Network, precision: torch.dtype) -> Network:
    """Have the blocks of a network compute in a precision, in place; means, classifiers, numbers of movement stay."""
    for part in network.modules():
        if isinstance(part, SkeletonNetwork | PoseC3D):
            for child in part.children():
                if child is not part.classifier:
                    child.to(precision)
    return network


def check_fit(encoder: TrainedEncoder, clips: ClipSet) -> None:
    """Raise SadvaeError for clips of another layout, another preparation or another list of classes."""
    if clips.layout.joints != encoder.layout.joints:
        raise SadvaeError(
            f"{clips.dataset} has layout {clips.layout.name!r} ({len(clips.layout.joints)} joints); this encoder was "
            f"trained on {encoder.layout.name!r} ({len(encoder.layout.joints)} joints); train one for this layout."
        )
    if _body(clips.layout) != _body(encoder.layout):
        raise SadvaeError(
            f"{clips.dataset} has other bones, hips, spine or shoulders in layout {clips.layout.name!r} than this "
            f"encoder was trained with ({encoder.layout.name!r}); prepare the clips with that, or train one for this."
        )
    if clips.steps != encoder.steps:
        raise SadvaeError(
            f"{clips.dataset} was prepared with steps {', '.join(clips.steps) or '(none)'}; this encoder knows "
            f"clips with steps {', '.join(encoder.steps) or '(none)'}; prepare the clips in the same way."
        )
    # Clips that a recogniser is asked about carry no classes.
    if clips.class_names and len(clips.class_names) != encoder.class_count:
        raise SadvaeError(
            f"{clips.dataset} has {len(clips.class_names)} classes; this encoder was trained with "
            f"{encoder.class_count}, so its logits would not fit; train one on these clips."
        )


def _body(layout: Layout) -> tuple[object, ...]:
    """What of a layout moves numbers, beside its joints."""
    return {frozenset(bone) for bone in layout.bones}, layout.hips, layout.spine, layout.shoulders
