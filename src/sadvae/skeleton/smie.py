"""Split folders of SMIE: arrays of skeletons for seen training, seen test and unseen classes (B of docs/data.md).

The arrays are read as those of ST-GCN are (gcn_arrays.py); here is what makes them a split.
"""

from __future__ import annotations

from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.types import ClipSet

_PARTS = ("seen_train", "seen_test", "unseen")


def is_smie(folder: Path) -> bool:
    """Whether a folder holds the three arrays of a split."""
    return all((folder / f"{part}_data.npy").is_file() for part in _PARTS)


def smie_unseen(clips: ClipSet) -> tuple[int, ...]:
    """The unseen classes: those of the unseen part. Raises SadvaeError where another part holds one too."""
    held = {clip.label for clip in clips.clips if clip.clip_id.startswith("unseen-")}
    both = sorted(held & {clip.label for clip in clips.clips if not clip.clip_id.startswith("unseen-")}, key=str)
    if both:
        raise SadvaeError(f"class {both[0]} is both in the unseen and in a seen part of the SMIE split.")
    return tuple(sorted(label for label in held if label is not None))


def language_file(folder: Path) -> Path | None:
    """The class vectors beside data/zeroshot/DATASET/split_k: data/language/DATASET_embeddings.npy, if it is there."""
    own = folder.resolve()
    found = own.parents[2] / "language" / f"{own.parent.name}_embeddings.npy" if len(own.parents) > 2 else None
    return found if found is not None and found.is_file() else None
